"""Takes queued runs and sees to it that they are done."""

from peft_demo.execution.engine import Engine
from peft_demo.execution.executors import preferred

__all__ = ["Engine", "preferred"]
