"""Map: marks by shape and colour that open their texts, and a table of the same."""

import re

import pytest

from peft_demo.errors import ConflictError
from peft_demo.runs.map import FeatureMap, Place
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.pages.map_part import MapPart, places

LORA = "reference-recommended-lora"

PLACES = (
    Place(index=0, label="negative", said="negative", before=(0.0, 1.0), after=(-4.0, 0.0)),
    Place(index=1, label="positive", said="negative", before=(0.0, -1.0), after=(4.0, 0.0)),
)
FOUND = FeatureMap(run_id=LORA, explained=(0.5, 0.25), texts=PLACES)


@pytest.fixture
def part(services):
    class Stub:
        def of(self, run_id):
            if run_id != LORA:
                raise ConflictError("<gone>")
            return FOUND

    services.__dict__["maps"] = Stub()
    return MapPart(services)


def test_both_axes_and_both_times_have_one_scale():
    assert places(FOUND) == [((50, 37.5), (0, 50)), ((50, 62.5), (100, 50))]


def test_marks_open_their_texts_and_a_table_has_the_same(part):
    html = part.mapped((LORA, "other"))
    assert "&lt;gone&gt;" in html
    dots = re.findall(r'<button[^>]* class="(pd-dot[^"]*)" data-colour="(\d)"[^>]*>(.)</but', html)
    assert dots == [
        ("pd-dot", "0", "●"),
        ("pd-dot", "0", "●"),
        ("pd-dot", "1", "▲"),
        ("pd-dot pd-ringed", "1", "▲"),
    ]
    assert html.count('data-tell="opened"') == 6  # four marks, two rows
    assert html.count("&#34;index&#34;: 1") == 3
    assert "<td>positive</td><td>negative ✗</td><td>0.0; -1.0</td><td>4.0; 0.0</td>" in html
    assert "50.0\u00a0% and 25.0\u00a0% of the variance" in html


def test_texts_that_may_not_be_seen_are_not_shown(part, monkeypatch):
    shown = part.mapped((LORA,))
    monkeypatch.setattr(OwnData, "may_read", lambda *_: False)
    hidden = part.mapped((LORA,))
    title = re.search(r'<span title="([^"]{30})', shown)[1]
    assert title not in hidden
    assert "data-tell" not in hidden
    assert '<th scope="row">1</th><td>negative</td>' in hidden
