"""Takes queued runs and sees to it that they are trained."""

from peft_demo.execution.engine import LocalEngine, companions, execute, together

__all__ = [
    "LocalEngine",
    "companions",
    "execute",
    "together",
]
