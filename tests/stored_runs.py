"""Runs for tests of the store: what one reports, and how it ends."""

import json
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from small_runs import small_config

from peft_demo.runs import (
    EpochMetrics,
    Progress,
    RangeTest,
    RunResult,
    RunStatus,
    StepMetrics,
    checkpoints,
)
from peft_demo.storage import DATABASE, Store, annotations, liveness

RESULT = RunResult(
    train_output={"global_step": 12},
    num_adapter_parameters=1,
    num_head_parameters=2,
    num_base_parameters=3,
    file_bytes=4,
    test_accuracy=0.5,
    test_interval=(0.4, 0.6),
    test_loss=0.7,
    num_test_reviews=50,
    test_set="abc",
    reload_difference=0.0,
    saved_as="float32",
    precision="float32",
    environment={"torch": "2"},
    seconds=1.0,
    training_table=[{"Epoch": 1, "Training Loss": "No log"}],
)


RANGE_TEST = RangeTest(
    learning_rates=(1e-5, 1e-4, 1e-3),
    losses=(0.7, 0.6, 2.0),
    smoothed=(0.7, 0.65, 1.0),
    suggestion=1e-4,
    is_sure=False,
    reason="The loss hardly fell.",
)


def epoch(number: int) -> EpochMetrics:
    return EpochMetrics(
        epoch=number, step=number, train_loss=0.7, eval_loss=0.6, eval_accuracy=0.5, seconds=1.0
    )


def step(number: int) -> StepMetrics:
    return StepMetrics(step=number, loss=1 / 3 + number, learning_rate=2e-5)


def submit(store: Store, count: int = 1) -> list[str]:
    return [store.submit(small_config(seed=number), "me").run_id for number in range(count)]


def positions(store: Store) -> dict[str, int | None]:
    return {run.run_id: run.queue_position for run in store.runs()}


def finished(store: Store, count: int = 1) -> list[str]:
    """Runs that failed after an epoch, each with all the files that a run can have."""
    ids = []
    for number in range(count):
        run_id = store.start(small_config(seed=number), "me").run_id
        store.report(run_id, Progress(), [step(1)], epoch(1))
        store.finish(run_id, RunStatus.FAILED, error="why")
        store.folder_of(run_id).mkdir()
        (store.folder_of(run_id) / "adapter_model.safetensors").write_bytes(b"weights")
        store.partial_folder_of(run_id).mkdir()
        store.log_of(run_id).write_text("Traceback")
        ids.append(run_id)
    return ids


def write_checkpoint(files: Path, step: int, best: int = 0) -> None:
    """Something of the form that a training writes after an epoch that ends with this step."""
    written = checkpoints.part_of(files) / f"{checkpoints.PREFIX}{step}"
    written.mkdir(parents=True)
    with zipfile.ZipFile(written / "model.pt", "w") as archive:
        archive.writestr("data", "weights " * 20)
    (written / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    checkpoints.keep(files, step, best)


def files_of(store: Store, run_id: str) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir() if run_id in path.name)


def purge_now(store: Store) -> None:
    """As if what is deleted had been so for long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotations, "KEPT_SECONDS", 0.0)
        store.purge()


def silent_for(folder: Path, run_id: str, seconds: float) -> None:
    """As if nobody had worked on the run for so long."""
    then = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    number = int(run_id.removeprefix("run-"))
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("UPDATE run SET heartbeat_at = ? WHERE number = ?", (then, number))
        connection.commit()


def judged(store: Store) -> list[str]:
    """Who is interrupted, as if this process had watched for long enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(liveness, "WATCHED_SECONDS", 0.0)
        return store.interrupt_orphans()


OLD: dict[str, dict[str, Any]] = {
    "method": {"method": "gone_ft", "strength": 3, "r": None},
    "data set": {"dataset": "yelp"},
    "base": {"base_model": "bert-base-cased"},
    "field": {"momentum": 0.9},
    "limit": {"r": 100_000},
    "type": {"num_reviews": "many"},
    "nothing": {"per_device_train_batch_size": 0},
}
"""What stored configurations may hold that today's rules refuse."""


def change(home: Path, run_id: str, **columns: object) -> None:
    """Write into a run's row past the store."""
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        for name, value in columns.items():
            number = int(run_id.removeprefix("run-"))
            connection.execute(f"UPDATE run SET {name} = ? WHERE number = ?", (value, number))
        connection.execute("UPDATE run SET version = version + 1000")
        connection.execute("UPDATE version SET value = value + 1000")
        connection.commit()


def stored(values: dict[str, Any]) -> str:
    flat = {**small_config().flat(), **values}
    return json.dumps({name: value for name, value in flat.items() if value is not None})


def damage(home: Path) -> None:
    """Overwrite all but the first pages of the database."""
    path = home / DATABASE
    kept, size = 3 * 4096, path.stat().st_size
    with path.open("r+b") as file:
        file.seek(kept)
        file.write(b"\xa5" * (size - kept))
