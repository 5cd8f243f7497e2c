"""Rows of the program's tables as the diffs that add them."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

METHOD = "beft"
"""The row of METHODS that is shown: one of the shortest."""


def method() -> str:
    """The source of a short row and of what builds its configuration."""
    return _diff("peft_demo/methods/selective.py", f"_{METHOD}", f'id="{METHOD}"')


def _diff(name: str, definition: str, row: str) -> str:
    """A function, and the call in a table of rows that says ``row``, as added lines."""
    text = (ROOT / name).read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    function = next(node for node in tree.body if getattr(node, "name", "") == definition)
    call = _row_with(row, tree, lines)
    table = next(node for node in tree.body if node.lineno <= call.lineno <= (node.end_lineno or 0))
    added = [
        f"--- a/{name}",
        f"+++ b/{name}",
        "@@",
        *_added(function, lines),
        " ",
        f" {lines[table.lineno - 1]}",
        *_added(call, lines),
    ]
    return "\n".join(["```diff", *added, "```"])


def _row_with(row: str, tree: ast.Module, lines: list[str]) -> ast.Call:
    """The innermost call of several lines that holds the only line with a text."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    holding = [
        call
        for call in calls
        if any(row in line for line in lines[call.lineno - 1 : call.end_lineno])
    ]
    return min(holding, key=lambda call: (call.end_lineno or 0) - call.lineno)


def _added(node: ast.stmt | ast.expr, lines: list[str]) -> list[str]:
    return [f"+{line}".rstrip() for line in lines[node.lineno - 1 : node.end_lineno]]
