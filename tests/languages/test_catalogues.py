"""Catalogues: complete, with the places of the English texts, and nothing that no text needs."""

import ast
import re
import threading

import pytest
from generated import texts

from peft_demo.languages import NAMES, SOURCE, gettext, in_signs, language, ngettext, speaking

OTHERS = [code for code in NAMES if code != SOURCE]

NUMBER = re.compile(r"(?<![\w.-])(?:\d+(?:,\d{3})+|\d+\.\d+)\b(?![.\d])")
"""With a sign of English; addresses have more points."""

PLACES = re.compile(r"%\(\w+\)s")


@pytest.fixture(scope="module")
def wanted():
    return {message.id for message in texts.template() if message.id}


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(code, wanted):
    """If it fails: ``python scripts/update_languages.py``, then translate what it adds."""
    translated = {
        message.id
        for message in texts.read(code)
        if message.id and all([message.string] if message.string == "" else message.string)
    }
    assert translated == wanted


def test_no_marked_text_is_overlooked(wanted):
    """Within an f-string Python 3.11 shows none to who collects them."""
    known = {one for each in wanted for one in ([each] if isinstance(each, str) else each)}
    marked = {
        node.args[0].value
        for path in texts.PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args
        if node.func.id in ("_", "gettext", "ngettext") and isinstance(node.args[0], ast.Constant)
    }
    assert len(marked) > 200
    assert marked <= known


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_places_of_its_text(code):
    for message in texts.read(code):
        if not message.id:
            continue
        source = [message.id] if isinstance(message.id, str) else message.id
        shown = [message.string] if isinstance(message.string, str) else message.string
        for number, one in enumerate(shown):
            wanted = source[min(number, len(source) - 1)]
            assert set(PLACES.findall(one)) == set(PLACES.findall(wanted)), message.id
            # Where there are places, a sign of per cent is written twice.
            signs = PLACES.sub("", one).replace("%%", "")
            assert not PLACES.search(one) or "%" not in signs, message.id


@pytest.mark.parametrize("code", OTHERS)
def test_numbers_have_the_signs_of_the_language(code):
    for message in texts.read(code):
        numbers = NUMBER.findall(str(message.id))
        with speaking(code):
            alien = [each for each in numbers if in_signs(each) != each]
        assert not [each for each in alien if each in str(message.string)], message.id


def test_languages_are_called_by_their_own_names():
    assert NAMES["en"] == "English"
    assert NAMES["de"] == "Deutsch"


def test_a_language_is_spoken_until_it_is_not():
    assert (language(), gettext("Runs"), gettext("")) == ("en", "Runs", "")
    with speaking("de"):
        assert gettext("Runs") == "Läufe"
        assert [ngettext("%(count)s run", "%(count)s runs", n) % {"count": n} for n in (1, 2)] == [
            "1 Lauf",
            "2 Läufe",
        ]
        assert gettext("none has translated this") == "none has translated this"
        other = []
        thread = threading.Thread(target=lambda: other.append(gettext("Runs")))
        thread.start()
        thread.join()
    assert other == ["Runs"], "what works in the background speaks English"
    assert gettext("Runs") == "Runs"
