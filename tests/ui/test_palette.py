"""Whether any two runs are told apart by their colour alone, and seen on paper and in the dark."""

import re
from itertools import combinations

import pytest
from coloraide import Color

from peft_demo.ui.browser_code import ASSETS
from peft_demo.ui.theme import THEME

LEAST_APART = 12
"""ΔE of CIE 1976."""

LEAST_CONTRAST = 3
"""Of a graphic with its surroundings (WCAG 2.2, 1.4.11)."""


@pytest.fixture(scope="module")
def colours():
    looks = (ASSETS / "lib" / "looks.js").read_text(encoding="utf-8")
    found = re.search(r'COLOURS = "([^"]+)"', looks)[1].split()
    assert len(found) == 8
    return [Color(colour) for colour in found]


@pytest.mark.parametrize("deficiency", [None, "deutan", "protan"])
def test_any_two_colours_are_apart(colours, deficiency):
    def seen(colour):
        # Machado, Oliveira and Fernandes (2009)
        return colour.filter(deficiency, 1, method="machado") if deficiency else colour

    for one, other in combinations(colours, 2):
        apart = seen(one).delta_e(seen(other), method="76")
        assert apart >= LEAST_APART, (one.to_string(hex=True), other.to_string(hex=True), apart)


@pytest.mark.parametrize(
    "background", [THEME.block_background_fill, THEME.block_background_fill_dark]
)
def test_every_colour_stands_out(colours, background):
    for colour in colours:
        found = colour.contrast(background)
        assert found >= LEAST_CONTRAST, (colour.to_string(hex=True), found)
