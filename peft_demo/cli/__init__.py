"""The command line, the only room that knows Typer."""

from peft_demo.cli.app import main

__all__ = ["main"]
