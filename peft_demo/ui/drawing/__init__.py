"""A configuration's network and its method's formula, drawn for the page."""

from peft_demo.ui.drawing.network import draw
from peft_demo.ui.drawing.to_scale import draw_to_scale

__all__ = ["draw", "draw_to_scale"]
