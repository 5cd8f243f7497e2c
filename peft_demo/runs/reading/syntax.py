"""Python's own parser, which says why a text is no Python instead of raising."""

from __future__ import annotations

import ast
import threading
import warnings

_warnings = threading.Lock()


def is_python(code: str) -> bool:
    """Whether a text is Python as it stands."""
    return attempt(code)[0] is not None


def attempt(code: str) -> tuple[list[ast.stmt] | None, str]:
    """Its statements, or why there are none, with the line where it says so."""
    try:
        # Python warns of a backslash that escapes nothing, as in a regular expression.
        with _warnings, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code).body, ""
    except SyntaxError as error:
        return None, f"{error.msg}|{error.lineno or 1}"
    except (ValueError, RecursionError, MemoryError) as error:
        nested = isinstance(error, (RecursionError, MemoryError))
        reason = "nested too deeply" if nested else str(error)
        return None, f"{reason}|1"
