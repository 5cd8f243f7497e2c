"""Files that clients send: where they lie, how long, and which of the server's one may name."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import pydantic
from gradio.utils import get_upload_folder
from pydantic import Field

from peft_demo.data.own import Source

DAY = 24 * 3600
"""In seconds, for which what was uploaded is kept."""

_IS_FILE = {"_type": "gradio.FileData"}


def _uploaded(value: dict[str, Any]) -> dict[str, Any]:
    """A file that was uploaded; of any other, a client could ask the server to read it.

    Gradio looks only at what says of itself that it is a file.
    """
    path, folder = value.get("path"), Path(get_upload_folder()).resolve()
    if value.get("meta") != _IS_FILE or not isinstance(path, str) or "\0" in path:
        raise ValueError("no file")
    if folder not in Path(path).resolve().parents:
        raise ValueError("not uploaded")
    return value


Upload: TypeAlias = Annotated[
    dict[str, Any],
    pydantic.AfterValidator(_uploaded),
    Field(description='an uploaded file, such as gradio_client.handle_file("adapter.zip")'),
]

OptionalUpload: TypeAlias = Annotated[
    Upload | None, Field(description="an uploaded file, or nothing")
]


def source_in(file: dict[str, Any]) -> Source:
    """What an uploaded file holds, under the name that it had."""
    path = Path(file["path"])
    return Source(file.get("orig_name") or path.name, path.read_bytes())


def keep_apart(home: Path) -> None:
    """Let a store's uploads lie in a folder of their own, and remove what killed servers left.

    A server that runs removes its own old uploads itself: see ``delete_cache``.
    """
    mark = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    own = str(Path(tempfile.gettempdir()) / f"peft_demo-uploads-{mark}")
    _sweep(Path(os.environ.setdefault("GRADIO_TEMP_DIR", own)), "*")
    _sweep(home, ".import-*")


def _sweep(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        with suppress(OSError):
            if path.lstat().st_mtime < time.time() - DAY:
                shutil.rmtree(path)
