"""What can be set, called and asked, from the tables and functions that do it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peft_demo.cli.app import app
from peft_demo.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]


def settings() -> str:
    """Every environment variable, with what holds where it is not set."""
    rows = ["| variable | default | allowed | what it decides |", "|---|---|---|---|"]
    for setting in SETTINGS:
        default = getattr(setting, "default", None) or getattr(setting, "choices", ("",))[0]
        if isinstance(default, Path):
            default = default.relative_to(ROOT).as_posix()
        allowed = getattr(setting, "allowed", "a folder")
        shown = f"`{default}`" if default else "–"
        rows.append(f"| `{setting.variable}` | {shown} | {allowed} | {setting.meaning} |")
    return "\n".join(rows)


def commands() -> str:
    """Every command with the first sentence of its help."""
    from typer.main import get_command

    group: Any = get_command(app)
    rows = ["| command | what it does |", "|---|---|"]
    for name, command in group.commands.items():
        rows.append(f"| `{name}` | {command.help.partition(chr(10) * 2)[0]} |")
    return "\n".join(rows)


def endpoints() -> str:
    """Every endpoint of the API with the first sentence of its docstring."""
    rows = ["| endpoint | what it does |", "|---|---|"]
    rows += [f"| `{call}` | {what} |" for call, what in _endpoints()]
    return "\n".join(rows)


def _endpoints() -> Iterator[tuple[str, str]]:
    """From the source, as importing the page takes Gradio seconds."""
    for name in ("api", "search_api", "data_api", "lab_api"):
        text = (ROOT / "peft_demo" / "ui" / f"{name}.py").read_text("utf-8")
        (adder,) = (
            node
            for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("add_")
        )
        yield from _endpoints_in(adder)


def _endpoints_in(adder: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    for node in adder.body:
        if isinstance(node, ast.FunctionDef):
            arguments = ", ".join(argument.arg for argument in node.args.args)
            what = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
            yield f"{node.name}({arguments})", what
