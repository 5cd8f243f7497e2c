"""What a process tells on its standard error: our own lines, and other packages' errors."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any

OURS = "peft_demo"

_QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_VERBOSITY": "error",
    "DATASETS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}
"""These packages write past the root logger; each reads how loud it is while it is imported."""


def start() -> None:
    """Let nobody read what he cannot act on: other packages' warnings, and their progress bars.

    What a variable or Python's own ``-W`` asks for is shown all the same.
    """
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    handler = logging.StreamHandler()
    handler.addFilter(_is_for_people)
    form = "%(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, format=form, handlers=[handler])
    if not sys.warnoptions:
        # Through the same filter. Filters of the warnings module would be overruled by those that
        # packages add when they are imported.
        logging.captureWarnings(True)


def digest(owner: str) -> str:
    """What tells owners apart and cannot be turned back: visitors' ids are 128 random bits."""
    return hashlib.sha256(owner.encode()).hexdigest()[:12]


def about(event: str, owner: str = "", **known: Any) -> dict[str, Any]:
    """For ``extra=`` of a line: the event's name, whose it is, and such as ``run`` and ``seconds``.

    A line's message and these hold no text that people wrote.
    """
    whose = {"owner": digest(owner)} if owner else {}
    return {"about": {"event": event, **whose, **known}}


def write_json() -> None:
    """From here on a line of JSON for each event, those included that are no trouble."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_AsJson())
    logging.getLogger(OURS).setLevel(logging.INFO)


class _AsJson(logging.Formatter):
    """time (UTC), level, logger, message, what ``about`` tells, and an exception."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "about", {}),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def _is_for_people(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR or record.name.partition(".")[0] == OURS
