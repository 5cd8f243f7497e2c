"""Why files hold no adapter that could be read: what they are instead, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from peft_demo.adapters import files
from peft_demo.adapters.importing.archive import FILES, WANTED, Entry
from peft_demo.adapters.importing.refusals import listed
from peft_demo.fields import shown

ADAPTER_HUB = (
    "must be peft's, got one of AdapterHub (the library adapters), which peft does not read."
)

_ADAPTER_HUB_FILES = {
    "pytorch_adapter.bin",
    "adapter.safetensors",
    "head_config.json",
    "pytorch_model_head.bin",
    "model_head.safetensors",
}

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")

_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".xz", ".bz2", ".zst")

_AS_SAFETENSORS = (
    "must hold its weights as safetensors, because loading a pickle runs code, got {}: where you "
    "trust it, load it with peft and save it again with save_pretrained(folder), which writes "
    "safetensors."
)


def why_none(found: Sequence[Entry]) -> str:
    """The sentence on files among which no folder has both of an adapter's."""
    paths = sorted((entry.path for entry in found), key=lambda path: (len(path.parts), path))
    names = {path.name for path in paths}
    if names & _ADAPTER_HUB_FILES:
        return ADAPTER_HUB
    if {"data.pkl", "version"} <= names:
        return _AS_SAFETENSORS.format("a file that torch.save wrote")
    configs = [path for path in paths if path.name == files.CONFIG]
    if configs:
        return _without_weights(configs[0], paths)
    if files.FULL_CONFIG in names and names & {files.FULL_WEIGHTS, "pytorch_model.bin"}:
        return f"must be an adapter, {WANTED}; got a whole model, which is not taken here."
    archives = [path for path in paths if path.suffix.lower() in _ARCHIVES]
    if archives and files.WEIGHTS not in names:
        return f"must be {WANTED}; got {shown(str(archives[0]))} inside: unpack that first."
    pickles = [path for path in paths if path.suffix.lower() in _PICKLES]
    if pickles and files.WEIGHTS not in names:
        return _AS_SAFETENSORS.format(shown(str(pickles[0])))
    return f"must have {files.CONFIG}: it is {WANTED}; got {_told(paths)}."


def _without_weights(config: PurePosixPath, paths: Sequence[PurePosixPath]) -> str:
    beside = [path for path in paths if path.parent == config.parent and path != config]
    pickles = [path for path in beside if path.suffix.lower() in _PICKLES]
    own = [path for path in pickles if path.stem == PurePosixPath(files.WEIGHTS).stem]
    if own or (pickles and not any(path.name in FILES for path in paths if path != config)):
        return _AS_SAFETENSORS.format(shown(str((own or pickles)[0])))
    return f"must have {files.WEIGHTS}: it is {WANTED}; got {_told(paths)}."


def _told(paths: Sequence[PurePosixPath]) -> str:
    return listed([shown(str(path)) for path in paths]) or "nothing"
