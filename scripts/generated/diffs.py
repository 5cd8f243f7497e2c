"""Rows of the program's tables, and what they need, as the diffs that add them."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

METHOD = "beft"
"""The row of METHODS that is shown: one of the shortest."""


def method() -> str:
    """A row."""
    return _diff(("peft_demo/methods/selective.py", f'id="{METHOD}"'))


def data_set() -> str:
    """A row, and the functions that load it and say how exported code loads it."""
    reading = "peft_demo/data/hub.py"
    return _diff(
        (reading, "load_imdb"),
        (reading, "loading_code"),
        ("peft_demo/data/registry.py", "id=HUB_IMDB"),
    )


def base() -> str:
    """A family's row, and a base of it with the function that loads it."""
    file = "peft_demo/models/hub.py"
    return _diff(
        ("peft_demo/models/families.py", 'model_type="distilbert"'),
        (file, "load_distilbert"),
        (file, "id=HUB_BASE"),
    )


def executor() -> str:
    """The smallest executor, and where one is chosen."""
    file = "peft_demo/execution/executors/thread.py"
    return _diff(
        (file, "ThreadExecutor"),
        (file, "_Thread"),
        ("peft_demo/execution/executors/__init__.py", "preferred"),
    )


def page() -> str:
    """A tab, and the line that lists it."""
    return _diff(("peft_demo/ui/pages/runs.py", "RunsPage"), ("peft_demo/ui/page.py", "RunsPage,"))


def _diff(*pieces: tuple[str, str]) -> str:
    """Pieces of files as added lines.

    A piece is a file with the name of a function or class at its top, or with a text that stands
    in one line only, within a row, be it of a table or by itself.
    """
    told: list[str] = []
    file = ""
    for name, mark in pieces:
        text = (ROOT / name).read_text(encoding="utf-8")
        tree, lines = ast.parse(text), text.splitlines()
        told += [" "] if name == file else [f"--- a/{name}", f"+++ b/{name}", "@@"]
        file = name
        top = {getattr(node, "name", ""): node for node in tree.body}
        if mark in top:
            told += _added(top[mark], lines)
        else:
            row = _row_with(mark, tree, lines)
            (table,) = (node for node in tree.body if node.lineno <= row.lineno <= _end(node))
            told += [] if table.lineno == row.lineno else [f" {lines[table.lineno - 1]}"]
            told += _added(row, lines)
    return "\n".join(["```diff", *told, "```"])


def _row_with(text: str, tree: ast.Module, lines: list[str]) -> ast.expr:
    """The innermost call around the only line with a text, or the name that is all of it."""
    (number,) = (number for number, line in enumerate(lines, start=1) if text in line)
    nodes = list(ast.walk(tree))
    calls = (node for node in nodes if isinstance(node, ast.Call))
    names = [node for node in nodes if isinstance(node, ast.Name) and node.lineno == number]
    around = [call for call in calls if call.lineno < number <= _end(call)]
    return max(around or names, key=lambda node: node.lineno)


def _added(node: ast.stmt | ast.expr, lines: list[str]) -> list[str]:
    return [f"+{line}".rstrip() for line in lines[node.lineno - 1 : _end(node)]]


def _end(node: ast.stmt | ast.expr) -> int:
    return node.end_lineno or node.lineno
