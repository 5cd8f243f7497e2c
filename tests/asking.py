"""Asking a page's functions as its script does: by name, with one mapping."""

from typing import Any


def ask(page: Any, name: str, request: Any = None) -> Any:
    functions = {function.__name__: function for function in page.functions()}
    return functions[name](request if request is not None else {})
