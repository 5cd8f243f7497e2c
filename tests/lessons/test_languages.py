"""Lessons, tour and glossary in other languages: other texts, and nothing else."""

import pytest

from peft_demo.errors import InvalidFieldsError
from peft_demo.languages import NAMES, SOURCE, speaking
from peft_demo.lessons import LESSONS, lesson
from peft_demo.lessons.glossary import glossary, mark
from peft_demo.lessons.languages import TEXTS, content
from peft_demo.lessons.tour import tour

OTHERS = [code for code in NAMES if code != SOURCE]

TEXT_KEYS = {"title", "goal", "teacher", "text", "question", "because"}


def untold(part):
    """All of a part but its texts."""
    if isinstance(part, dict):
        return {
            key: untold(value)
            for key, value in part.items()
            if key not in TEXT_KEYS or not isinstance(value, str)
        }
    return [untold(each) for each in part] if isinstance(part, list | tuple) else part


def texts(part):
    if isinstance(part, dict):
        return [text for key, value in part.items() for text in texts(value) if key != "at"]
    if isinstance(part, list | tuple):
        return [text for each in part for text in texts(each)]
    return [part] if isinstance(part, str) else []


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("name", [*LESSONS, "tour"])
def test_a_translation_has_every_text_and_the_same_steps_plans_and_answers(code, name):
    source = content(TEXTS / f"{name}.yaml")
    translated = content(TEXTS / f"{name}.yaml", code)
    assert untold(translated) == untold(source)
    # Numbers and names are the same in every language; sentences are not.
    told, same = texts(source), set(texts(translated))
    left = [text for text in told if text in same and len(text.split()) > 5]
    assert left == []


@pytest.mark.parametrize("code", OTHERS)
def test_the_page_shows_it(code):
    with speaking(code):
        shown = lesson("rank")
        assert (shown.title != LESSONS["rank"].title, shown.runs) == (True, LESSONS["rank"].runs)
        assert tour()[0].at == content(TEXTS / "tour.yaml")[0]["at"]
        assert glossary() != content(TEXTS / "glossary.yaml")
        assert len(glossary()) == len(content(TEXTS / "glossary.yaml"))
    assert lesson("rank") is LESSONS["rank"]


def test_german_words_are_linked_as_they_stand():
    with speaking("de"):
        html = mark("<p>Der Rang der Adapter, ihre Ränge.</p>", lambda term, said: f"[{said}]")
    together = '<span class="pd-together">[Adapter],</span>'
    assert html == f"<p>Der [Rang] der {together} ihre Ränge.</p>"


@pytest.mark.parametrize(
    ("translated", "told"),
    [
        ("steps: [{text: b}, {text: c}]", ", steps must have 1 parts, got 2"),
        ("steps: [{texts: b}]", ", steps, 1 has texts, which the English file lacks"),
        ("minutes: zwei", ", minutes must be a text where the English file has one"),
        ("title: Titel", ""),
    ],
)
def test_what_does_not_fit_is_told_by_file_and_place(translated, told, tmp_path):
    for code, said in (("en", "title: Title\nminutes: 2\nsteps: [{text: a}]"), ("de", translated)):
        (tmp_path / code).mkdir()
        (tmp_path / code / "one.yaml").write_text(said)
    if not told:
        found = content(tmp_path / "en" / "one.yaml", "de")
        assert found == {"title": "Titel", "minutes": 2, "steps": [{"text": "a"}]}
        assert content(tmp_path / "en" / "one.yaml", "es")["title"] == "Title"
        return
    with pytest.raises(InvalidFieldsError, match=f"de/one.yaml{told}"):
        content(tmp_path / "en" / "one.yaml", "de")


def test_a_language_without_a_glossary_has_the_english_one():
    english = glossary()
    with speaking("xx"):
        assert glossary() == english
