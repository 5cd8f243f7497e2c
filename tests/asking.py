"""Asking a page's functions as its script does: by name, with one mapping."""

import json
from typing import Any


def ask(page: Any, name: str, request: Any = None) -> Any:
    functions = {function.__name__: function for function in page.functions()}
    return functions[name](request if request is not None else {})


def file(page: Any, name: str, request: Any) -> str:
    """The text of the file that an answer brings, without the mark that spreadsheets want."""
    text: str = json.loads(ask(page, name, request))["file"]["text"]
    return text.removeprefix("\ufeff")
