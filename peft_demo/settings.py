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
    value = os.environ.get("PEFT_DEMO_FORWARD") or "fast"
    if value not in ("fast", "transformers"):
        name = "PEFT_DEMO_FORWARD"
        problem = f"{name} must be fast or transformers, got {value[:40]!r}."
        raise InvalidFieldsError({name: problem})
    return value


def _folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().absolute() if value else None
