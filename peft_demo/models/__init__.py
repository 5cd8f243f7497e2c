"""Base networks: what they are, how they load, and what they compute with."""

from peft_demo.models.architecture import (
    ATTENTION,
    FEEDFORWARD,
    HEAD_MODULES,
    LAYER_NORMS,
    MODULES,
    Shape,
)
from peft_demo.models.base import Base
from peft_demo.models.loading import default_base, export, load
from peft_demo.models.registry import (
    BASE_MODELS,
    BUILTIN_BASE,
    HUB_BASE,
    published_shape_of,
    shape_of,
)

__all__ = [
    "ATTENTION",
    "BASE_MODELS",
    "BUILTIN_BASE",
    "FEEDFORWARD",
    "HEAD_MODULES",
    "HUB_BASE",
    "LAYER_NORMS",
    "MODULES",
    "Base",
    "Shape",
    "default_base",
    "export",
    "load",
    "published_shape_of",
    "shape_of",
]
