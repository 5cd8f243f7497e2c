"""The language of whoever is answered: a request's, else English, as on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from peft_demo.languages import catalogue

_current: ContextVar[str] = ContextVar("language", default=catalogue.SOURCE)


def language() -> str:
    """Its code, such as ``de``."""
    return _current.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """What is written meanwhile in this task, and threads that it waits for is in a language."""
    before = _current.set(code)
    try:
        yield
    finally:
        _current.reset(before)


def gettext(text: str) -> str:
    """A text in the current language; it may have places such as ``%(name)s``."""
    # An empty text's translation would be the catalogue's head.
    return catalogue.translations(_current.get()).gettext(text) if text else text


_ = gettext


def ngettext(one: str, many: str, count: int) -> str:
    """The same where a number decides: ``one`` is for 1."""
    return catalogue.translations(_current.get()).ngettext(one, many, count)


def gettext_noop(text: str) -> str:
    """The text itself: marks what is translated where it is shown."""
    return text
