"""Pretrained: one row of BASES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from peft_demo.data.dataset import LoadingCode
from peft_demo.models.architecture import Architecture, Shape
from peft_demo.settings import OptionalFolder

if TYPE_CHECKING:
    from peft_demo.models.base import Base


@dataclass(frozen=True)
class Pretrained:
    """A network that runs can start from: what it is, where it comes from, and how it loads."""

    id: str
    """As adapter_config.json names it."""
    label: str
    """What the page calls it: ``all-MiniLM-L6-v2 (built in)``."""
    source: str
    """Its id on the Hugging Face Hub."""
    licence: str
    shape: Shape
    """As it was published, the same on every machine."""
    load: Callable[[], Base]
    """Raises AssetError where its files are missing, damaged or out of reach."""
    is_at_hand: Callable[[], bool]
    """Whether it loads without a download."""
    code: LoadingCode
    note: str = ""
    """What somebody who has an adapter of it must do to get it, if its id is not enough."""
    folder: OptionalFolder | None = None
    """The setting that names a local folder to load instead."""

    @property
    def architecture(self) -> Architecture:
        """Its family."""
        return self.shape.architecture
