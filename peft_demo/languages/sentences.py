"""Sentences that were written in English, read again and told in the current language.

Errors and notes come up where nobody knows who will read them: in the background, in another
process, in what is stored. Logs, the API and the command line have them in English; the page tells
each with the catalogue's text of the same form, and so what stands in its places.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from peft_demo.languages import catalogue
from peft_demo.languages.current import language
from peft_demo.languages.numbers import in_signs

FLAG = "sentence"
"""Marks such texts in a catalogue."""

_PLACE = re.compile(r"%\((\w+)\)s")

_NUMBER = re.compile(r"([-−+]?\d{1,3}(?:,?\d{3})*(?:\.\d+)?(?:e-?\d+)?)((?: .+)?)", re.DOTALL)

_APART = re.compile(r"(?<=[.:!]) (?=\S)")

_Form = tuple[re.Pattern[str], str]


def told(text: str) -> str:
    """A sentence, some in a row, or a part of one; unchanged where no text has its form."""
    code = language()
    return text if code == catalogue.SOURCE else _told(code, text)


@lru_cache(1024)
def _told(code: str, text: str) -> str:
    if not text or text[0] in "\"'`":
        return text
    exact = catalogue.translations(code).gettext(text)
    if exact != text:
        return exact
    sentences = _APART.split(text)
    retold = [_told(code, sentence) for sentence in sentences] if len(sentences) > 1 else sentences
    if all(new != old for new, old in zip(retold, sentences, strict=True)):
        return " ".join(retold)
    # A refusal may begin with its field's name.
    subject, space, rest = text.partition(" ")
    subject = f"{subject}{space}" if re.fullmatch(r"[a-z_]+", subject) else ""
    for form, translation in _forms(code):
        if found := form.fullmatch(text):
            return translation % _values(code, found)
        if subject and (found := form.fullmatch(rest)):
            return subject + translation % _values(code, found)
    if counted := _NUMBER.fullmatch(text):
        number, noun = counted.groups()
        return in_signs(number) + (noun and f" {_told(code, noun[1:])}")
    return text


def _values(code: str, found: re.Match[str]) -> dict[str, str]:
    """What stands in a text's places; what things are called is the same in every language."""
    return {
        place: part if place.startswith("name") else _told(code, part)
        for place, part in found.groupdict().items()
    }


@cache
def _forms(code: str) -> list[_Form]:
    """The most particular first."""
    texts = [
        (str(message.id), str(message.string))
        for message in catalogue.read(code)
        if FLAG in message.flags and message.string
    ]
    texts.sort(key=lambda pair: -len(_PLACE.sub("", pair[0])))
    return [_form(*pair) for pair in texts]


def _goes_on(text: str) -> bool:
    """Whether it goes on with a sentence, such as ", and 3 more": then that has a place before."""
    return not text[0].isalnum() and text[0] != "%"


def _form(text: str, translation: str) -> _Form:
    """What matches a text with any values; of places side by side the first has them all."""
    if _goes_on(text):
        text, translation = f"%(before)s{text}", f"%(before)s{translation}"
    pattern, end = "", 0
    for place in _PLACE.finditer(text):
        between = text[end : place.start()]
        pattern += re.escape(between.replace("%%", "%"))
        pattern += f"(?P<{place[1]}>{'.+?' if between or not end else ''})"
        end = place.end()
    return re.compile(pattern + re.escape(text[end:].replace("%%", "%")), re.DOTALL), translation
