"""Base networks: what they are, how they load, and what they compute with."""

from peft_demo.models.architecture import Architecture, Shape
from peft_demo.models.base import Base, Pretrained
from peft_demo.models.loading import default_base, export, load
from peft_demo.models.module_names import Named, NamesOf, is_pattern, listed, named
from peft_demo.models.names import base_named, is_folder, is_relative
from peft_demo.models.registry import (
    BASES,
    BUILTIN_BASE,
    FAMILY,
    HUB_BASE,
    UNCASED_HUB_BASE,
    shape_of,
    told,
)

__all__ = [
    "BASES",
    "BUILTIN_BASE",
    "FAMILY",
    "HUB_BASE",
    "UNCASED_HUB_BASE",
    "Architecture",
    "Base",
    "Named",
    "NamesOf",
    "Pretrained",
    "Shape",
    "base_named",
    "default_base",
    "export",
    "is_folder",
    "is_pattern",
    "is_relative",
    "listed",
    "load",
    "named",
    "shape_of",
    "told",
]
