"""Adapters as somebody brings them, and the sentence that refuses one."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peft_demo import adapters
from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import ImportedConfig
from peft_demo.settings import ADAPTERS

LORA = ADAPTERS / "reference-recommended-lora"
IA3 = ADAPTERS / "reference-ia3"
FILES = (adapters.CONFIG, adapters.WEIGHTS)

Change = Callable[[dict[str, Any]], object]


def refusal(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(InvalidFieldsError) as caught:
        call(*arguments)
    (sentence,) = caught.value.problems.values()
    assert list(caught.value.problems) == ["adapter"]
    assert sentence.startswith("adapter ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def retested(config: ImportedConfig, **changes: object) -> ImportedConfig:
    """An import that is tested in another way."""
    return ImportedConfig({**config.flat(), **changes})


def zipped(path: Path, members: dict[str, bytes], **more: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data, **more)
    return path


def members(folder: Path, prefix: str = "") -> dict[str, bytes]:
    return {f"{prefix}{name}": (folder / name).read_bytes() for name in FILES}


SMALL = {adapters.CONFIG: b"{}", adapters.WEIGHTS: b"weights"}
