"""Which base is meant by the name that a file or a text has for one.

Files name bases as their authors loaded them: by an id of the Hugging Face Hub, with its owner or
without, by an address, by a folder of the Hub's cache, or by a folder that could hold anything.
"""

from __future__ import annotations

import re
from pathlib import PureWindowsPath

from peft_demo.models.base import Pretrained
from peft_demo.models.families import ARCHITECTURES
from peft_demo.models.registry import BASES

_ADDRESS = re.compile(r"(https?://)?(www\.)?(huggingface\.co|hf\.co)/", re.IGNORECASE)

_FOLDER = re.compile(r"[./\\~$%]|[a-z]:|file:|.*\\|.*/.*/|.*/$", re.IGNORECASE)


def base_named(name: str) -> str | None:
    """The id of the base that a name means for certain; none for folders and other networks.

    A fine-tuned relative (``distilbert-base-uncased-finetuned-sst-2-english``) is another network.
    """
    came = name.strip()
    address = _ADDRESS.match(came)
    if address:
        came = "/".join(came[address.end() :].split("/")[:2])
    # A path into the Hub's cache is as good as the id that its folder has.
    cached = {part.lower() for part in PureWindowsPath(came).parts}
    for base_id, row in BASES.items():
        known = _names(row)
        if came.lower() in known or cached & {_in_cache(one) for one in known}:
            return base_id
    return None


def is_folder(name: str) -> bool:
    """Whether a name is a path on somebody's machine, which tells nothing of what lies there."""
    return _FOLDER.match(name.strip()) is not None and not _ADDRESS.match(name.strip())


def is_relative(name: str) -> bool:
    """Whether a name says that it is a network of a family here, with other weights.

    So do ``somebody/distilbert-base-uncased-emotion`` and ``distilbert-base-german-cased``.
    """
    if is_folder(name) or base_named(name):
        return False
    last = _last_part(name)
    known = {one for row in BASES.values() for one in _names(row)}
    return last not in known and any(model_type in last for model_type in ARCHITECTURES)


def _names(row: Pretrained) -> set[str]:
    """A base's ids, and these without their owner, as the Hub knew them before 2024."""
    return {known for name in (row.id, row.source) for known in (name.lower(), _last_part(name))}


def _last_part(name: str) -> str:
    return PureWindowsPath(name.strip()).name.lower()


def _in_cache(repository: str) -> str:
    """The folder that the Hub's cache has for a repository."""
    return f"models--{repository.replace('/', '--')}"
