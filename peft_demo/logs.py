"""What a process tells on its standard error: our own lines, and other packages' errors."""

from __future__ import annotations

import logging
import os
import sys

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


def _is_for_people(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR or record.name.partition(".")[0] == OURS
