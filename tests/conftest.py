"""Fixtures that several test files share. What is slow to make is made once."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import string
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from core_shares import WORKERS
from filelock import FileLock
from five_labels import five  # noqa: F401
from hub_server import Hub
from hypothesis import settings
from known_decompositions import remembered
from made_up_family import made_up_base  # noqa: F401
from narrow_base import narrow_base  # noqa: F401
from small_runs import small_config
from tiny_encoders import tiny_bases, tiny_folders  # noqa: F401

from peft_demo.data import SENTIMENT
from peft_demo.execution import Engine
from peft_demo.methods import METHODS
from peft_demo.runs import Progress, Run, checkpoints
from peft_demo.storage import DATABASE, Store

if TYPE_CHECKING:
    from torch import nn

    from peft_demo.models import Base

EPOCH_TWO = 8
"""Steps of a small run after two of its three epochs."""

MANY_OBJECTS = 100_000
"""So many take the garbage collector about 0.03 s."""

CHROMIUM_FLAGS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# New examples on a developer's machine; the same ones in CI, where a find would block others.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for the session's trained runs, or for the running app, is slow by that."""
    for item in items:
        if {"trained", "app"} & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    spare_what_stays()


def spare_what_stays() -> None:
    """Spare the garbage collector what stays loaded: to look through it takes 0.3 s each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def spares_what_a_file_left() -> Iterator[None]:
    """Each training collects garbage several times, and some files load libraries and models."""
    yield
    if len(gc.get_objects()) > MANY_OBJECTS:
        spare_what_stays()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One process runs a file, for its fixtures, and the first those that drive the app.

    Browsers beside each other would wait for each other's pages; another helps at the end alone,
    when nothing else is left. (xdist's own groups do nothing with this pytest: they are read from a
    name that it no longer shows.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.partition("::")[0]

        def _assign_work_unit(self, node: Any) -> None:
            drives = node is self.nodes[0]
            wanted = (file for file in self.workqueue if file.startswith("tests/app/") is drives)
            if file := next(wanted, None):
                self.workqueue.move_to_end(file, last=False)
            super()._assign_work_unit(node)

    return Scheduler(config, log)


@pytest.fixture(scope="session", autouse=True)
def only_temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes beside the program, or sees this machine's local copies of models."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("PEFT_DEMO_"):
                patch.delenv(name)
        # On every machine as on a small one.
        patch.setenv("PEFT_DEMO_WORKERS", "thread")
        patch.setenv("PEFT_DEMO_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def trains_only_where_it_says_so(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that trains is marked slow, so that `make check` stays quick."""
    loaded = sys.modules.get("transformers.trainer")
    if loaded is None or request.node.get_closest_marker("slow"):
        yield
        return

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a test that trains has to be marked: @pytest.mark.slow")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaded.Trainer, "train", refuse)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PEFT_DEMO_HOME of the test's own."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("PEFT_DEMO_HOME", str(folder))
    return folder


@pytest.fixture
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what is equal but for rounding, which in bfloat16 shows in the third digit."""
    monkeypatch.setenv("PEFT_DEMO_PRECISION", "float32")


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store(home)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser, in which each test opens windows of its own."""
    from install_chromium import find_chromium
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def base():
    """The built-in base model; whoever decomposes its matrices does so once."""
    import torch

    from peft_demo import models
    from peft_demo.models import loading

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.linalg, "svd", remembered(torch.linalg.svd))
        yield models.load(loading.BUILTIN_BASE)


class _Runs(Mapping[str, Run]):
    """A small run of each row of METHODS, trained by whichever process first asks for it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done: dict[str, Run] = {}

    def __getitem__(self, method: str) -> Run:
        if method not in self._done:
            named = self._store.folder / f"{method}.run_id"
            with FileLock(f"{named}.lock"):
                if not named.exists():
                    with pytest.MonkeyPatch.context() as patch:
                        # Whoever asks first may compute in float32 itself.
                        patch.delenv("PEFT_DEMO_PRECISION", raising=False)
                        started = self._store.start(small_config(method), "tester")
                        engine = Engine(self._store, listener=self._keep_checkpoint)
                        named.write_text(engine.run(started).run_id)
            self._done[method] = self._store.get(named.read_text())
        return self._done[method]

    def _keep_checkpoint(self, run: Run, event: object) -> None:
        """That before the last, which its end would remove."""
        if isinstance(event, Progress) and event.phase == "Testing":
            files = self._store.partial_folder_of(run.run_id)
            kept = checkpoints.at(files, EPOCH_TWO)
            place = checkpoints.folder_of(self._store.folder / f"{run.config.method}.left")
            if kept and not place.exists():
                shutil.copytree(kept, place / kept.name, copy_function=os.link)

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

    def left(self, method: str) -> Path:
        """What a training leaves that is interrupted in its last epoch: copies of it go on."""
        assert self.runs[method]
        return self.store.folder / f"{method}.left"

    def load(self, method: str, base: Base) -> nn.Module:
        """The run's saved model, loaded as the program does."""
        from peft_demo import adapters

        return adapters.load(self.folder(method), base, METHODS[method], SENTIMENT)

    def ids(self, *methods: str) -> list[str]:
        return [self.runs[method].run_id for method in methods or self.runs]

    def copy(self, home: Path, *methods: str) -> Store:
        """A store of the test's own, with the files of these methods' runs."""
        home.mkdir()
        for run_id in self.ids(*methods):
            shutil.copytree(self.store.folder_of(run_id), home / run_id)
        # Another process may be writing to it.
        with (
            closing(sqlite3.connect(self.store.folder / DATABASE)) as source,
            closing(sqlite3.connect(home / DATABASE)) as copied,
        ):
            source.backup(copied)
        return Store(home)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, base) -> Trained:
    """A run of every row of METHODS, trained for real; nobody may change it."""
    folder = tmp_path_factory.getbasetemp()
    if WORKERS > 1:
        # Each process has a folder of its own in a common one.
        folder = folder.parent
    (folder / "trained").mkdir(exist_ok=True)
    opened = Store(folder / "trained")
    return Trained(opened, _Runs(opened), base.checksum())


@pytest.fixture
def forget_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load bases from their files again; what was in memory comes back after the test."""
    from peft_demo.models import loading

    monkeypatch.setattr(loading, "_loaded", {})


@pytest.fixture
def forget_reviews(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for data sets."""
    from peft_demo.data import loading

    monkeypatch.setattr(loading, "_pools", {})


@pytest.fixture(scope="session")
def distilbert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny DistilBERT with random weights and a cased vocabulary, as on the Hub."""
    return _distilbert(tmp_path_factory.mktemp("distilbert"), dim=32)


@pytest.fixture(scope="session")
def uncased_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that does not tell capitals apart, of other random weights."""
    return _distilbert(tmp_path_factory.mktemp("uncased"), dim=32, is_uncased=True)


@pytest.fixture(scope="session")
def wider_distilbert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that is wide enough for every method's default values."""
    return _distilbert(tmp_path_factory.mktemp("wider"), dim=128)


def _distilbert(folder: Path, dim: int, *, is_uncased: bool = False) -> Path:
    import torch
    from transformers import BertTokenizer, DistilBertConfig, DistilBertForMaskedLM

    letters = string.ascii_letters + string.digits + string.punctuation
    words = ["The", "the", "film", "movie", "good", "bad", "not", "and", "was", "is"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary += [*words, *letters, *(f"##{letter}" for letter in string.ascii_letters)]
    (folder / "words.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    tokenizer = BertTokenizer(
        str(folder / "words.txt"),
        do_lower_case=is_uncased,
        model_input_names=["input_ids", "attention_mask"],
    )
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(2 if is_uncased else 1)
        config = DistilBertConfig(
            vocab_size=len(vocabulary), dim=dim, n_layers=2, n_heads=2, hidden_dim=2 * dim
        )
        DistilBertForMaskedLM(config).save_pretrained(folder)
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub that is empty, and a local cache that is empty too."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    served = Hub()
    yield served
    served.go()


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
