"""The network with what a configuration trains, drawn for the page."""

from peft_demo.ui.drawing.network import draw

__all__ = ["draw"]
