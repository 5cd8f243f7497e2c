"""Strength: the dial asks the chosen adapters, and curves come with their progress."""

import re

import pytest

from peft_demo.runs.strength import StrengthCurve
from peft_demo.ui.answers import BEFORE_TRAINING
from peft_demo.ui.pages.strength_part import StrengthPart

LORA, HEAD = "reference-recommended-lora", "reference-recommended-head-only"

TEXT = "An awful film, and far too long."


@pytest.mark.slow
def test_the_dial_turns_what_can_be_scaled_and_says_what_cannot(services):
    part = StrengthPart(services)
    html = part.at_strength(TEXT, [BEFORE_TRAINING, LORA, HEAD], 1)
    assert "Head only changes no weight of its base" in html
    assert re.search(r"LoRA, recommended.*</th><td><b>[\d.]+\u00a0%</b></td><td>", html)
    assert part.at_strength(TEXT, [LORA], 0) != part.at_strength(TEXT, [LORA], 2)
    assert "strength must be" in part.at_strength(TEXT, [LORA], 7)


def test_without_adapters_it_says_what_to_do(services):
    assert "choose adapters first" in StrengthPart(services).at_strength(TEXT, [], 1)


def test_a_curve_comes_with_its_progress(services):
    points = [
        {"strength": at, "accuracy": value, "low": value - 0.1, "high": value + 0.1}
        for at, value in ((0.0, 0.5), (1.0, 0.75), (2.0, 0.6))
    ]

    class Stub:
        def curve(self, run_id, tell):
            tell(0, 3)
            return StrengthCurve(run_id=run_id, num_texts=40, points=points)

    services.__dict__["strengths"] = Stub()
    begun, going, done = StrengthPart(services).over_strength([LORA])
    assert 'data-tell="left"' in begun
    assert f"{LORA}: 0 of 3 strengths" in going
    assert "Most accurate at strength 1: 75.0" in done
    assert re.findall(r"--share:(\d+)%", done) == ["0", "50", "20"]
    assert done.count("± 10.0") == 3
