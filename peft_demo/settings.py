"""Where files live and which local folders stand in for the Hub, read from the environment."""

import os
from pathlib import Path

from peft_demo.errors import InvalidFieldsError

_ROOT = Path(__file__).resolve().parent.parent

ADAPTERS = _ROOT / "adapters"
"""The reference adapters that come with the program."""

BENCHMARKS = _ROOT / "benchmarks"
"""What was measured, and comes with the program."""


def home() -> Path:
    """The folder that everything the app writes goes into (``PEFT_DEMO_HOME``)."""
    return Path(os.environ.get("PEFT_DEMO_HOME") or ADAPTERS / "runs").expanduser().absolute()


def distilbert_folder() -> Path | None:
    """A local copy of distilbert-base-cased to use instead of the Hub's, if one is named."""
    return _folder("PEFT_DEMO_DISTILBERT_FOLDER")


def imdb_folder() -> Path | None:
    """A local copy of stanfordnlp/imdb to use instead of the Hub's, if one is named."""
    return _folder("PEFT_DEMO_IMDB_FOLDER")


def forward() -> str:
    """How networks compute (``PEFT_DEMO_FORWARD``): ``fast``, or as ``transformers`` does.

    Raises:
        InvalidFieldsError: it is neither.
    """
    return _choice("PEFT_DEMO_FORWARD", "fast", "transformers")


def repeats() -> str:
    """How runs that differ by seed or learning rate are trained (``PEFT_DEMO_REPEATS``).

    ``one_pass`` computes their steps at once, ``apart`` trains one after another, and ``auto``
    does the former on a GPU only.

    Raises:
        InvalidFieldsError: it is none of them.
    """
    return _choice("PEFT_DEMO_REPEATS", "auto", "one_pass", "apart")


def precision() -> str:
    """The type of number to compute in (``PEFT_DEMO_PRECISION``).

    ``auto`` is ``bfloat16`` where the machine multiplies faster in it, else ``float32``.

    Raises:
        InvalidFieldsError: it is none of them.
    """
    return _choice("PEFT_DEMO_PRECISION", "auto", "bfloat16", "float32")


def _choice(variable: str, default: str, *others: str) -> str:
    value = os.environ.get(variable) or default
    if value not in (default, *others):
        allowed = f"{', '.join([default, *others][:-1])} or {others[-1]}"
        raise InvalidFieldsError({variable: f"{variable} must be {allowed}, got {value[:40]!r}."})
    return value


def _folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().absolute() if value else None
