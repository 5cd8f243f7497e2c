"""How values read in the page's templates: a number and its unit stay on one line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from peft_demo.comparison.words import between, p_value
from peft_demo.runs.results import Evaluation


def percent(share: float, digits: int = 1) -> str:
    """Such as ``81.2 %``."""
    return f"{100 * share:.{digits}f}\u00a0%"


def give_or_take(of: Evaluation) -> str:
    """An accuracy with half the width of its interval: ``83.9 % ± 1.6``."""
    return f"{percent(of.accuracy)}\u00a0±\u00a0{50 * (of.high - of.low):.1f}"


def points(difference: float) -> str:
    """A difference of two percentages with its sign: ``−1.4``."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def size(number: float) -> str:
    """Bytes of a file."""
    if number >= 1e6:
        return f"{number / 1e6:.1f}\u00a0MB"
    return f"{max(1, round(number / 1e3))}\u00a0kB"


def seconds(time: float) -> str:
    """A measured time."""
    if time >= 90:
        return f"{time / 60:.1f}\u00a0min"
    return f"{time:.{1 if time < 10 else 0}f}\u00a0s"


def duration(expected: tuple[float, float] | None) -> str:
    """A range of seconds to expect."""
    if expected is None:
        return "time unknown yet"
    low, high = map(_roughly, expected)
    return low if low == high else f"{low} to {high}"


def _roughly(time: float) -> str:
    if time < 90:
        return f"{max(1, round(time))} s"
    if time < 5_400:
        return f"{round(time / 60)} min"
    return f"{time / 3600:.1f} h"


def milliseconds(time: float) -> str:
    """A measured time of one prediction."""
    return f"{time:.3g}\u00a0ms"


def exact(number: float) -> str:
    """Six digits, with commas."""
    return f"{float(f'{number:.6g}'):,.6f}".rstrip("0").rstrip(".")


def glued(sentence: str) -> str:
    """A number and its percent sign stay on one line, and so does a p value."""
    return re.sub(r"p ([=<]) ", "p\u00a0\\1\u00a0", re.sub(r"(\d) %", "\\1\u00a0%", sentence))


def plain(value: Any) -> str:
    """A setting as JSON has it, lists without brackets; nothing for null."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


FILTERS: dict[str, Callable[..., str | float]] = {
    "whole": "{:,}".format,
    "between": lambda ends: glued(between(ends)),
    "p_value": lambda p: p_value(p).removeprefix("p ").removeprefix("= "),
    "log": math.log,
    **{
        write.__name__: write
        for write in (
            percent,
            give_or_take,
            points,
            size,
            seconds,
            milliseconds,
            exact,
            glued,
            plain,
        )
    },
}
