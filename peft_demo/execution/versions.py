"""What a machine computes with, as far as its numbers depend on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

import peft_demo

PACKAGES = ("torch", "transformers", "peft")


def versions() -> dict[str, str]:
    """The packages that train, and the program itself."""
    packages = {name: version(name).partition("+")[0] for name in PACKAGES}
    return {**packages, "peft_demo": f"{peft_demo.__version__} ({_source()})"}


def difference(host: str, theirs: Mapping[str, str]) -> str:
    """Why a machine with these versions cannot help, in a sentence; empty if it can."""
    for name, ours in versions().items():
        if theirs.get(name) != ours:
            return (
                f"{host} is not used: it has {name} {theirs.get(name, 'nowhere')}, and this "
                f"program {ours}."
            )
    return ""


@cache
def _source() -> str:
    """Of the program's source: two checkouts can call themselves the same version."""
    root = Path(peft_demo.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
