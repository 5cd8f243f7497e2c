"""What a configuration will train, store and take, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from peft_demo.adapters.parameter_count import ParameterCount, count_parameters
from peft_demo.methods import METHODS, measured_rates
from peft_demo.models import hardware
from peft_demo.runs import Run, RunConfig, RunKind, checkpoints, footprint

SAME_METHOD = 1.15
OTHER_METHOD = 2.0
"""By what factor the range is widened at both ends; methods differ in speed more than runs do."""


BESIDE_BYTES = 5_000_000
"""On the disk beside weights and optimiser: positions, predictions, and what the database grows."""


@dataclass(frozen=True)
class Forecast:
    """What is known about a run before it starts."""

    counts: ParameterCount
    seconds: tuple[float, float] | None
    """The range that the training is expected to stay in; None before this machine's first run."""
    memory_bytes: int
    """What a program that trains it takes at most."""
    memory_runs: int
    """Runs here that this was measured on; 0 where it is estimated."""
    warning: str
    """Why the learning rate is likely to disappoint, or an empty text."""

    def plain(self) -> dict[str, Any]:
        """The numbers, for API and command line."""
        counts = self.counts
        return {
            "num_adapter_parameters": counts.num_adapter_parameters,
            "num_head_parameters": counts.num_head_parameters,
            "num_base_parameters": counts.num_base_parameters,
            "share_of_base": counts.share_of_base,
            "file_bytes": counts.file_bytes,
            "optimizer_bytes": counts.optimizer_bytes,
            "disk_bytes": _disk_bytes(counts),
            "memory_bytes": self.memory_bytes,
            "memory_runs": self.memory_runs,
            "expected_seconds": self.seconds and list(self.seconds),
            "warning": self.warning,
        }


def forecast(config: RunConfig, runs: Iterable[Run]) -> Forecast:
    """Count a configuration, and estimate its time by the machine's own runs."""
    config.require_valid()
    method, known = METHODS[config.method], list(runs)
    took = footprint.measured(config, known)
    return Forecast(
        count_parameters(config.method, config.method_values, config.setting),
        expected_seconds(config, known),
        footprint.peak_bytes(config, hardware.training_precision(), took),
        len(took.pairs),
        measured_rates.warning(method.id, method.label, config.learning_rate),
    )


def disk_bytes(config: RunConfig) -> int:
    """What a training's files take at most, before the last checkpoints are removed."""
    return _disk_bytes(count_parameters(config.method, config.method_values, config.setting))


def _disk_bytes(counts: ParameterCount) -> int:
    # A new checkpoint is written before an old one goes.
    checkpoint = counts.file_bytes + counts.optimizer_bytes
    return counts.file_bytes + (checkpoints.KEPT + 1) * checkpoint + BESIDE_BYTES


def total_seconds(configs: Iterable[RunConfig], runs: Iterable[Run]) -> tuple[float, float] | None:
    """The range that several trainings are expected to stay in, one after another or in turns."""
    known = list(runs)
    expected = [expected_seconds(config, known) for config in configs]
    if None in expected:
        return None
    ranges = [each for each in expected if each]
    return sum(low for low, _ in ranges), sum(high for _, high in ranges)


def seconds_elsewhere(configs: Iterable[RunConfig], runs: Iterable[Run]) -> float | None:
    """What the machine of the reference runs would take, for one that has no run of its own."""
    costs = [_seconds_per_token(run) for run in runs if run.is_reference and run.result]
    return median(costs) * sum(map(_tokens, configs)) if costs else None


def expected_seconds(config: RunConfig, runs: Iterable[Run]) -> tuple[float, float] | None:
    """The range that the training is expected to stay in, or None before the first run.

    Runs of the same method count alone where there are any. Time grows with the tokens that are
    read; reference runs were trained on another machine and do not count.
    """
    finished = [
        run
        for run in runs
        if run.result is not None
        and run.problem is None
        and run.kind is RunKind.TRAINING
        and not run.is_reference
        and run.config.base_model == config.base_model
    ]
    same = [run for run in finished if run.config.method == config.method]
    costs = [_seconds_per_token(run) for run in same or finished]
    if not costs:
        return None
    widening = SAME_METHOD if same else OTHER_METHOD
    tokens = _tokens(config)
    return tokens * min(costs) / widening, tokens * max(costs) * widening


def _seconds_per_token(run: Run) -> float:
    seconds = run.result.train_output["train_runtime"] if run.result else 0.0
    early, config = run.stopped_early, run.config.for_training()
    done = early.epoch / config.num_train_epochs if early else 1.0
    return seconds / (_tokens(config) * done)


def _tokens(config: RunConfig) -> int:
    """Tokens read while training: texts are cut at max_length, and most are longer."""
    return config.num_train_reviews * config.num_train_epochs * config.max_length
