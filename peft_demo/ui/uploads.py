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

import gradio.routes
import pydantic
from gradio.route_utils import FileUploadProgress
from gradio.utils import get_upload_folder
from pydantic import Field

from peft_demo.data.own import Source
from peft_demo.errors import PeftDemoError
from peft_demo.fields import shown

DAY = 24 * 3600
"""In seconds, for which what was uploaded is kept."""

MOST_FOLLOWED = 500
"""Uploads whose progress is remembered."""

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


def is_address(path: str) -> bool:
    """Whether Gradio would fetch what a path names."""
    return path.strip().lower().startswith(("http://", "https://"))


def require_no_address(value: object) -> None:
    """Refuse addresses where files are asked for: Gradio would fetch them, whatever their size.

    Raises:
        PeftDemoError: a value says of itself that it is a file, and names an address.
    """
    if isinstance(value, dict):
        path, meta = value.get("path"), value.get("meta")
        if isinstance(path, str) and isinstance(meta, dict) and is_address(path):
            raise PeftDemoError(f"A file must be uploaded, got the address {shown(path)}.")
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            require_no_address(each)


class Progress(FileUploadProgress):
    """How far uploads are; Gradio's remembers every id that anybody ever asked about."""

    async def is_tracked(self, upload_id: str) -> bool:
        """Whether its upload has begun; waits for it."""
        try:
            return await super().is_tracked(upload_id)
        finally:
            if upload_id not in self._statuses:
                self._signals.pop(upload_id, None)

    def track(self, upload_id: str) -> None:
        """Remember an upload that begins, and not too many that nobody follows."""
        super().track(upload_id)
        while len(self._statuses) > MOST_FOLLOWED:
            self.stop_tracking(next(iter(self._statuses)))

    def stop_tracking(self, upload_id: str) -> None:
        """Forget an upload."""
        super().stop_tracking(upload_id)
        self._signals.pop(upload_id, None)


def bound_progress() -> None:
    """Let Gradio follow uploads with ``Progress``."""
    gradio.routes.file_upload_statuses = Progress()


def _sweep(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        with suppress(OSError):
            if path.lstat().st_mtime < time.time() - DAY:
                shutil.rmtree(path)
