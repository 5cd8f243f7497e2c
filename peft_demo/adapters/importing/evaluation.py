"""An adapter from elsewhere, tested as a training tests its own."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peft_demo import data, models
from peft_demo.adapters import building, evaluating, files
from peft_demo.adapters.importing.trial import untrained
from peft_demo.errors import RunCancelledError
from peft_demo.methods import METHODS
from peft_demo.models import hardware
from peft_demo.models.random_state import borrowed_generators
from peft_demo.runs import KnownConfig, Progress, Reporter, RunResult, tested_texts

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn


def test(config: KnownConfig, folder: Path, reporter: Reporter) -> RunResult:
    """Test the adapter in ``folder`` as a training tests its own, and save its predictions there.

    Its adapter parameters are those that peft would train for its configuration, whatever else
    the file holds (indices, frozen projections).

    Raises:
        PeftDemoError: a file is damaged or the base cannot be loaded.
        RunCancelledError: the reporter said that it should stop.
    """
    started = time.perf_counter()
    _report(reporter, "Loading the adapter")
    base = models.load(config.base_model)
    pools = data.load(config.dataset)
    texts = tested_texts(pools, config)
    method = METHODS[config.method]
    model = files.load(folder, base, method, config.labels)
    num_adapter, num_head = _count(folder, base, config)
    token_ids = base.encode(texts.texts, config.max_length)["input_ids"]
    logits = _logits(model, base, token_ids, config, reporter)
    return RunResult(
        train_output={},
        num_adapter_parameters=num_adapter,
        num_head_parameters=num_head,
        reload_difference=None,
        precision=hardware.prediction_precision(),
        training_table=[],
        **evaluating.tested(logits, texts, base, folder / files.WEIGHTS),
        dataset_revision=pools.revision or None,
        seconds=time.perf_counter() - started,
    )


def _count(folder: Path, base: models.Base, config: KnownConfig) -> tuple[int, int]:
    with borrowed_generators():
        is_private = files.writes_to_base(folder, METHODS[config.method])
        model = base.private(config.labels) if is_private else base.shared(config.labels)
        return building.count_trained(
            untrained(model, folder, base.architecture), base.architecture
        )


def _logits(
    model: nn.Module,
    base: models.Base,
    token_ids: list[list[int]],
    config: KnownConfig,
    reporter: Reporter,
) -> npt.NDArray[Any]:
    """Logits of all texts, shape (texts, labels), reported batch by batch."""
    batch = evaluating.EVALUATION_BATCH
    steps = math.ceil(len(token_ids) / batch)
    started = time.perf_counter()

    def report(step: int) -> None:
        elapsed = time.perf_counter() - started
        _report(
            reporter,
            "Testing",
            step=step,
            max_steps=steps,
            samples_per_second=step * batch / elapsed,
            seconds_left=(steps - step) * elapsed / step,
        )

    _report(reporter, "Testing", step=0, max_steps=steps)
    method = METHODS[config.method]
    return evaluating.logits_in_batches(model, base, token_ids, method, batch, report)


def _report(reporter: Reporter, phase: str, **more: Any) -> None:
    """Say what happens now, and stop here if asked to."""
    if reporter.should_stop():
        raise RunCancelledError
    reporter.report(Progress(phase=phase, **more))
