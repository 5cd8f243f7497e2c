"""Files that clients send: which of the server's own files one may name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import pydantic
from gradio.utils import get_upload_folder
from pydantic import Field

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
