"""Shapes on paper: the elements of the SVG and how they look."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

PLUS = 9.0
"""Radius of the circle where a residual connection is added."""

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


class Pen:
    """Draws into one element of the SVG."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element

    def group(self, hint: str) -> Pen:
        """A pen for a group with a tooltip."""
        element = ET.SubElement(self._element, "g")
        ET.SubElement(element, "title").text = clean(hint)
        return Pen(element)

    def box(
        self, left: float, top: float, width: float, height: float, look: str, radius: float = 7
    ) -> ET.Element:
        """A rectangle with round corners; its height may be set later."""
        return self._shape(
            "rect", look, x=left, y=top, width=width, height=height, rx=radius, ry=radius
        )

    def text(self, x: float, y: float, text: str, look: str = "", anchor: str = "start") -> None:
        """A line of text whose baseline is at y."""
        element = self._shape("text", look, x=x, y=y)
        element.set("text-anchor", anchor)
        element.text = clean(text)

    def line(self, *points: tuple[float, float], dotted: bool = False) -> None:
        """A line from point to point."""
        path = " L".join(f"{written(x)} {written(y)}" for x, y in points)
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
        tip.set("transform", f"translate({written(x)} {written(y)}) rotate({written(angle)})")

    def plus(self, x: float, y: float) -> None:
        """Where a residual connection is added."""
        self._shape("circle", "net-step", cx=x, cy=y, r=PLUS)
        self.line((x - 5, y), (x + 5, y))
        self.line((x, y - 5), (x, y + 5))

    def dot(self, x: float, y: float) -> None:
        """Where a dotted line meets what it speaks of."""
        self._shape("circle", "net-tip", cx=x, cy=y, r=3.5)

    def flake(self, x: float, y: float) -> None:
        """A snowflake around a point."""
        arm = "M0 0 V-6 M-2 -5.2 L0 -3.4 L2 -5.2"
        flake = ET.SubElement(self._element, "g", {"class": "net-flake"})
        flake.set("transform", f"translate({written(x)} {written(y)})")
        for turn in range(0, 360, 60):
            ET.SubElement(flake, "path", {"d": arm, "transform": f"rotate({turn})"})

    def _shape(self, tag: str, look: str, **measures: float) -> ET.Element:
        element = ET.SubElement(self._element, tag)
        if look:
            element.set("class", look)
        for name, value in measures.items():
            element.set(name, written(value))
        return element


def clean(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(letter for letter in text if letter.isprintable())


def written(value: float) -> str:
    """A measure, as it stands in an SVG."""
    return f"{value:g}"
