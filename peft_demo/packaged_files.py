"""Files that come in pip packages."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from peft_demo.errors import AssetError


def package_folder(package: str, otherwise: str) -> Path:
    """Where pip has put a package, which is not imported: that would load more than is needed.

    Raises:
        AssetError: it is not installed; says ``otherwise``.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise AssetError(f"{otherwise} with pip install -r requirements.txt.")
    return Path(next(iter(spec.submodule_search_locations)))


def check_file(path: Path, sha256: str) -> None:
    """Refuse a file that is missing or is not the one the program was built for.

    Raises:
        AssetError: names the file.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AssetError(f"The file {path.name} of the built-in assets is missing.") from error
    if found != sha256:
        raise AssetError(
            f"The file {path.name} of the built-in assets is damaged: its sha256 must be "
            f"{sha256[:12]}…, got {found[:12]}…. Install requirements.txt again."
        )
