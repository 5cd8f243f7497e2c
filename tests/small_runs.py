"""Runs small enough to be trained by the dozen, and what the tests do with runs."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peft_demo.fields import Modules
from peft_demo.methods import METHODS
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    Progress,
    Run,
    RunConfig,
    RunResult,
    StepMetrics,
)
from peft_demo.storage import Store

ROOT = Path(__file__).resolve().parent.parent

SMALL = {
    "base_model": "all-MiniLM-L6-v2",
    "dataset": "imdb",
    "num_train_epochs": 3,
    "per_device_train_batch_size": 8,
    "num_reviews": 40,
    "max_length": 16,
    "num_test_reviews": 50,
    "seed": 7,
}
"""32 reviews to train on: four steps an epoch, twelve in all."""

LONG = {**SMALL, "num_train_epochs": 50}
"""200 steps: long enough to be stopped in the middle."""

FEW_MODULES = ("q_lin", "v_lin", "ffn.lin1")
"""Without ffn.lin2, whose 1,536 inputs make a step of some methods ten times as slow."""


def few_modules(method: str, few: tuple[str, ...] = FEW_MODULES) -> dict[str, tuple[str, ...]]:
    """A method's fields that choose modules, on few of those that they choose by default."""
    fields = (field for field in METHODS[method].fields if isinstance(field, Modules))
    chosen = {field.name: tuple(name for name in few if name in field.default) for field in fields}
    return {name: modules for name, modules in chosen.items() if modules}


def one_module(method: str) -> dict[str, tuple[str, ...]]:
    """The same on one kind of layer, for some methods take seconds for each to be built."""
    return few_modules(method, ("ffn.lin1",) if method == "ia3" else ("q_lin",))


def small_config(method: str = "lora", **changes: object) -> RunConfig:
    """At the rate that the row names: what was measured since must not move the tests."""
    rate = METHODS[method].starting_rate
    return RunConfig(
        {**SMALL, **few_modules(method), "learning_rate": rate, "method": method, **changes}
    )


def set_options(**values: object) -> list[str]:
    """The command line's ``--set`` arguments of a small run."""
    return [
        argument
        for name, value in {**SMALL, **values}.items()
        for argument in ("--set", f"{name}={value}")
    ]


def long_config(**changes: object) -> RunConfig:
    return RunConfig({**LONG, "method": "lora", **changes})


class Recorder:
    """A Reporter that remembers, and asks to stop after some steps, or to keep what is there."""

    def __init__(self, stop_after: int | None = None, keep_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.keep_after = keep_after
        self.progresses: list[Progress] = []
        self.steps: list[StepMetrics] = []
        self.before_training: list[BeforeTraining] = []
        self.epochs: list[EpochMetrics] = []

    def report(self, event: Progress | StepMetrics | BeforeTraining | EpochMetrics) -> None:
        kinds = {
            Progress: self.progresses,
            StepMetrics: self.steps,
            BeforeTraining: self.before_training,
            EpochMetrics: self.epochs,
        }
        kinds[type(event)].append(event)

    def should_stop(self) -> bool:
        return self.stop_after is not None and len(self.steps) >= self.stop_after

    def should_keep(self) -> bool:
        return self.keep_after is not None and len(self.steps) >= self.keep_after


def numbers_of(steps: list[StepMetrics], epochs: Any, result: RunResult) -> list[tuple[float, ...]]:
    """Everything a training computed, without what a clock measured."""
    return [
        *((step.step, step.loss, step.learning_rate) for step in steps),
        *(
            (epoch.epoch, epoch.train_loss, epoch.eval_loss, epoch.eval_accuracy)
            for epoch in epochs
        ),
        (result.test_loss, result.test_accuracy, result.train_output["training_loss"]),
    ]


def numbers_in(store: Store, run: Run) -> list[tuple[float, ...]]:
    assert run.result is not None
    return numbers_of(store.steps(run.run_id), run.epochs, run.result)


def wait_until(is_true: Callable[[], object], seconds: float = 240.0) -> None:
    """Wait for another thread or process; the limit only ends a test that hangs."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a new process of the program gets: this folder for its files, no local copies."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PEFT_DEMO_")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, "PEFT_DEMO_HOME": str(home), **more}


def run_python(
    code: str, home: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in a new process and return what it wrote."""
    return _run(["-c", code, *arguments], environment(home, **more))


def run_program(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m peft_demo …`` in a process of its own."""
    return _run(["-m", "peft_demo", *arguments], environment(home))


def _run(arguments: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
