"""A program that is killed again and again while it works on runs; says what it found afterwards.

``python kills.py FOLDER KILLS SEED``. Processes are forked, for each would load for seconds; what
they compute is made up, and all else (queue, engine, recording, store) is the program's own.
"""

import json
import os
import random
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from killing import killed

from peft_demo import settings
from peft_demo.execution import Engine
from peft_demo.execution.executor import Cancelled, Executor, Finished, Handle, Job
from peft_demo.runs import EpochMetrics, RunConfig, RunResult, RunStatus, StepMetrics, checkpoints
from peft_demo.storage import Store

EPOCHS = 3
QUEUED = 2
WEIGHTS = b"weights " * 5_000


class MadeUp(Executor):
    """Computes nothing, and goes on from a checkpoint as a training does."""

    slots = 1

    def __init__(self, result: RunResult) -> None:
        self._result = result

    def start(self, jobs: Sequence[Job]) -> list[Handle]:
        return [_Work(job, self._result) for job in jobs]

    def close(self) -> None: ...


class _Work(Handle):
    def __init__(self, job: Job, result: RunResult) -> None:
        super().__init__()
        done = checkpoints.step_of(checkpoints.latest(job.files))
        for epoch in range(done // 2 + 1, EPOCHS + 1):
            for step in (2 * epoch - 1, 2 * epoch):
                self.tell(StepMetrics(step=step, loss=1 / step, learning_rate=0.1))
            more = {"train_loss": 0.5, "eval_loss": 1 / epoch, "eval_accuracy": 0.5, "seconds": 1}
            self.tell(EpochMetrics(epoch=epoch, step=2 * epoch, **more))
            written = checkpoints.part_of(job.files) / f"{checkpoints.PREFIX}{2 * epoch}"
            written.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(written / "model.pt", "w") as archive:
                archive.writestr("data", WEIGHTS)
            checkpoints.keep(job.files, 2 * epoch)
        (job.files / "adapter_model.safetensors").write_bytes(WEIGHTS)
        self.tell(Cancelled() if self.should_stop() else Finished(result=result))


def work(folder: Path, result: RunResult, told: int) -> None:
    """What a process does until it is killed.

    Args:
        told: of a pipe: what was queued is written there.
    """
    store = Store(folder)
    if not any(run.status is RunStatus.QUEUED for run in store.runs()):
        for seed in range(QUEUED):
            config = RunConfig({"num_train_epochs": EPOCHS, "seed": seed})
            os.write(told, f"{store.submit(config, 'me').run_id}\n".encode())
    engine = Engine(store, lambda: MadeUp(result))
    engine._run_until_idle(store.claim)


def moment(store: Store, queued: list[str]) -> str:
    """What a process was killed in that had queued these runs."""
    for run in store.runs():
        if run.status is RunStatus.RUNNING:
            files = store.partial_folder_of(run.run_id)
            if store.folder_of(run.run_id).exists() or [*files.glob("adapter_model*")]:
                return "saving"
            return "training" if files.exists() else "beginning"
    return "queueing" if len(queued) in range(1, QUEUED) else "between"


def check(folder: Path, known: dict[str, str], queued: list[str]) -> str:
    """What must hold after a kill, and what it came in; queues again what was interrupted."""
    store = Store(folder)
    struck = moment(store, queued)
    known.update(dict.fromkeys(queued, RunStatus.QUEUED))
    store.interrupt_orphans()
    assert known.keys() <= {run.run_id for run in store.runs()}
    for run in store.runs():
        place = store.folder_of(run.run_id)
        assert run.status in (RunStatus.QUEUED, RunStatus.COMPLETED, RunStatus.INTERRUPTED), run
        assert (run.status is RunStatus.COMPLETED) == place.exists(), run
        if known.get(run.run_id) == RunStatus.COMPLETED:
            assert run.status is RunStatus.COMPLETED, run
        if run.status is RunStatus.COMPLETED:
            assert (place / "adapter_model.safetensors").read_bytes() == WEIGHTS
            assert not checkpoints.folder_of(place).exists()
            assert [epoch.epoch for epoch in run.epochs] == list(range(1, EPOCHS + 1)), run
            steps = [step.step for step in store.steps(run.run_id)]
            assert steps == list(range(1, 2 * EPOCHS + 1)), steps
        elif run.status is RunStatus.INTERRUPTED:
            store.resume(run.run_id)
        known[run.run_id] = run.status
    store.close()
    return struck


def main(folder: Path, kills: int, seed: int, result: RunResult) -> None:
    """Kill so often, each time at another moment, and print how the runs ended."""
    chance = random.Random(seed)
    known: dict[str, str] = {}
    struck: Counter[str] = Counter()
    nobody = os.open(os.devnull, os.O_WRONLY)
    took = []  # what a child does, on this machine now
    for _ in range(2):
        started = time.monotonic()
        work(folder, result, nobody)
        took.append(time.monotonic() - started)
    for _ in range(kills):
        queued, told = os.pipe()
        killed(lambda told=told: work(folder, result, told), chance.uniform(0.0, min(took)))
        os.close(told)
        with open(queued, encoding="utf-8") as lines:
            struck[check(folder, known, lines.read().split())] += 1
    work(folder, result, nobody)
    check(folder, known, [])
    store = Store(folder)
    ended = [str(run.status) for run in store.runs()]
    left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    print(json.dumps({"kills": kills, "struck": struck, "ended": ended, "left": left}))


if __name__ == "__main__":
    reference = Store(Path(sys.argv[1]), settings.ADAPTERS).get("reference-ia3")
    assert reference.result
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), reference.result)
