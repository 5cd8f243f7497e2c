"""The drawing to scale: true proportions, every letter explained, sums as they are counted."""

import math
import re
from html import unescape

import pytest

from peft_demo.adapters.forecast import forecast
from peft_demo.adapters.parameter_count import count_parameters
from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig
from peft_demo.ui.drawing import draw_to_scale
from peft_demo.ui.pages import method as method_page

DRAWN = [method.id for method in METHODS.values() if method.picture]


def drawn(method, **values):
    config = RunConfig(method=method, **values)
    counts = count_parameters(method, config.method_values, config.setting)
    return draw_to_scale(METHODS[method], config.method_values, counts, config.setting.base)


def boxes(html):
    """Rows, columns and state of what is drawn, by letter; of the first picture."""
    box = r"scale-(trained|frozen)' style='--rows: ([\d.]+); --columns: ([\d.]+)[^']*'></i>"
    found = re.findall(rf"{box}\s*<b>(\S+)</b>", unescape(html.partition("<details")[0]))
    return {letter: (float(rows), float(columns), state) for state, rows, columns, letter in found}


def meanings(html):
    found = re.findall(r"<span class='scale-meaning'[^>]*>(.*?)</span>", html, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]*>", "", meaning)).split()) for meaning in found]


def text(html):
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


@pytest.mark.parametrize("r", [1, 4, 64])
def test_the_strips_of_lora_widen_with_r(r):
    html = drawn("lora", r=r)
    assert boxes(html) == {
        "W": (384, 384, "frozen"),
        "B": (384, r, "trained"),
        "A": (r, 384, "trained"),
    }
    assert f"147,456 frozen, {768 * r:,} trained in q_lin" in text(html)


def test_letters_have_the_values_of_the_form():
    told = meanings(drawn("lora", r=8, lora_alpha=16))
    assert "s: the scale of the change; here 2." in told
    assert "W: the layer's own weight, as it was pretrained; 384 × 384, frozen." in told
    assert "s: the scale of the change; here 4." in meanings(drawn("rslora", r=16, lora_alpha=16))


def test_modules_that_look_otherwise_are_drawn_apart():
    html = drawn("lora", r=8, rank_pattern="q_lin: 16", target_modules=("q_lin", "k_lin", "lin1"))
    assert boxes(html)["B"] == (384, 16, "trained")
    assert re.findall(r"The same in ([^<]*)<", html) == ["k_lin", "ffn.lin1"]
    assert "s: the scale of the change; here 1." in meanings(html)


def test_what_layers_share_is_drawn_frozen_and_counted_apart():
    html = drawn("vera")
    assert boxes(html)["A"] == (256, 1536, "frozen")
    assert "147,456 frozen, 640 trained in q_lin" in text(html)
    assert "Shared by all layers: 786,432 frozen." in text(html)


def test_numbers_without_a_place_are_drawn_as_an_area():
    rows, columns, _ = boxes(drawn("fourierft"))["C"]
    assert rows * columns == pytest.approx(1000, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("method", DRAWN)
def test_every_letter_is_explained_and_every_tensor_drawn(method):
    picture = METHODS[method].picture
    html = drawn(method)
    words = {"with", "use_rslora:", "feed-forward:", "has", "rows", "columns", "of", "rank", "or"}
    words |= {"more", "times", "transposed", "if", "the", "outputs", "are", "fewer"}
    letters = {sign for sign in f"{picture.formula} {picture.where}".split() if sign[0].isalpha()}
    assert letters - words <= set(picture.letters)
    assert set(boxes(html)) == {
        sign
        for sign in picture.formula.split()
        if sign in picture.letters and picture.letters[sign].tensor
    }
    for letter in re.findall(r"<span class='scale-letter'[^>]*>", html):
        assert "tabindex='0'" in letter
        place = re.search(r"aria-labelledby=.([^']*)", letter)[1]
        assert f"id='{place}'" in html


@pytest.mark.slow
@pytest.mark.parametrize("method", DRAWN)
def test_what_is_drawn_is_what_peft_adds(method):
    config = RunConfig(method=method)
    counts = count_parameters(method, config.method_values, config.setting)
    tensors = {letter.tensor for letter in METHODS[method].picture.letters.values()}
    added = [tensor for part in counts.block for tensor in part.tensors]
    if method != "full_ft":  # which trains the embeddings and every bias as well
        assert {tensor.name for tensor in (*added, *counts.shared)} <= tensors
        numbers = config.setting.base.n_layers * [*added] + [*counts.shared]
        trained = sum(math.prod(tensor.shape) for tensor in numbers if tensor.trained)
        assert trained == counts.num_adapter_parameters


@pytest.mark.parametrize(
    ("method", "letter", "rows", "columns", "blocks"),
    [
        ("gralora", "A", 32, 384, 2),
        ("gralora", "B", 384, 32, 2),
        ("oft", "R", 384, 384, 12),
        ("boft", "R", 384, 384, 48),
        ("psoft", "R", 32, 32, 1),
        ("miss", "D", 384, 16, 1),
        ("randlora", "B", 1536, 1536, 1),
        ("c3a", "C", 9, 128, 1),
    ],
)
@pytest.mark.slow
def test_tensors_that_are_no_matrix_are_drawn_as_what_they_make(
    method, letter, rows, columns, blocks
):
    html = drawn(method)
    assert boxes(html)[letter][:2] == (rows, columns)
    # Each block has two corners on the way along the diagonal, and two on the way back.
    corners = [outline.count(", ") for outline in re.findall(r"polygon\((.*?)\)", html)]
    assert (4 * blocks in corners) == (blocks > 1)


def test_a_module_is_drawn_with_its_own_of_what_the_blocks_share():
    html = drawn("lily", target_modules=("q_lin", "lin1"))
    assert boxes(html)["B"] == (384, 32, "trained")
    assert boxes(html.partition("<details")[2])["B"] == (1536, 32, "trained")


def test_the_page_says_why_nothing_is_drawn():
    assert [method.id for method in METHODS.values() if not method.picture] == ["head_only"]
    assert drawn("head_only") == ""
    config = RunConfig(method="head_only")
    described = method_page.page(config, forecast(config, ()), "", "")
    assert "Nothing is drawn to scale: Head only adds no tensor to any layer" in text(described)
