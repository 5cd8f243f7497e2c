"""Takes queued runs and sees to it that they are done."""

from peft_demo.execution.engine import Engine

__all__ = ["Engine"]
