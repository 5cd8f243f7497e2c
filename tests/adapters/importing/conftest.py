"""Adapters to be changed and brought in, and a network that nobody reaches."""

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from imported_adapters import FILES, Change
from safetensors.torch import load_file, save_file
from small_runs import small_config

from peft_demo import adapters, models
from peft_demo.adapters.importing import inspection
from peft_demo.data import SENTIMENT


@pytest.fixture
def copied(tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of an adapter with another configuration or other tensors."""

    def copy(source: Path, config: Change | None = None, tensors: Change | None = None) -> Path:
        folder = tmp_path / "adapter"
        folder.mkdir()
        for name in FILES:
            shutil.copy(source / name, folder / name)
        if config:
            values = json.loads((folder / adapters.CONFIG).read_text())
            config(values)
            (folder / adapters.CONFIG).write_text(json.dumps(values))
        if tensors:
            weights = load_file(folder / adapters.WEIGHTS)
            tensors(weights)
            save_file(weights, folder / adapters.WEIGHTS, metadata={"format": "pt"})
        return folder

    return copy


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in base as a folder that transformers reads."""
    folder = tmp_path_factory.mktemp("exported")
    models.export(folder, SENTIMENT)
    return folder


@pytest.fixture
def built(base: models.Base, tmp_path: Path) -> Callable[[str], Path]:
    """Makes an untrained adapter of a method."""

    def build(method: str) -> Path:
        with torch.random.fork_rng():
            torch.manual_seed(3)
            model = adapters.build(base, small_config(method))
        adapters.save(model, tmp_path / method)
        return tmp_path / method

    return build


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What anybody tried to reach; nobody gets there."""
    tried: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        tried.append(arguments)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tried


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what files say: the trial of what they hold takes most of a second."""
    monkeypatch.setattr(inspection, "try_out", lambda *_: None)
