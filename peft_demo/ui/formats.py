"""How values read in the page's templates: as everywhere, a number and its unit on one line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from peft_demo import formats
from peft_demo.comparison import describe, words
from peft_demo.languages import _, in_signs
from peft_demo.runs.results import Evaluation
from peft_demo.templating import NUMBERS


def glued(sentence: str) -> str:
    """A number and its unit stay on one line, and so does a p value."""
    units = re.sub(r"(\d) (?=(?:%|[kMG]B|m?s|min|h)(?!\w))", "\\1\u00a0", sentence)
    return re.sub(r"p ([=<]) ", "p\u00a0\\1\u00a0", units)


def percent(share: float) -> str:
    """Such as ``81.2 %``."""
    return glued(formats.percent(share))


def give_or_take(of: Evaluation) -> str:
    """An accuracy with half the width of its interval: ``83.9 % ± 1.6``."""
    return f"{percent(of.accuracy)}\u00a0±\u00a0{formats.fixed(50 * (of.high - of.low), 1)}"


def duration(expected: tuple[float, float] | None) -> str:
    """The seconds between which a training is expected to take, without its test."""
    if expected is None:
        return _("time unknown yet")
    return _("%(time)s of training") % {"time": from_to(expected)}


def from_to(seconds: tuple[float, float]) -> str:
    """Such as ``32 s to 75 s``, or one of them if they are the same."""
    low, high = map(formats.about, seconds)
    return low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}


def tenth(value: float) -> str:
    """Such as ``7.3``."""
    return formats.fixed(value, 1)


def exact(value: float) -> str:
    """Six digits, with commas."""
    return in_signs(f"{float(f'{value:.6g}'):,.6f}".rstrip("0").rstrip("."))


def plain(value: Any) -> str:
    """A setting as JSON has it, lists without brackets; nothing for null."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _written(write: Callable[..., str], *values: Any) -> str:
    return glued(write(*values))


FILTERS: dict[str, Callable[..., str | float]] = {
    "between": partial(_written, words.between),
    "p_value": lambda p: words.p_value(p).removeprefix("p ").removeprefix("= "),
    "log": math.log,
    "written": describe.written,
    **{write.__name__: partial(_written, write) for write in NUMBERS},
    **{write.__name__: write for write in (give_or_take, exact, glued, plain, tenth)},
}
