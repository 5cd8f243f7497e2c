"""The glossary: every term that the page uses, in one file a language, and where texts use it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Annotated

import pydantic

from peft_demo.languages import language
from peft_demo.lessons.languages import FOLDER, TEXTS, content
from peft_demo.lessons.schema import Line, Part


class Term(Part):
    """A word of the field."""

    term: Line
    also: tuple[str, ...] = ()
    """Other ways to write it."""
    text: Annotated[str, pydantic.Field(min_length=1, max_length=400)]
    source: str = ""
    """Where to read more: a paper, or a library's documentation."""

    @property
    def id(self) -> str:
        """Such as ``confidence-interval``."""
        return re.sub(r"\W+", "-", self.term.lower()).strip("-")


def glossary() -> tuple[Term, ...]:
    """Every term of the current language, in the order of the alphabet."""
    return _glossary(language())


@cache
def _glossary(code: str) -> tuple[Term, ...]:
    # A language has words of its own, not those of English one by one.
    path = FOLDER / code / "glossary.yaml"
    found = content(path if path.exists() else TEXTS / "glossary.yaml")
    terms = pydantic.TypeAdapter(tuple[Term, ...]).validate_python(found)
    return tuple(sorted(terms, key=lambda term: term.term.lower()))


_UNTOUCHED = (
    *("a", "blockquote", "button", "code", "dl", "figure", "h1", "h2", "h3", "label", "legend"),
    *("math", "nav", "pre", "script", "select", "style", "summary", "svg", "template"),
)
"""Elements whose texts hold no links."""

_MARKUP = re.compile(r"(<[^>]*>)")


def mark(
    html: str,
    link: Callable[[Term, str], str],
    terms: Sequence[Term] | None = None,
    used: set[str] | None = None,
) -> str:
    """HTML with each term linked where it first stands.

    Args:
        html: well formed; what stands in links, code and formulas stays.
        link: makes the HTML of a term as it is written there.
        terms: those of the glossary, if not others.
        used: ids of terms that are linked before; those that are linked here are added.
    """
    waiting = _by_spelling(glossary() if terms is None else terms)
    if not waiting:
        return html
    words = sorted(waiting, key=len, reverse=True)
    word = "|".join(map(re.escape, words))
    term = rf"(?<![\w-])(?P<written>(?P<word>{word})s?)(?![\w-]|\.\w)"
    pattern = re.compile(rf"(?P<before>[(„“]*){term}(?P<after>[),.;:!?“”]*)", re.I)
    used = set() if used is None else used
    ended = -1

    def linked(match: re.Match[str]) -> str:
        nonlocal ended
        term = waiting[match["word"].lower()]
        # Two side by side would be too near each other where a line ends between them.
        is_beside = ended >= 0 and not match.string[ended : match.start()].strip()
        if term.id in used or is_beside:
            return match[0]
        used.add(term.id)
        ended = match.end()
        button = link(term, match["written"])
        if match["written"] == match[0]:
            return button
        # A line may end before and after any button, but not between a word and its brackets.
        return f'<span class="pd-together">{match["before"]}{button}{match["after"]}</span>'

    depth, parts = 0, []
    for part in _MARKUP.split(html):
        if name := re.match(r"<(/?)(\w+)", part):
            if name[2] in _UNTOUCHED:
                depth += -1 if name[1] else 1
            parts.append(part)
        else:
            ended = -1
            parts.append(part if depth else pattern.sub(linked, part))
    return "".join(parts)


def _by_spelling(terms: Iterable[Term]) -> dict[str, Term]:
    return {word.lower(): term for term in terms for word in (term.term, *term.also)}
