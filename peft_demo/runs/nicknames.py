"""What people may call themselves: names that nobody takes for another's."""

from __future__ import annotations

import unicodedata

import regex

from peft_demo.errors import refuse
from peft_demo.fields import Text, shown

NICKNAME = Text("nickname", "Nickname", "What others see beside your runs.", "", 1, 30)

_TAKEN = {"teacher", "reference", "references", "admin", "administrator", "api", "you", "nobody"}
"""Words that the program says of somebody else."""

_GUEST = regex.compile(r"guest\b.*")

_ALPHABETS = (r"\p{Latin}", r"\p{Cyrillic}", r"\p{Greek}", r"\p{Armenian}", r"\p{Cherokee}")
"""Whose letters look alike."""


def check_nickname(value: object, others: set[str]) -> str:
    """A nickname as it is kept.

    Args:
        value: what was entered.
        others: ``key`` of what others are called.

    Raises:
        InvalidFieldsError: it is too long, hides characters, mixes alphabets or means another.
    """
    name = unicodedata.normalize("NFKC", str(NICKNAME.check(value)))
    if regex.search(r"[\p{C}\p{Zl}\p{Zp}]|\p{Mn}{3}", name) or not key(name):
        refuse("nickname", f"nickname must be of characters that are seen, got {shown(name)}.")
    if sum(bool(regex.search(alphabet, name)) for alphabet in _ALPHABETS) > 1:
        refuse("nickname", f"nickname must be in letters of one alphabet, got {shown(name)}.")
    if key(name) in _TAKEN | others or _GUEST.fullmatch(key(name)) or name[0] == "@":
        refuse("nickname", f"nickname must be one that nobody has, got {shown(name)}.")
    return name


def in_order(name: str) -> list[tuple[int, str]]:
    """What names are sorted by: Student 2 comes before Student 10, and Ç with C."""
    parts = regex.split(r"(\d{1,9})", key(name))
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def key(name: str) -> str:
    """What two names that look alike have in common: their letters and digits, without accents."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(" " if c.isspace() else c for c in plain if c.isalnum() or c.isspace()).strip()
