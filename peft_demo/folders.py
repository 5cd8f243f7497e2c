"""Which folders this machine has is its owner's business: texts for others do not say it."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from markupsafe import escape

from peft_demo import settings

_OWN = [row for row in settings.SETTINGS if isinstance(row, settings.Folder)]

_CACHES = ("HF_HOME", "HF_HUB_CACHE", "GRADIO_TEMP_DIR")

_VARIABLES = ("HOME", "USERPROFILE", "TMPDIR", *_CACHES, *(row.variable for row in _OWN))
"""Of the environment, that say where folders lie."""

_BEGINS = r"(?:/|[A-Za-z]:[\\/]|~[\\/]|…[\\/])"

_QUOTED = re.compile(rf"""(['"]){_BEGINS}(?:(?!\1).)*[\\/]((?:(?!\1)[^\\/\n])*)\1""")
"""What an error of Python's tells; there may be spaces in it."""

_PLAIN = re.compile(rf"""(?<![\w:/.<\\~…]){_BEGINS}(?:[^\s'"/\\:,;]+[\\/]+)+([^\s'"/\\:,;]*)""")


def without_paths(words: str) -> str:
    """Words in which an absolute path is no more than its last name: ``…/adapter.safetensors``.

    What lies in one of the program's own folders is told with that folder's variable:
    ``PEFT_DEMO_HOME/run-000003``. For sentences of errors: of a text with code or addresses in it
    this could take something else for a path.
    """
    shorter = _QUOTED.sub(r"\1…/\2\1", without_folders(words))
    return _PLAIN.sub(r"…/\1", shorter)


def without_folders(words: str) -> str:
    """Words in which no folder of the machine stands that the program knows; any text may come."""
    if "/" in words or "\\" in words:
        for written, whole, name in _known(*map(os.environ.get, _VARIABLES)):
            if written in words:
                words = whole.sub(name, words)
    return words


@lru_cache(maxsize=8)
def _known(*_named: str | None) -> list[tuple[str, re.Pattern[str], str]]:
    """Folders as they may be written, and what stands for each, while the environment is this.

    The inner come before those around them.
    """
    within = (settings.ADAPTERS.parent, tempfile.gettempdir(), sys.prefix, sys.base_prefix)
    caches = map(os.environ.get, _CACHES)
    names = {
        Path("~").expanduser(): "~",
        **{Path(each): "…" for each in (*within, *caches) if each},
    }
    names |= {folder: row.variable for row in _OWN if (folder := row())}
    names |= {Path(os.path.realpath(folder)): name for folder, name in names.items()}
    # One at the top, such as /tmp or /app, tells nothing, and may stand in anybody's text.
    told = {str(folder): name for folder, name in names.items() if len(folder.parts) > 2}
    return [
        (written, re.compile(rf"(?<![\w.~…-]){re.escape(written)}(?![\w-]|\.\w)"), told[folder])
        for folder in sorted(told, key=len, reverse=True)
        for written in sorted({folder, json.dumps(folder)[1:-1], str(escape(folder))})
    ]
