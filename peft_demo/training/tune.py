"""Find each method's learning rate: a ladder of rates on the built-in data, into one file."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

# Two processes may share the work on one file.
from filelock import FileLock

from peft_demo.errors import DivergedError
from peft_demo.fields import row_of
from peft_demo.formats import number, percent, score
from peft_demo.methods import METHODS, Method, measured_rates
from peft_demo.methods.measured_rates import TunedRun, read
from peft_demo.runs import EpochMetrics, Reporter, RunConfig
from peft_demo.training import loop

PROTOCOL = {"num_reviews": 1_250, "num_train_epochs": 1, "max_length": 50}
"""1,000 texts to train on and 250 to choose the rate by."""

RUNGS = 5
MOST_RUNGS = 9
"""A ladder whose best rate is its first or last grows, up to this many."""

SEEDS = (42, 43)
"""The ladder is climbed with the first."""


def tune(
    method_ids: Sequence[str], tell: Callable[[str], None], path: Path = measured_rates.FILE
) -> None:
    """Train what is missing in the file; stopped and started again, it goes on.

    Raises:
        NotFoundError: there is no such method.
        PeftDemoError: a run failed for another reason than its learning rate.
    """
    for method_id in method_ids:
        row_of(METHODS, method_id, "METHOD")
    for method_id in method_ids or METHODS:
        method = METHODS[method_id]
        while (config := next_run(method, read(path))) is not None:
            run = _train(config)
            add(run, path)
            result = (
                "diverged" if run.eval_loss is None else f"validation loss {score(run.eval_loss)}"
            )
            if run.test_accuracy is not None:
                result += f", test accuracy {percent(run.test_accuracy)}"
            tell(f"{method.label} at {number(run.learning_rate)}, seed {run.seed}: {result}")
        best = measured_rates.best_rate(method_id, read(path))
        tell(
            f"{method.label}: {number(best)} did best."
            if best
            else f"{method.label}: every run diverged."
        )


def next_run(method: Method, runs: tuple[TunedRun, ...]) -> RunConfig | None:
    """The run that this method's measurements still lack, or None."""
    ladder = measured_rates.ladder(method.id, runs)
    for rate in rungs(method.starting_rate):
        if rate not in ladder:
            return _config(method, rate, SEEDS[0])
    best = measured_rates.best_rate(method.id, runs)
    if best is None:
        return None
    if len(ladder) < MOST_RUNGS:
        rates = sorted(ladder)
        if best == rates[0]:
            return _config(method, _nice(rates[0] / math.sqrt(10)), SEEDS[0])
        if best == rates[-1]:
            return _config(method, _nice(rates[-1] * math.sqrt(10)), SEEDS[0])
    # Every seed, so that no lucky rate is chosen: one that falls back leaves its place to another.
    done = {r.seed for r in runs if r.method == method.id and r.learning_rate == best}
    missing = [seed for seed in SEEDS if seed not in done]
    return _config(method, best, missing[0]) if missing else None


def rungs(middle: float) -> list[float]:
    """Rates half a decade apart around ``middle``, each with one significant digit."""
    return [_nice(middle * 10 ** (step / 2)) for step in range(-(RUNGS // 2), RUNGS // 2 + 1)]


def add(run: TunedRun, path: Path) -> None:
    """Put a run into the file, which other processes may be writing to as well."""
    with FileLock(f"{path}.lock"):
        order = list(METHODS)
        # Two processes may have trained the same one.
        others = (r for r in read(path) if _key(r) != _key(run))
        runs = [*others, run]
        runs.sort(key=lambda r: (order.index(r.method), r.learning_rate, r.seed))
        rows = ",\n".join(row.model_dump_json() for row in runs)
        partial = path.with_suffix(".partial")
        partial.write_text(f'{{"runs": [\n{rows}\n]}}\n', encoding="utf-8")
        partial.replace(path)


def _key(run: TunedRun) -> tuple[str, float, int]:
    return run.method, run.learning_rate, run.seed


def _nice(rate: float) -> float:
    return float(f"{rate:.0e}")


def _config(method: Method, rate: float, seed: int) -> RunConfig:
    return RunConfig({"method": method.id, "learning_rate": rate, "seed": seed, **PROTOCOL})


def _train(config: RunConfig) -> TunedRun:
    listener = _Listener()
    facts: dict[str, Any] = {"outcome": "diverged"}
    # That a run diverged is a finding too.
    with tempfile.TemporaryDirectory() as folder, suppress(DivergedError):
        result = loop.train(config, Path(folder), listener)
        facts = result.model_dump(include={*TunedRun.model_fields})
        last = listener.epochs[-1]
        facts |= {
            "outcome": "trained",
            "eval_loss": last.eval_loss,
            "eval_accuracy": last.eval_accuracy,
        }
    return TunedRun(
        method=config.method,
        learning_rate=config.learning_rate,
        seed=config.seed,
        config=config.flat(),
        steps=config.max_steps,
        **facts,
    )


class _Listener(Reporter):
    def __init__(self) -> None:
        self.epochs: list[EpochMetrics] = []

    def report(self, event: object) -> None:
        if isinstance(event, EpochMetrics):
            self.epochs.append(event)
