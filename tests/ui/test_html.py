"""Templates escape, and know what they need."""

from pathlib import Path

import jinja2
import pytest

from peft_demo.ui import html


def test_texts_are_escaped():
    assert html.problem("<b>'x'</b>") == (
        "<p class='pd-problem' role='alert'>&lt;b&gt;&#39;x&#39;&lt;/b&gt;</p>"
    )
    assert "<i>" not in html.refused(["<i>"])


def test_a_fact_that_is_missing_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="sentence"):
        html.render("problem")


def test_only_drawings_and_formula_are_markup():
    templates = Path(html.__file__).parent / "templates"
    marked = {
        line.split("{{")[1].split("|")[0].strip()
        for path in templates.rglob("*.html")
        for line in path.read_text().splitlines()
        if "| safe" in line
    }
    assert marked == {"drawing", "formula", "scaled"}
