"""The network from the head down: the input at the bottom, one block large, the head on top.

Trained and frozen are told apart by outline, by glyph and in words, not by colour alone.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from peft_demo.ui.drawing.boxes import (
    BAR_LEFT,
    BAR_RIGHT,
    BESIDE_LEFT,
    BESIDE_RIGHT,
    BLOCK_LEFT,
    BLOCK_RIGHT,
    CAPTION,
    FLOW,
    GAP,
    GLYPH,
    HEAD_BAR,
    INPUT,
    INPUT_RIGHT,
    LANE,
    LINE,
    NORM,
    PAD,
    STEP,
    WIDTH,
    Inset,
    Module,
    column_middles,
    draw_bar,
    draw_columns,
    draw_lines,
    modules_of,
)
from peft_demo.ui.drawing.pen import PLUS, STYLE, Pen, clean, written
from peft_demo.ui.drawing.sentences import any_frozen, in_words
from peft_demo.ui.drawing.tensors import (
    first_of,
    name_lines,
    shape_of,
    tensor_in_words,
    terms_of,
    times_in_words,
)
from peft_demo.ui.drawing.text import HEADING, cut, text_width, wrapped

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import ParameterCount, Tensor
    from peft_demo.models import Architecture

MOST_SHARED = 3
"""Tensors that are drawn one by one beside the embeddings."""


def draw(counts: ParameterCount, label: str) -> str:
    """An SVG, to stand inline in a page, of the network with a configuration's adapters.

    Args:
        counts: what is trained where.
        label: the method's name, as it is shown and read aloud.
    """
    root = ET.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "class": "pd-net", "role": "img", "width": "100%"},
    )
    ET.SubElement(root, "title").text = clean(f"{label}: what is trained where")
    ET.SubElement(root, "desc").text = clean(in_words(counts, label))
    ET.SubElement(root, "style").text = STYLE
    pen = Pen(root)
    y = _heading(pen, counts, label)
    y, head = _head(pen, y, counts)
    y, rail = _block(pen, y, head, counts)
    height = _input(pen, y, rail, counts)
    root.set("viewBox", f"0 0 {WIDTH} {written(height)}")
    return ET.tostring(root, encoding="unicode")


def _heading(pen: Pen, counts: ParameterCount, label: str) -> float:
    pen.text(BLOCK_LEFT, 24, cut(label, 0.85 * WIDTH, HEADING), "net-heading")
    y = _legend(pen, 36, "trained", ["the head", *_names(counts, trained=True)])
    if any_frozen(counts):
        rest = ["the rest of the network", *_names(counts, trained=False)]
        y = _legend(pen, y, "frozen", rest)
    return y


def _legend(pen: Pen, y: float, state: str, names: list[str]) -> float:
    pen.box(BLOCK_LEFT + 1, y + 2, 26, 15, f"net-{state}", radius=4)
    if state == "frozen":
        pen.flake(BLOCK_LEFT + 14, y + 9.5)
    pen.text(BLOCK_LEFT + 36, y + 14, state, "net-name")
    left = BLOCK_LEFT + 36 + 60
    lines = name_lines(names, WIDTH - 10 - left, most=2)
    for number, line in enumerate(lines):
        pen.text(left, y + 14 + number * LINE, line)
    return y + 5 + len(lines) * LINE


def _names(counts: ParameterCount, *, trained: bool) -> list[str]:
    """What is added or trained, each name once."""
    groups = [part.tensors for part in counts.block] + [counts.shared]
    names = [
        term.names
        for tensors in groups
        for term in terms_of([tensor for tensor in tensors if tensor.trained is trained])
    ]
    if trained and counts.embeddings:
        names.append("the embeddings")
    return list(dict.fromkeys(names))


def _head(pen: Pen, y: float, counts: ParameterCount) -> tuple[float, float]:
    """The classification head; returns where it ends, and where its input arrives."""
    pen.text(FLOW, y + 24, "prediction", "net-quiet", "middle")
    top = y + 46
    half = BLOCK_RIGHT - FLOW
    card = pen.box(FLOW - half, top, 2 * half, 0, "net-card", radius=12)
    trains = f"trains {counts.num_head_parameters:,}"
    _captions(pen, top, "classification head", trains)
    goal, bar = y + 30, top + CAPTION
    for name in reversed(counts.architecture.head):
        _head_bar(pen, bar, name)
        pen.arrow((FLOW, bar), (FLOW, goal))
        goal = bar + HEAD_BAR
        bar = goal + GAP
    end = goal
    card.set("height", written(end + 10 - top))
    return end + 10, end


def _head_bar(pen: Pen, top: float, name: str) -> None:
    pen.box(BAR_LEFT, top, BAR_RIGHT - BAR_LEFT, HEAD_BAR, "net-trained")
    pen.text(BAR_LEFT + 10, top + HEAD_BAR / 2 + 4.5, name, "net-name")


def _captions(pen: Pen, top: float, left: str, right: str) -> None:
    """What stands at the top of a card, at both sides of the flow."""
    pen.text(BAR_LEFT, top + 22, left, "net-name")
    pen.text(BAR_RIGHT, top + 22, right, "net-quiet", "end")


def _block(pen: Pen, y: float, goal: float, counts: ParameterCount) -> tuple[float, float]:
    """One block before its copies; returns where it ends, and where its input arrives.

    Args:
        goal: where its output goes.
    """
    top = y + GAP + 8
    cards = _cards(pen, top, counts.n_layers)
    _captions(pen, top, _blocks(counts.n_layers), _each(counts))
    modules, family = modules_of(counts), counts.architecture
    norm = top + CAPTION
    pen.arrow((FLOW, norm), (FLOW, goal))
    y = draw_bar(pen, norm, modules[family.output_norm], least=NORM)
    y, added = _add(pen, y)
    y = _feedforward(pen, y, modules, family)
    norm = _up(pen, y, GAP + 10)
    _residual(pen, FLOW, norm - 9, added)
    y = draw_bar(pen, norm, modules[family.attention_norm], least=NORM)
    y, added = _add(pen, y)
    y = _attention(pen, y, modules, family)
    rail = y + GAP + 2
    for x in column_middles():
        pen.arrow((x, rail), (x, y))
    pen.line((LANE, rail), (column_middles()[-1], rail))
    _residual(pen, LANE, rail, added)
    end = rail + 14
    for card in cards:
        card.set("height", written(end - top))
    return end, rail


def _residual(pen: Pen, x: float, y: float, added: float) -> None:
    """From a point at x and y around everything to an addition."""
    pen.arrow((x, y), (LANE, y), (LANE, added), (FLOW - PLUS, added))


def _cards(pen: Pen, top: float, n_layers: int) -> list[ET.Element]:
    """The block's sheet, and behind it those of one or two others."""
    width = BLOCK_RIGHT - BLOCK_LEFT
    return [
        pen.box(BLOCK_LEFT + shift, top - shift, width, 0, "net-card", radius=12)
        for shift in (10, 5, 0)[-min(n_layers, 3) :]
    ]


def _blocks(n_layers: int) -> str:
    return f"× {n_layers} {'block' if n_layers == 1 else 'blocks'}"


def _each(counts: ParameterCount) -> str:
    tensors = [tensor for part in counts.block for tensor in part.tensors]
    trained = sum(math.prod(tensor.shape) for tensor in tensors if tensor.trained)
    if trained:
        return f"each trains {trained:,}"
    return "nothing of their own" if counts.block else "all frozen"


def _add(pen: Pen, y: float) -> tuple[float, float]:
    """An addition below y; returns where it ends and its middle."""
    top = _up(pen, y, GAP - 4)
    pen.plus(FLOW, top + PLUS)
    return top + 2 * PLUS, top + PLUS


def _up(pen: Pen, y: float, length: float = GAP) -> float:
    """An arrow up to y; returns where it begins."""
    pen.arrow((FLOW, y + length), (FLOW, y))
    return y + length


def _feedforward(pen: Pen, y: float, modules: dict[str, Module], family: Architecture) -> float:
    y = draw_bar(pen, _up(pen, y), modules[family.feedforward_out])
    y = _step(pen, _up(pen, y), "activation", 110)
    return draw_bar(pen, _up(pen, y), modules[family.feedforward_in])


def _attention(pen: Pen, y: float, modules: dict[str, Module], family: Architecture) -> float:
    y = draw_bar(pen, _up(pen, y), modules[family.output])
    y = _step(pen, _up(pen, y), "multi-head attention", BAR_RIGHT - BAR_LEFT)
    for x in column_middles():
        pen.arrow((x, y + GAP), (x, y))
    return draw_columns(pen, y + GAP, [modules[name] for name in family.attention[:3]])


def _step(pen: Pen, top: float, name: str, width: float) -> float:
    """A step without parameters; returns where it ends."""
    pen.box(FLOW - width / 2, top, width, STEP, "net-step", radius=STEP / 2)
    pen.text(FLOW, top + STEP / 2 + 4.5, name, "net-quiet", "middle")
    return top + STEP


def _input(pen: Pen, y: float, rail: float, counts: ParameterCount) -> float:
    """Embeddings, and beside them what the method adds once; returns the drawing's height."""
    top = beside = y + GAP + 8
    left, right = BAR_LEFT, BAR_RIGHT
    if counts.shared:
        left, right = BLOCK_LEFT, INPUT_RIGHT
        beside = _beside(pen, top, y, counts)
    middle = (left + right) / 2
    end = draw_bar(pen, top, Module("embeddings", counts.embeddings), left, right, least=INPUT)
    pen.arrow((middle, top), (middle, rail))
    pen.arrow((middle, end + 26), (middle, end))
    pen.text(middle, end + 42, "tokens of a review", "net-quiet", "middle")
    return max(end + 48, beside) + 4


def _beside(pen: Pen, top: float, block: float, counts: ParameterCount) -> float:
    """What all blocks share, or what comes in with the text; returns where it ends."""
    shown, left_out = first_of(counts.shared, MOST_SHARED)
    width = BESIDE_RIGHT - BESIDE_LEFT
    card = pen.box(BESIDE_LEFT, top, width, 0, "net-card", radius=10)
    title = "shared by all blocks" if counts.block else "before every review"
    pen.text(BESIDE_LEFT + 10, top + 20, title, "net-name")
    y = top + 30
    for tensor, times in shown:
        y = _shared_tensor(pen, y, tensor, times) + PAD
    if left_out:
        pen.text(BESIDE_LEFT + 12, y + 13, f"and {left_out} more tensors", "net-quiet")
        y += LINE + 4
    end = y + 3
    card.set("height", written(end - top))
    if counts.block:
        x = (BESIDE_LEFT + BESIDE_RIGHT) / 2
        pen.line((x, top), (x, block), dotted=True)
        pen.dot(x, block)
    else:
        middle = top + INPUT / 2
        pen.arrow((BESIDE_LEFT, middle), (INPUT_RIGHT, middle))
    return end


def _shared_tensor(pen: Pen, top: float, tensor: Tensor, times: int) -> float:
    """A shared tensor's name, shape and state; returns where it ends."""
    left, width = BESIDE_LEFT + 8, BESIDE_RIGHT - BESIDE_LEFT - 16
    state = "trained" if tensor.trained else "frozen"
    x = left + 9 + (0 if tensor.trained else GLYPH)
    room = left + width - 6 - x
    name = _last_names(tensor.name, room - text_width(times_in_words(times)))
    lines = [f"{times_in_words(times)}{name}", *wrapped([f"{shape_of(tensor)},", state], room)]
    inset = Inset(lines, f"net-{state}")
    pen = pen.group(tensor_in_words(tensor, times))
    pen.box(left, top, width, inset.height, inset.look, radius=5)
    if not tensor.trained:
        pen.flake(left + 15, top + 4 + LINE / 2)
    draw_lines(pen, lines, x, top, "start")
    return top + inset.height


def _last_names(name: str, room: float) -> str:
    """As much of a dotted name as there is room for, from its end."""
    while "." in name and text_width(name) > room:
        name = name.partition(".")[2]
    return cut(name, room)
