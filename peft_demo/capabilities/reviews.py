"""Capabilities of changed reviews: what must not change an opinion, and what must not turn it away.

The reviews are first sentences of the built-in reviews' test pool, from which no run learns.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import NamedTuple

from peft_demo import data
from peft_demo.capabilities.capability import NEGATIVE, POSITIVE, Capability, Kind

NUM_TEXTS = 50
"""Of each capability."""

WORDS = (6, 25)
"""Of a first sentence that is taken: who reads 50 tokens reads almost all of them."""

_MEN = (
    *("James", "John", "Robert", "Michael", "William", "David", "Richard", "Peter", "Thomas"),
    *("George", "Paul", "Steve", "Kevin", "Tom", "Jack", "Brian", "Harry", "Martin", "Charles"),
)

_WOMEN = (
    *("Mary", "Elizabeth", "Barbara", "Susan", "Jessica", "Sarah", "Karen", "Nancy", "Anna"),
    *("Jane", "Emma", "Julia", "Laura", "Alice", "Kate", "Helen", "Diane", "Jennifer", "Julie"),
)

_PLACES = (
    *("America", "England", "France", "Germany", "Italy", "Japan", "India", "Spain", "Canada"),
    *("Australia", "Russia", "Mexico", "Ireland", "Texas", "California", "New York", "London"),
    *("Paris", "Berlin", "Rome", "Tokyo", "Chicago", "Los Angeles", "Las Vegas", "Boston"),
    *("San Francisco", "Moscow", "Europe", "Africa", "Brazil", "Korea", "Scotland", "Florida"),
)

_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "twelve", "twenty")

_SCORES = re.compile(r"stars?\b|/|\bout of\b|%|\$|rat(ing|e)|#|\bscore|\btop\b|\bof ten\b", re.I)
"""What makes a number one that says how good something is."""

_PRAISE = ("I loved it. ", "What a wonderful film! ", "Highly recommended. ", "It is a joy. ")

_BLAME = ("I hated it. ", "What a dreadful film! ", "Avoid it. ", "It is a waste of time. ")


class First(NamedTuple):
    """The first sentence of a review, and the label of all of it."""

    text: str
    label: int


@cache
def firsts() -> tuple[First, ...]:
    """The first sentences that are neither short nor long, in the order of the test pool.

    Raises:
        AssetError: the built-in reviews are missing or damaged.
    """
    pool = data.load(data.IMDB).test
    found = {
        first_sentence(text): label for text, label in zip(pool.texts, pool.labels, strict=True)
    }
    least, most = WORDS
    return tuple(
        First(text, label) for text, label in found.items() if least <= len(text.split()) <= most
    )


def first_sentence(text: str) -> str:
    """As far as the first full stop, question or exclamation mark before a space."""
    return re.split(r"(?<=[.!?])\s+", text, maxsplit=1)[0]


Change = Callable[[str, random.Random], str]
"""Changes a text, or leaves it as it is where there is nothing to change."""


def _swapped(*kinds: tuple[str, ...]) -> Change:
    """Other words of the same kind, another for each."""

    def change(text: str, draw: random.Random) -> str:
        for words in kinds:
            known = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b")
            here = dict.fromkeys(known.findall(text))
            others = draw.sample([word for word in words if word not in here], len(here))
            instead = dict(zip(here, others, strict=True))
            parts: list[str] = known.split(text)
            text = "".join(instead.get(part, part) for part in parts)
        return text

    return change


def _other_number(text: str, draw: random.Random) -> str:
    if _SCORES.search(text):
        return text

    def other(match: re.Match[str]) -> str:
        said = match[0]
        if not said.isdigit():
            return draw.choice([word for word in _NUMBERS if word != said])
        # A year stays one of the cinema's.
        is_year = len(said) == 4
        return str(draw.choice([n for n in _near(int(said), is_year) if str(n) != said]))

    return re.sub(rf"\b(?:{'|'.join(_NUMBERS)}|\d{{2,4}})\b(?![-'.,]?\d|'?s\b)", other, text)


def _near(number: int, is_year: bool) -> range:
    return range(number - 9, number + 10) if is_year else range(max(2, number // 2), 2 * number + 3)


def _typo(text: str, draw: random.Random) -> str:
    """Two neighbouring letters change places, in one of the longer words."""
    words = list(re.finditer(r"[a-z]{6,}", text))
    places = [
        place
        for word in words
        for place in range(word.start() + 1, word.end() - 2)
        if text[place] != text[place + 1]
    ]
    if not places:
        return text
    at = draw.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _upper(text: str, draw: random.Random) -> str:
    return text.upper() if draw.random() < 0.5 else text.lower()


def _other_punctuation(text: str, draw: random.Random) -> str:
    without = re.sub(r"(?<=\w)[,;:](?=\s)", "", text)
    if without.endswith("?"):
        return without
    return without.rstrip(".!") + draw.choice(["", ".", "!", " ."])


def _with_breaks(text: str, draw: random.Random) -> str:
    """As on a web page: what is typed here loses them, but what other programs send does not."""
    words = text.split(" ")
    at = draw.randrange(1, len(words))
    return " ".join(words[:at]) + "<br /><br />" + " ".join(words[at:])


_INVARIANCES: tuple[tuple[str, str, str, Change], ...] = (
    ("names", "Names", "Other first names of people.", _swapped(_MEN, _WOMEN)),
    ("places", "Places", "Other cities and countries.", _swapped(_PLACES)),
    ("numbers", "Numbers", "Other years, lengths and counts, but no scores.", _other_number),
    ("typos", "Typos", "Two letters of a word have changed places.", _typo),
    ("case", "Case", "All in capitals, or none.", _upper),
    ("punctuation", "Punctuation", "No commas, another end.", _other_punctuation),
    ("breaks", "Line breaks", "<br /> in the middle, as on a web page.", _with_breaks),
)

_DIRECTIONS = (
    ("praise", "Added praise", "A sentence of praise stands before it.", _PRAISE, POSITIVE),
    ("blame", "Added blame", "A sentence of blame stands before it.", _BLAME, NEGATIVE),
)


@cache
def changed_reviews() -> tuple[Capability, ...]:
    """Invariances, then directions; raises as ``firsts``."""
    return (
        *(_invariance(*row) for row in _INVARIANCES),
        *(_direction(*row) for row in _DIRECTIONS),
    )


def _invariance(row: str, label: str, about: str, change: Change) -> Capability:
    draw = random.Random(row)
    changed = ((first, change(first.text, draw)) for first in firsts())
    taken = list(
        islice(((first, text) for first, text in changed if text != first.text), NUM_TEXTS)
    )
    return Capability(
        row,
        label,
        about,
        Kind.INVARIANCE,
        texts=tuple(text for _, text in taken),
        labels=tuple(first.label for first, _ in taken),
        originals=tuple(first.text for first, _ in taken),
    )


def _direction(
    row: str, label: str, about: str, added: tuple[str, ...], towards: int
) -> Capability:
    taken = firsts()[:NUM_TEXTS]
    return Capability(
        row,
        label,
        about,
        Kind.DIRECTION,
        texts=tuple(added[n % len(added)] + first.text for n, first in enumerate(taken)),
        labels=(towards,) * len(taken),
        originals=tuple(first.text for first in taken),
    )
