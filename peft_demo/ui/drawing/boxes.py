"""Boxes: modules in the width of the network or beside each other, with what is added to them.

Sizes are units of a viewBox 400 wide, so that the smallest text of a drawing 350 px wide has
11.4 px.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from peft_demo.ui.drawing.pen import Pen
from peft_demo.ui.drawing.sentences import own_tensors
from peft_demo.ui.drawing.tensors import described, shape_lines
from peft_demo.ui.drawing.text import NAME, cut, text_width

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import ParameterCount, Tensor

WIDTH = 400
BLOCK_LEFT, BLOCK_RIGHT = 10.0, 380.0
LANE = 26.0
"""Where the residual connections run."""
BAR_LEFT, BAR_RIGHT = 42.0, 366.0
FLOW = (BAR_LEFT + BAR_RIGHT) / 2
"""Where the data flows up."""
INPUT_RIGHT, BESIDE_LEFT, BESIDE_RIGHT = 176.0, 204.0, 390.0
"""Of the embeddings when something stands beside them, and of that."""

COLUMNS = 3
"""Of query, key and value, which stand beside each other: they read the same input."""
COLUMN_GAP = 8.0
INSET_WIDTH = 196.0
"""Of an adapter's box in a bar, unless the module's name is long."""
LINE = 17.0
GAP = 20.0
PAD = 5.0
GLYPH = 16.0
"""What a snowflake takes of a line."""
CAPTION, HEAD_BAR, NORM, STEP, INPUT = 34.0, 28.0, 28.0, 28.0, 36.0
"""Heights."""


@dataclass(frozen=True)
class Inset:
    """A box with shapes within a module's; one without a look is only its lines."""

    lines: list[str]
    look: str

    @property
    def height(self) -> float:
        """In units of the sheet."""
        return len(self.lines) * LINE + 8


@dataclass(frozen=True)
class Module:
    """A module of the network, and what is added to it or trained in it."""

    name: str
    own: tuple[Tensor, ...] = ()
    added: tuple[Tensor, ...] = ()

    @property
    def look(self) -> str:
        """The class that draws its outline."""
        return "net-trained" if self.own else "net-frozen"

    @property
    def hint(self) -> str:
        """What its tooltip says."""
        tensors = (*self.own, *self.added)
        return f"{self.name}: {described(tensors) if tensors else 'frozen'}"

    def insets(self, width: float, most: int) -> list[Inset]:
        """Its own tensors, then what is added: trained, frozen; in at most so many lines each."""
        trained = [tensor for tensor in self.added if tensor.trained]
        frozen = [tensor for tensor in self.added if not tensor.trained]
        room = width - PAD
        insets = (
            Inset(shape_lines(self.own, room, most), ""),
            Inset(shape_lines(trained, room, most), "net-trained"),
            Inset(shape_lines(frozen, room - GLYPH, most), "net-frozen"),
        )
        return [inset for inset in insets if inset.lines]


def modules_of(counts: ParameterCount) -> dict[str, Module]:
    """All modules of a block by their names."""
    modules = {name: Module(name) for name in counts.architecture.modules}
    for part in counts.block:
        own = own_tensors(part.tensors)
        added = tuple(tensor for tensor in part.tensors if tensor not in own)
        modules[part.module] = Module(part.module, own, added)
    return modules


def _draw_name(pen: Pen, module: Module, x: float, middle: float, room: float) -> None:
    """The module's name from x, after a snowflake where it is frozen."""
    if module.look == "net-frozen":
        pen.flake(x + 6, middle)
        x, room = x + GLYPH, room - GLYPH
    pen.text(x, middle + 4.5, cut(module.name, room, NAME), "net-name")


def _draw_insets(pen: Pen, insets: list[Inset], left: float, top: float, width: float) -> None:
    for inset in insets:
        middle = left + width / 2
        if inset.look:
            pen.box(left, top, width, inset.height, inset.look, radius=5)
        if inset.look == "net-frozen":
            middle += GLYPH / 2
            longest = max(map(text_width, inset.lines))
            pen.flake(middle - longest / 2 - GLYPH / 2, top + 4 + LINE / 2)
        draw_lines(pen, inset.lines, middle, top, "middle")
        top += inset.height + PAD


def draw_lines(pen: Pen, lines: list[str], x: float, top: float, anchor: str) -> None:
    """Lines of text below each other."""
    for number, line in enumerate(lines):
        pen.text(x, top + 4 + LINE * (number + 0.5) + 4.5, line, anchor=anchor)


def _stacked(insets: Iterable[Inset]) -> float:
    """Height of insets above each other, with what separates them."""
    return sum(inset.height + PAD for inset in insets)


def draw_bar(
    pen: Pen,
    top: float,
    module: Module,
    left: float = BAR_LEFT,
    right: float = BAR_RIGHT,
    least: float = 32,
) -> float:
    """A module in the width of the network; returns where it ends."""
    after_name = left + 10 + GLYPH + text_width(module.name, NAME) + 4
    width = min(INSET_WIDTH, right - PAD - after_name)
    insets = module.insets(width, most=2)
    height = max(least, _stacked(insets) + PAD)
    pen = pen.group(module.hint)
    pen.box(left, top, right - left, height, module.look)
    _draw_name(pen, module, left + 10, top + height / 2, right - left - 20)
    start = top + (height - _stacked(insets) + PAD) / 2
    if module.own:
        own = insets.pop(0)
        draw_lines(pen, own.lines, right - 12, start, "end")
        start += own.height + PAD
    _draw_insets(pen, insets, right - PAD - width, start, width)
    return top + height


def draw_columns(pen: Pen, top: float, modules: list[Module]) -> float:
    """Modules beside each other, equally high; returns where they end."""
    width = _column_width()
    insets = [module.insets(width - 2 * PAD, most=4) for module in modules]
    height = 32 + max(map(_stacked, insets))
    for x, module, boxes in zip(column_middles(), modules, insets, strict=True):
        group = pen.group(module.hint)
        left = x - width / 2
        group.box(left, top, width, height, module.look)
        named = text_width(module.name, NAME) + (GLYPH if module.look == "net-frozen" else 0)
        _draw_name(group, module, x - named / 2, top + 16, width - 2 * PAD)
        _draw_insets(group, boxes, left + PAD, top + 32, width - 2 * PAD)
    return top + height


def _column_width() -> float:
    return (BAR_RIGHT - BAR_LEFT - (COLUMNS - 1) * COLUMN_GAP) / COLUMNS


def column_middles() -> list[float]:
    """Where the columns have their middles."""
    width = _column_width()
    return [BAR_LEFT + width / 2 + index * (width + COLUMN_GAP) for index in range(COLUMNS)]
