"""The network with what a configuration trains, drawn as an SVG for the page.

The input is at the bottom, one transformer block is drawn large, the head is on top. Trained and
frozen are told apart by outline, by glyph and in words, not by colour alone. Sizes are units of a
viewBox 400 wide, so that the smallest text of a drawing 350 px wide has 11.4 px.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from peft_demo.models import ATTENTION, LAYER_NORMS, MODULES

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import ParameterCount, Part, Tensor

WIDTH = 400
BLOCK_LEFT, BLOCK_RIGHT = 10.0, 380.0
LANE = 26.0
"""Where the residual connections run."""
BAR_LEFT, BAR_RIGHT = 42.0, 366.0
FLOW = (BAR_LEFT + BAR_RIGHT) / 2
"""Where the data flows up."""
INPUT_RIGHT, BESIDE_LEFT, BESIDE_RIGHT = 176.0, 204.0, 390.0
"""Of the embeddings when something stands beside them, and of that."""

COLUMNS = ATTENTION[:3]
"""Stand beside each other: they read the same input."""
COLUMN_GAP = 8.0
INSET_WIDTH = 196.0
"""Of an adapter's box in a bar, unless the module's name is long."""

WIDTHS = {"×": 0.7, "…": 1.0, **dict.fromkeys(" ·,.iljtf", 0.34)}
"""Of unusual letters, as shares of a text's size."""
HEADING, NAME, TEXT = 18.0, 13.5, 13.0
"""Sizes of letters, in STYLE too."""
LINE = 17.0
GAP = 20.0
PAD = 5.0
GLYPH = 16.0
"""What a snowflake takes of a line."""
CAPTION, HEAD_BAR, NORM, STEP, INPUT = 34.0, 28.0, 28.0, 28.0, 36.0
"""Heights."""
PLUS = 9.0
"""Radius of the circle where a residual connection is added."""

ALL_MODULES = (*MODULES, *LAYER_NORMS)
MOST_SHARED, MOST_TOLD = 3, 4
"""Tensors that are drawn one by one beside the embeddings, and named in a sentence."""

IN_PLACE = ("weight", "bias")
"""A module's own tensors: where both are trained, the module itself is drawn as trained."""

STYLE = """
.pd-net { --net-trained: #0072b2; --net-ink: var(--body-text-color, #1e293b);
  --net-quiet: var(--body-text-color-subdued, #52617a);
  --net-paper: var(--block-background-fill, #fff); font-family: inherit; }
.dark .pd-net { --net-trained: #56b4e9; }
.pd-net text { fill: var(--net-ink); font-size: 13px; font-variant-numeric: tabular-nums; }
.pd-net .net-name { font-size: 13.5px; font-weight: 700; }
.pd-net .net-heading { font-size: 18px; font-weight: 700; }
.pd-net .net-quiet { fill: var(--net-quiet); }
.pd-net .net-card { fill: var(--net-paper); stroke: var(--net-quiet); stroke-opacity: 0.45; }
.pd-net .net-step { fill: var(--net-paper); stroke: var(--net-quiet); }
.pd-net .net-frozen { fill: var(--net-paper); stroke: var(--net-quiet); stroke-width: 1.3;
  stroke-dasharray: 4 3; }
.pd-net .net-trained { fill: var(--net-trained); fill-opacity: 0.16; stroke: var(--net-trained);
  stroke-width: 2.5; }
.pd-net .net-line { fill: none; stroke: var(--net-quiet); stroke-width: 1.5; }
.pd-net .net-tip { fill: var(--net-quiet); }
.pd-net .net-flake { fill: none; stroke: var(--net-quiet); stroke-width: 1.2;
  stroke-linecap: round; }
"""


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
    ET.SubElement(root, "title").text = _clean(f"{label}: what is trained where")
    ET.SubElement(root, "desc").text = _clean(in_words(counts, label))
    ET.SubElement(root, "style").text = STYLE
    pen = _Pen(root)
    y = _heading(pen, counts, label)
    y, head = _head(pen, y, counts)
    y, rail = _block(pen, y, head, counts)
    height = _input(pen, y, rail, counts)
    root.set("viewBox", f"0 0 {WIDTH} {_number(height)}")
    return ET.tostring(root, encoding="unicode")


def in_words(counts: ParameterCount, label: str) -> str:
    """What is trained where, in sentences for those who hear the drawing."""
    sentences = []
    if counts.block:
        each = f"each of {counts.n_layers} blocks" if counts.n_layers > 1 else "the only block"
        clauses = "; ".join(
            f"{'trains' if _own(tensors) else 'adds'} {_what(tensors)} "
            f"{'of' if _own(tensors) else 'to'} {_listed(modules)}"
            for tensors, modules in _alike(counts.block)
        )
        sentences.append(f"In {each}, {label} {clauses}.")
    if counts.shared:
        where = "All blocks share" if counts.block else f"{label} puts before every review"
        sentences.append(f"{where} {_what(counts.shared)}.")
    if counts.embeddings:
        sentences.append("The embeddings are trained.")
    sentences.append(
        f"The classification head is trained ({counts.num_head_parameters:,} parameters)."
    )
    if _any_frozen(counts):
        sentences.append("Everything else is frozen.")
    return " ".join(sentences)


# Words and shapes


@dataclass(frozen=True)
class _Term:
    """Tensors that are written together: one, or two that are multiplied, in that order."""

    factors: tuple[Tensor, ...]
    times: int = 1

    @property
    def shapes(self) -> list[str]:
        """In pieces that may stand on lines of their own."""
        shapes = [_shape(tensor) for tensor in self.factors]
        pieces = [f"{shape} ·" for shape in shapes[:-1]] + shapes[-1:]
        return pieces if self.times == 1 else [f"{self.times} times", *pieces]

    @property
    def names(self) -> str:
        return " · ".join(tensor.name for tensor in self.factors)


def _terms(tensors: Sequence[Tensor]) -> list[_Term]:
    """Each tensor, but neighbours that are multiplied as one term."""
    terms: list[_Term] = []
    waiting = list(tensors)
    while waiting:
        factors = _product(*waiting[:2]) if len(waiting) > 1 else ()
        factors = factors or (waiting[0],)
        del waiting[: len(factors)]
        terms.append(_Term(factors))
    return terms


def _product(first: Tensor, second: Tensor) -> tuple[Tensor, ...]:
    """The two in the order in which they are multiplied, or nothing if they are not.

    Factors of a low-rank product are named alike but for the last letter, as ``lora_A`` and
    ``lora_B`` are; that shapes fit is not enough.
    """
    if first.name[:-1] == second.name[:-1] and len(first.shape) == len(second.shape) == 2:
        for left, right in ((second, first), (first, second)):
            inner = left.shape[1]
            if inner == right.shape[0] and inner < min(left.shape[0], right.shape[1]):
                return left, right
    return ()


def _counted(terms: Iterable[_Term]) -> list[_Term]:
    """Neighbouring terms of the same shapes as one, with their number."""
    counted: list[_Term] = []
    for _, same in groupby(terms, key=lambda term: term.shapes):
        group = list(same)
        is_short = len(group) == 2 and len(group[0].factors) == 1
        counted += group if is_short else [_Term(group[0].factors, len(group))]
    return counted


def _shape_lines(tensors: Sequence[Tensor], width: float, most: int) -> list[str]:
    """The shapes in at most so many lines; what does not fit is counted."""
    terms = _counted(_terms(tensors))
    return _shortened(
        [(term.shapes, len(term.factors) * term.times) for term in terms], width, most
    )


def _name_lines(names: Sequence[str], width: float, most: int) -> list[str]:
    return _shortened([([name], 1) for name in names], width, most)


def _shortened(items: list[tuple[list[str], int]], width: float, most: int) -> list[str]:
    """Items, each in pieces and with a count, on lines; the last ones become "and 3 more"."""
    for kept in range(len(items), -1, -1):
        left_out = sum(count for _, count in items[kept:])
        pieces = _with_commas([pieces for pieces, _ in items[:kept]])
        if left_out:
            pieces.append(f"and {left_out} more" if kept else f"{left_out} tensors")
        lines = _wrapped(pieces, width)
        if len(lines) <= most:
            break
    return lines


def _with_commas(items: list[list[str]]) -> list[str]:
    pieces = [piece for item in items[:-1] for piece in (*item[:-1], f"{item[-1]},")]
    return pieces + (items[-1] if items else [])


def _wrapped(pieces: Iterable[str], width: float) -> list[str]:
    """Lines that break between pieces; a piece wider than a line breaks after a × or a ·."""
    lines: list[str] = []
    for is_wide, run in groupby(pieces, key=lambda piece: _width(piece) > width):
        if is_wide:
            for piece in run:
                lines += _filled(re.split(r"(?<=[×·]) ", piece), width)
        else:
            lines += _filled(run, width)
    return lines


def _filled(words: Iterable[str], width: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and _width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(_cut(word, width))
    return lines


def _cut(text: str, width: float, size: float = TEXT) -> str:
    if _width(text, size) <= width:
        return text
    while text and _width(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text}…"


def _width(text: str, size: float = TEXT) -> float:
    """At most what a text takes, in the page's font and in wider ones that replace it."""
    return size * sum(WIDTHS.get(letter, 0.64) for letter in text)


def _shape(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "1"


def _named(tensor: Tensor, times: int) -> str:
    state = "" if tensor.trained else " (frozen)"
    return f"{_times(times)}{tensor.name} {_shape(tensor)}{state}"


def _times(number: int) -> str:
    return f"{number} times " if number > 1 else ""


def _first(tensors: Sequence[Tensor], most: int) -> tuple[list[tuple[Tensor, int]], int]:
    """The first different tensors, with how many there are of each, and how many are left."""
    different = list(Counter(tensors).items())
    shown = different if len(different) <= most else different[: most - 1]
    return shown, len(tensors) - sum(times for _, times in shown)


def _what(tensors: Sequence[Tensor]) -> str:
    """Tensors in words, where there are many the first ones."""
    shown, left_out = _first(tensors, MOST_TOLD)
    words = [_named(tensor, times) for tensor, times in shown]
    return _listed([*words, f"{left_out} more tensors"] if left_out else words)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _alike(block: Sequence[Part]) -> list[tuple[tuple[Tensor, ...], list[str]]]:
    """The modules of a block by what they get."""
    groups: dict[tuple[Tensor, ...], list[str]] = {}
    for part in block:
        groups.setdefault(part.tensors, []).append(part.module)
    return list(groups.items())


def _own(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """A module's own tensors where all of them are trained."""
    own = tuple(tensor for tensor in tensors if tensor.name in IN_PLACE)
    return own if len(own) == len(IN_PLACE) else ()


def _any_frozen(counts: ParameterCount) -> bool:
    whole = [part for part in counts.block if _own(part.tensors)]
    return len(whole) < len(ALL_MODULES) or not counts.embeddings


def _clean(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(letter for letter in text if letter.isprintable())


def _number(value: float) -> str:
    return f"{value:g}"


# Shapes on paper


class _Pen:
    """Draws into one element of the SVG."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element

    def group(self, hint: str) -> _Pen:
        """A pen for a group with a tooltip."""
        element = ET.SubElement(self._element, "g")
        ET.SubElement(element, "title").text = _clean(hint)
        return _Pen(element)

    def box(
        self, left: float, top: float, width: float, height: float, look: str, radius: float = 7
    ) -> ET.Element:
        return self._shape(
            "rect", look, x=left, y=top, width=width, height=height, rx=radius, ry=radius
        )

    def text(self, x: float, y: float, text: str, look: str = "", anchor: str = "start") -> None:
        """A line of text whose baseline is at y."""
        element = self._shape("text", look, x=x, y=y)
        element.set("text-anchor", anchor)
        element.text = _clean(text)

    def line(self, *points: tuple[float, float], dotted: bool = False) -> None:
        path = " L".join(f"{_number(x)} {_number(y)}" for x, y in points)
        element = ET.SubElement(self._element, "path", {"class": "net-line", "d": f"M{path}"})
        if dotted:
            element.set("stroke-dasharray", "1 4")
            element.set("stroke-linecap", "round")

    def arrow(self, *points: tuple[float, float]) -> None:
        """A line with a tip at its last point."""
        self.line(*points)
        (from_x, from_y), (x, y) = points[-2:]
        angle = math.degrees(math.atan2(y - from_y, x - from_x))
        tip = ET.SubElement(self._element, "path", {"class": "net-tip", "d": "M0 0 L-7 4 L-7 -4 Z"})
        tip.set("transform", f"translate({_number(x)} {_number(y)}) rotate({_number(angle)})")

    def plus(self, x: float, y: float) -> None:
        """Where a residual connection is added."""
        self._shape("circle", "net-step", cx=x, cy=y, r=PLUS)
        self.line((x - 5, y), (x + 5, y))
        self.line((x, y - 5), (x, y + 5))

    def dot(self, x: float, y: float) -> None:
        self._shape("circle", "net-tip", cx=x, cy=y, r=3.5)

    def flake(self, x: float, y: float) -> None:
        """A snowflake around a point."""
        arm = "M0 0 V-6 M-2 -5.2 L0 -3.4 L2 -5.2"
        flake = ET.SubElement(self._element, "g", {"class": "net-flake"})
        flake.set("transform", f"translate({_number(x)} {_number(y)})")
        for turn in range(0, 360, 60):
            ET.SubElement(flake, "path", {"d": arm, "transform": f"rotate({turn})"})

    def _shape(self, tag: str, look: str, **measures: float) -> ET.Element:
        element = ET.SubElement(self._element, tag)
        if look:
            element.set("class", look)
        for name, value in measures.items():
            element.set(name, _number(value))
        return element


# Boxes


@dataclass(frozen=True)
class _Inset:
    """A box with shapes within a module's; one without a look is only its lines."""

    lines: list[str]
    look: str

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 8


@dataclass(frozen=True)
class _Module:
    """A module of the network, and what is added to it or trained in it."""

    name: str
    own: tuple[Tensor, ...] = ()
    added: tuple[Tensor, ...] = ()

    @property
    def look(self) -> str:
        return "net-trained" if self.own else "net-frozen"

    @property
    def hint(self) -> str:
        tensors = (*self.own, *self.added)
        return f"{self.name}: {_what(tensors) if tensors else 'frozen'}"

    def insets(self, width: float, most: int) -> list[_Inset]:
        trained = [tensor for tensor in self.added if tensor.trained]
        frozen = [tensor for tensor in self.added if not tensor.trained]
        room = width - PAD
        insets = (
            _Inset(_shape_lines(self.own, room, most), ""),
            _Inset(_shape_lines(trained, room, most), "net-trained"),
            _Inset(_shape_lines(frozen, room - GLYPH, most), "net-frozen"),
        )
        return [inset for inset in insets if inset.lines]


def _modules(block: Sequence[Part]) -> dict[str, _Module]:
    """All modules of a block by their names."""
    modules = {name: _Module(name) for name in ALL_MODULES}
    for part in block:
        own = _own(part.tensors)
        added = tuple(tensor for tensor in part.tensors if tensor not in own)
        modules[part.module] = _Module(part.module, own, added)
    return modules


def _draw_name(pen: _Pen, module: _Module, x: float, middle: float, room: float) -> None:
    """The module's name from x, after a snowflake where it is frozen."""
    if module.look == "net-frozen":
        pen.flake(x + 6, middle)
        x, room = x + GLYPH, room - GLYPH
    pen.text(x, middle + 4.5, _cut(module.name, room, NAME), "net-name")


def _draw_insets(pen: _Pen, insets: list[_Inset], left: float, top: float, width: float) -> None:
    for inset in insets:
        middle = left + width / 2
        if inset.look:
            pen.box(left, top, width, inset.height, inset.look, radius=5)
        if inset.look == "net-frozen":
            middle += GLYPH / 2
            longest = max(map(_width, inset.lines))
            pen.flake(middle - longest / 2 - GLYPH / 2, top + 4 + LINE / 2)
        _draw_lines(pen, inset.lines, middle, top, "middle")
        top += inset.height + PAD


def _draw_lines(pen: _Pen, lines: list[str], x: float, top: float, anchor: str) -> None:
    for number, line in enumerate(lines):
        pen.text(x, top + 4 + LINE * (number + 0.5) + 4.5, line, anchor=anchor)


def _stacked(insets: Iterable[_Inset]) -> float:
    """Height of insets above each other, with what separates them."""
    return sum(inset.height + PAD for inset in insets)


def _bar(
    pen: _Pen,
    top: float,
    module: _Module,
    left: float = BAR_LEFT,
    right: float = BAR_RIGHT,
    least: float = 32,
) -> float:
    """A module in the width of the network; returns where it ends."""
    after_name = left + 10 + GLYPH + _width(module.name, NAME) + 4
    width = min(INSET_WIDTH, right - PAD - after_name)
    insets = module.insets(width, most=2)
    height = max(least, _stacked(insets) + PAD)
    pen = pen.group(module.hint)
    pen.box(left, top, right - left, height, module.look)
    _draw_name(pen, module, left + 10, top + height / 2, right - left - 20)
    start = top + (height - _stacked(insets) + PAD) / 2
    if module.own:
        own = insets.pop(0)
        _draw_lines(pen, own.lines, right - 12, start, "end")
        start += own.height + PAD
    _draw_insets(pen, insets, right - PAD - width, start, width)
    return top + height


def _columns(pen: _Pen, top: float, modules: list[_Module]) -> float:
    """Modules beside each other, equally high; returns where they end."""
    width = _column_width()
    insets = [module.insets(width - 2 * PAD, most=4) for module in modules]
    height = 32 + max(map(_stacked, insets))
    for x, module, boxes in zip(_column_middles(), modules, insets, strict=True):
        group = pen.group(module.hint)
        left = x - width / 2
        group.box(left, top, width, height, module.look)
        named = _width(module.name, NAME) + (GLYPH if module.look == "net-frozen" else 0)
        _draw_name(group, module, x - named / 2, top + 16, width - 2 * PAD)
        _draw_insets(group, boxes, left + PAD, top + 32, width - 2 * PAD)
    return top + height


def _column_width() -> float:
    return (BAR_RIGHT - BAR_LEFT - (len(COLUMNS) - 1) * COLUMN_GAP) / len(COLUMNS)


def _column_middles() -> list[float]:
    width = _column_width()
    return [BAR_LEFT + width / 2 + index * (width + COLUMN_GAP) for index in range(len(COLUMNS))]


# The network, from the head down


def _heading(pen: _Pen, counts: ParameterCount, label: str) -> float:
    pen.text(BLOCK_LEFT, 24, _cut(label, 0.85 * WIDTH, HEADING), "net-heading")
    y = _legend(pen, 36, "trained", ["the head", *_names(counts, trained=True)])
    if _any_frozen(counts):
        rest = ["the rest of the network", *_names(counts, trained=False)]
        y = _legend(pen, y, "frozen", rest)
    return y


def _legend(pen: _Pen, y: float, state: str, names: list[str]) -> float:
    pen.box(BLOCK_LEFT + 1, y + 2, 26, 15, f"net-{state}", radius=4)
    if state == "frozen":
        pen.flake(BLOCK_LEFT + 14, y + 9.5)
    pen.text(BLOCK_LEFT + 36, y + 14, state, "net-name")
    left = BLOCK_LEFT + 36 + 60
    lines = _name_lines(names, WIDTH - 10 - left, most=2)
    for number, line in enumerate(lines):
        pen.text(left, y + 14 + number * LINE, line)
    return y + 5 + len(lines) * LINE


def _names(counts: ParameterCount, *, trained: bool) -> list[str]:
    """What is added or trained, each name once."""
    groups = [part.tensors for part in counts.block] + [counts.shared]
    names = [
        term.names
        for tensors in groups
        for term in _terms([tensor for tensor in tensors if tensor.trained is trained])
    ]
    if trained and counts.embeddings:
        names.append("the embeddings")
    return list(dict.fromkeys(names))


def _head(pen: _Pen, y: float, counts: ParameterCount) -> tuple[float, float]:
    """The classification head; returns where it ends, and where its input arrives."""
    pen.text(FLOW, y + 24, "prediction", "net-quiet", "middle")
    top = y + 46
    half = BLOCK_RIGHT - FLOW
    card = pen.box(FLOW - half, top, 2 * half, 0, "net-card", radius=12)
    trains = f"trains {counts.num_head_parameters:,}"
    _captions(pen, top, "classification head", trains)
    classifier = top + CAPTION
    pre_classifier = classifier + HEAD_BAR + GAP
    _head_bar(pen, classifier, "classifier")
    _head_bar(pen, pre_classifier, "pre_classifier")
    pen.arrow((FLOW, classifier), (FLOW, y + 30))
    pen.arrow((FLOW, pre_classifier), (FLOW, classifier + HEAD_BAR))
    end = pre_classifier + HEAD_BAR
    card.set("height", _number(end + 10 - top))
    return end + 10, end


def _head_bar(pen: _Pen, top: float, name: str) -> None:
    pen.box(BAR_LEFT, top, BAR_RIGHT - BAR_LEFT, HEAD_BAR, "net-trained")
    pen.text(BAR_LEFT + 10, top + HEAD_BAR / 2 + 4.5, name, "net-name")


def _captions(pen: _Pen, top: float, left: str, right: str) -> None:
    """What stands at the top of a card, at both sides of the flow."""
    pen.text(BAR_LEFT, top + 22, left, "net-name")
    pen.text(BAR_RIGHT, top + 22, right, "net-quiet", "end")


def _block(pen: _Pen, y: float, goal: float, counts: ParameterCount) -> tuple[float, float]:
    """One block before its copies; returns where it ends, and where its input arrives.

    Args:
        goal: where its output goes.
    """
    top = y + GAP + 8
    cards = _cards(pen, top, counts.n_layers)
    _captions(pen, top, _blocks(counts.n_layers), _each(counts))
    modules = _modules(counts.block)
    norm = top + CAPTION
    pen.arrow((FLOW, norm), (FLOW, goal))
    y = _bar(pen, norm, modules["output_layer_norm"], least=NORM)
    y, added = _add(pen, y)
    y = _feedforward(pen, y, modules)
    norm = _up(pen, y, GAP + 10)
    _residual(pen, FLOW, norm - 9, added)
    y = _bar(pen, norm, modules["sa_layer_norm"], least=NORM)
    y, added = _add(pen, y)
    y = _attention(pen, y, modules)
    rail = y + GAP + 2
    for x in _column_middles():
        pen.arrow((x, rail), (x, y))
    pen.line((LANE, rail), (_column_middles()[-1], rail))
    _residual(pen, LANE, rail, added)
    end = rail + 14
    for card in cards:
        card.set("height", _number(end - top))
    return end, rail


def _residual(pen: _Pen, x: float, y: float, added: float) -> None:
    """From a point at x and y around everything to an addition."""
    pen.arrow((x, y), (LANE, y), (LANE, added), (FLOW - PLUS, added))


def _cards(pen: _Pen, top: float, n_layers: int) -> list[ET.Element]:
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


def _add(pen: _Pen, y: float) -> tuple[float, float]:
    """An addition below y; returns where it ends and its middle."""
    top = _up(pen, y, GAP - 4)
    pen.plus(FLOW, top + PLUS)
    return top + 2 * PLUS, top + PLUS


def _up(pen: _Pen, y: float, length: float = GAP) -> float:
    """An arrow up to y; returns where it begins."""
    pen.arrow((FLOW, y + length), (FLOW, y))
    return y + length


def _feedforward(pen: _Pen, y: float, modules: dict[str, _Module]) -> float:
    y = _bar(pen, _up(pen, y), modules["ffn.lin2"])
    y = _step(pen, _up(pen, y), "activation", 110)
    return _bar(pen, _up(pen, y), modules["ffn.lin1"])


def _attention(pen: _Pen, y: float, modules: dict[str, _Module]) -> float:
    y = _bar(pen, _up(pen, y), modules["out_lin"])
    y = _step(pen, _up(pen, y), "multi-head attention", BAR_RIGHT - BAR_LEFT)
    for x in _column_middles():
        pen.arrow((x, y + GAP), (x, y))
    return _columns(pen, y + GAP, [modules[name] for name in COLUMNS])


def _step(pen: _Pen, top: float, name: str, width: float) -> float:
    """A step without parameters; returns where it ends."""
    pen.box(FLOW - width / 2, top, width, STEP, "net-step", radius=STEP / 2)
    pen.text(FLOW, top + STEP / 2 + 4.5, name, "net-quiet", "middle")
    return top + STEP


def _input(pen: _Pen, y: float, rail: float, counts: ParameterCount) -> float:
    """Embeddings, and beside them what the method adds once; returns the drawing's height."""
    top = beside = y + GAP + 8
    left, right = BAR_LEFT, BAR_RIGHT
    if counts.shared:
        left, right = BLOCK_LEFT, INPUT_RIGHT
        beside = _beside(pen, top, y, counts)
    middle = (left + right) / 2
    end = _bar(pen, top, _Module("embeddings", counts.embeddings), left, right, least=INPUT)
    pen.arrow((middle, top), (middle, rail))
    pen.arrow((middle, end + 26), (middle, end))
    pen.text(middle, end + 42, "tokens of a review", "net-quiet", "middle")
    return max(end + 48, beside) + 4


def _beside(pen: _Pen, top: float, block: float, counts: ParameterCount) -> float:
    """What all blocks share, or what comes in with the text; returns where it ends."""
    shown, left_out = _first(counts.shared, MOST_SHARED)
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
    card.set("height", _number(end - top))
    if counts.block:
        x = (BESIDE_LEFT + BESIDE_RIGHT) / 2
        pen.line((x, top), (x, block), dotted=True)
        pen.dot(x, block)
    else:
        middle = top + INPUT / 2
        pen.arrow((BESIDE_LEFT, middle), (INPUT_RIGHT, middle))
    return end


def _shared_tensor(pen: _Pen, top: float, tensor: Tensor, times: int) -> float:
    """A shared tensor's name, shape and state; returns where it ends."""
    left, width = BESIDE_LEFT + 8, BESIDE_RIGHT - BESIDE_LEFT - 16
    state = "trained" if tensor.trained else "frozen"
    x = left + 9 + (0 if tensor.trained else GLYPH)
    room = left + width - 6 - x
    name = _last_names(tensor.name, room - _width(_times(times)))
    lines = [f"{_times(times)}{name}", *_wrapped([f"{_shape(tensor)},", state], room)]
    inset = _Inset(lines, f"net-{state}")
    pen = pen.group(_named(tensor, times))
    pen.box(left, top, width, inset.height, inset.look, radius=5)
    if not tensor.trained:
        pen.flake(left + 15, top + 4 + LINE / 2)
    _draw_lines(pen, lines, x, top, "start")
    return top + inset.height


def _last_names(name: str, room: float) -> str:
    """As much of a dotted name as there is room for, from its end."""
    while "." in name and _width(name) > room:
        name = name.partition(".")[2]
    return _cut(name, room)
