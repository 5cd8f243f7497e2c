"""Adapters side by side, against a pipeline each."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.apart import apart
from benchmarks.rows import Row, ratio_row
from peft_demo import adapters, data, models
from peft_demo.data import IMDB, SENTIMENT
from peft_demo.execution import Engine
from peft_demo.inference import Predictor
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs import Run, RunConfig
from peft_demo.storage import Store

if TYPE_CHECKING:
    from torch import nn

MIXED = ("lora", "dora", "ia3", "adalora", "lokr", "vera", "fourierft", "head_only")
"""Eight methods of different kinds."""

ALTERNATIONS = 8
PIPELINES = "8 pipelines"


def train(store: Store, method: str, **values: object) -> Run:
    """A run of two steps: how well it predicts does not matter here."""
    shared = {"num_reviews": 40, "num_train_epochs": 1, "num_test_reviews": 50, "max_length": 128}
    config = RunConfig({"method": method, **shared, **values})
    return Engine(store).run(store.start(config, "benchmark"))


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """One review, many reviews, and an adapter that is not in memory yet."""
    from benchmarks.baselines.pipelines import Pipelines

    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home))
        runs = [train(store, method) for method in MIXED]
        ids = [run.run_id for run in runs]
        folders = [store.folder_of(run_id) for run_id in ids]
        predictor = Predictor(store)
        predictor.predict("A fine film.", ids)
        pipelines = Pipelines(base_folder, folders, 128)
        pipelines.predict(["A fine film."])

        texts = data.load(IMDB).test.texts
        row = ratio_row(
            "one review through 8 adapters, 128 tokens, median",
            "ms",
            PIPELINES,
            lambda: 1000 * _seconds(lambda: predictor.predict(texts[0], ids)),
            lambda: 1000 * _seconds(lambda: pipelines.predict([texts[0]])),
            ALTERNATIONS,
            goal=0.5,
            kind="at most",
        )
        p95 = [statistics.quantiles(values, n=20)[-1] for values in zip(*row.pairs, strict=True)]
        row.note = f"95th percentile: {p95[0]:.0f} ms, pipelines {p95[1]:.0f} ms"
        yield row
        own = _tensor_bytes([predictor.model(run) for run in runs])
        theirs = _tensor_bytes([each.model for each in pipelines.pipelines])
        yield Row(
            what="memory of 8 adapters and their bases",
            unit="MB",
            baseline_is=PIPELINES,
            ours=own / 1e6,
            baseline=theirs / 1e6,
            value=own / theirs,
            goal=0.2,
            kind="at most",
            note="of their tensors; a process that loads them and predicts grows by "
            f"{apart(_growth_of_ours, home, *ids):.0f} MB, with pipelines by "
            f"{apart(_growth_of_theirs, base_folder, *map(str, folders)):.0f} MB, which map "
            "their files and never read most of the words",
        )
        count = 50 if is_quick else 1_000
        many = list(texts[:count])
        yield ratio_row(
            f"{count:,} reviews through 8 adapters, 128 tokens",
            "reviews/s",
            f"{PIPELINES}, batches of 16",
            lambda: count / _seconds(lambda: predictor.predict_many(many, ids)),
            lambda: count / _seconds(lambda: pipelines.predict(many, batch_size=16)),
            1,
            goal=3.0,
            kind="at least",
        )
        yield _load_row(store, base_folder)
        store.close()


def _load_row(store: Store, base_folder: str) -> Row:
    """Adapters of one configuration, one after another."""
    from benchmarks.baselines.pipelines import load_adapter

    base, method = models.load(BUILTIN_BASE), METHODS["lora"]
    # Of a rank of their own, so that none was loaded before.
    first, *further = (
        store.folder_of(train(store, "lora", r=5, seed=seed).run_id) for seed in range(5)
    )
    of_first = 1000 * _seconds(lambda: adapters.load(first, base, method, SENTIMENT))
    ours, theirs = cycle(further), cycle(further)
    return ratio_row(
        "an adapter that is not in memory yet",
        "ms",
        "PeftModel.from_pretrained with its base",
        lambda: 1000 * _seconds(lambda: adapters.load(next(ours), base, method, SENTIMENT)),
        lambda: 1000 * _seconds(lambda: load_adapter(base_folder, next(theirs))),
        ALTERNATIONS,
        goal=0.1,
        kind="at most",
        note="another adapter of the same configuration was loaded before; the first of a "
        f"configuration takes {of_first:.0f} ms",
    )


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _growth_of_ours(home: str, *ids: str) -> float:
    """Megabytes that a process grows by which has loaded the libraries, and now predicts."""
    _load_libraries()
    before = _resident_megabytes()
    kept = Predictor(Store(Path(home)))
    kept.predict("A fine film.", list(ids))
    return _resident_megabytes() - before


def _growth_of_theirs(base_folder: str, *folders: str) -> float:
    from benchmarks.baselines.pipelines import Pipelines

    _load_libraries()
    before = _resident_megabytes()
    kept = Pipelines(base_folder, [Path(folder) for folder in folders], 128)
    kept.predict(["A fine film."])
    return _resident_megabytes() - before


def _load_libraries() -> None:
    for name in ("transformers.pipelines", "peft"):
        import_module(name)


def _tensor_bytes(models: Iterable[nn.Module]) -> int:
    """Memory of all tensors, what they share counted once."""
    storages = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for model in models
        for tensor in (*model.parameters(), *model.buffers())
    }
    return sum(storages.values())


def _resident_megabytes() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6
