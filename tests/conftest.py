"""Fixtures that several test files share. What is slow to make is made once."""

from __future__ import annotations

import os
import shutil
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from small_runs import small_config

from peft_demo import hardware
from peft_demo.engine import execute
from peft_demo.methods import METHODS
from peft_demo.runs import Run
from peft_demo.store import Store

if TYPE_CHECKING:
    from torch import nn

    from peft_demo.bases import Base

# As the program itself does: several processes with torch run at once here too.
hardware.share_cores()

# New examples on a developer's machine; the same ones in CI, where a find would block others.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session", autouse=True)
def only_temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes beside the program, or sees this machine's local copies of models."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("PEFT_DEMO_"):
                patch.delenv(name)
        patch.setenv("PEFT_DEMO_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PEFT_DEMO_HOME of the test's own."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("PEFT_DEMO_HOME", str(folder))
    return folder


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store(home)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def base():
    """The built-in base model."""
    from peft_demo import bases

    return bases.load(bases.BUILTIN_BASE)


class _Runs(Mapping[str, Run]):
    """A small run of each row of METHODS, trained when it is first asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done: dict[str, Run] = {}

    def __getitem__(self, method: str) -> Run:
        if method not in self._done:
            started = self._store.start(small_config(method), "tester")
            self._done[method] = execute(self._store, started)
        return self._done[method]

    def __iter__(self) -> Iterator[str]:
        return iter(METHODS)

    def __len__(self) -> int:
        return len(METHODS)


@dataclass(frozen=True)
class Trained:
    """One completed small run of every method, in a store of their own."""

    store: Store
    runs: Mapping[str, Run]
    checksum_before: str
    """Of the shared base's weights, before the first of these runs."""

    def folder(self, method: str) -> Path:
        return self.store.folder_of(self.runs[method].run_id)

    def load(self, method: str, base: Base) -> nn.Module:
        """The run's saved model, loaded as the program does."""
        from peft_demo import adapters

        private = METHODS[method].writes_to_base
        return adapters.load(self.folder(method), base, private=private)

    def ids(self, *methods: str) -> list[str]:
        return [self.runs[method].run_id for method in methods or self.runs]

    def copy(self, home: Path, *methods: str) -> Store:
        """A store of the test's own, with the files of these methods' runs."""
        wanted = self.ids(*methods)
        left_out = {run_id for run_id in self.store.ids() if run_id not in wanted}
        shutil.copytree(
            self.store.folder, home, ignore=lambda _, names: left_out.intersection(names)
        )
        return Store(home)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, base) -> Trained:
    """A run of every row of METHODS, trained for real; nobody may change it."""
    opened = Store(tmp_path_factory.mktemp("trained"))
    return Trained(opened, _Runs(opened), base.checksum())


@pytest.fixture
def forget_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load bases from their files again; what was in memory comes back after the test."""
    from peft_demo import bases

    monkeypatch.setattr(bases, "_loaded", {})


@pytest.fixture
def forget_reviews(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for data sets."""
    from peft_demo import reviews

    monkeypatch.setattr(reviews, "_pools", {})


@pytest.fixture(scope="session")
def distilbert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny DistilBERT with random weights and a cased vocabulary, as on the Hub."""
    return _distilbert(tmp_path_factory.mktemp("distilbert"), dim=32)


@pytest.fixture(scope="session")
def wider_distilbert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that is wide enough for every method's default values."""
    return _distilbert(tmp_path_factory.mktemp("wider"), dim=128)


def _distilbert(folder: Path, dim: int) -> Path:
    import torch
    from transformers import BertTokenizer, DistilBertConfig, DistilBertForMaskedLM

    letters = string.ascii_letters + string.digits + string.punctuation
    words = ["The", "the", "film", "movie", "good", "bad", "not", "and", "was", "is"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary += [*words, *letters, *(f"##{letter}" for letter in string.ascii_letters)]
    (folder / "words.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    tokenizer = BertTokenizer(
        str(folder / "words.txt"),
        do_lower_case=False,
        model_input_names=["input_ids", "attention_mask"],
    )
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = DistilBertConfig(
            vocab_size=len(vocabulary), dim=dim, n_layers=2, n_heads=2, hidden_dim=2 * dim
        )
        DistilBertForMaskedLM(config).save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Finished]:
    """Runs ``python -m peft_demo …`` in this process, on the test's own home."""
    from peft_demo import cli

    def call(*arguments: str) -> Finished:
        monkeypatch.setattr("sys.argv", ["peft_demo", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Finished(code or 0, *capsys.readouterr())

    return call
