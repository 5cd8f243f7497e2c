"""Numbers as people read them: one way, in Python as in the browser."""

import json
from pathlib import Path

import pytest

from peft_demo import formats
from peft_demo.ui.formats import duration, glued

CASES = json.loads((Path(__file__).parent / "ui/javascript/formats.json").read_text("utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_written_as_the_table_says(name):
    """The same table as in ui/javascript/format.test.js."""
    write = getattr(formats, name)
    assert [write(value) for value, _ in CASES[name]] == [text for _, text in CASES[name]]


@pytest.mark.parametrize(
    ("share", "text"), [(0.0147, "1.47 %"), (8e-6, "0.0008 %"), (0, "0.00 %"), (1, "100.00 %")]
)
def test_small_shares_have_more_digits(share, text):
    assert formats.part(share) == text


def test_an_expected_time_says_of_what():
    assert duration((33.2, 33.4)) == "33 s of training"
    assert duration((70, 220)) == "70 s to 4 min of training"
    assert duration(None) == "time unknown yet"


def test_a_number_and_its_unit_stay_on_one_line():
    assert glued("81.2 % in 44 s, 1.9 MB") == "81.2\u00a0% in 44\u00a0s, 1.9\u00a0MB"
    assert glued("p = 0.2 of 3 samples") == "p\u00a0=\u00a00.2 of 3 samples"


def test_nobody_else_writes_shares_losses_or_rates():
    """Plotly has a way of its own for axes."""
    places = Path(formats.__file__).parent
    found = [
        f"{path.relative_to(places)}: {line.strip()}"
        for pattern in ("*.py", "*.html", "*.txt", "*.js")
        for path in places.rglob(pattern)
        if path.name not in ("formats.py", "format.js") and path.parent.name != "charts"
        for line in path.read_text("utf-8").splitlines()
        if any(mark in line for mark in ('"%g"', ".toFixed("))
        or (path.suffix != ".js" and ".1%" in line)
    ]
    assert found == []
