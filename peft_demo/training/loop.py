"""train(): one loop for every method, on the Hugging Face Trainer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from torch import nn

from peft_demo import adapters, data, memory, models, statistics
from peft_demo.adapters.files import number_type
from peft_demo.errors import AssetError, ChangedInputsError, PeftDemoError
from peft_demo.languages import gettext_noop
from peft_demo.methods import METHODS
from peft_demo.models import hardware, random_state
from peft_demo.runs import Reporter, RunConfig, RunResult, checkpoints, states
from peft_demo.runs.results import Shares
from peft_demo.training.callback import Monitor
from peft_demo.training.keeping import go_back, stopped_early
from peft_demo.training.report import train_output, training_table
from peft_demo.training.trainer import expect, load_inputs, make_trainer, tokenise_test
from peft_demo.training.vmapped import Member

RELOAD_TEXTS = 4
"""Each goes through all weights."""

RELOAD_TOLERANCE = 1e-4
"""Largest difference of a logit after saving and loading that counts as equal; of logits beyond 1,
the same share of the largest, for rounding grows with them."""

HALF_TOLERANCE = 2e-2
"""The same for weights stored in float16."""


def train(
    config: RunConfig,
    folder: Path,
    reporter: Reporter,
    *,
    largest_file: int | None = None,
    member: Member | None = None,
    probes: Sequence[str] = (),
) -> RunResult:
    """Train one run and leave its files in ``folder``, with its checkpoints still beside them.

    Goes on from the last checkpoint that it finds there, to the same numbers. If the reporter says
    that it should keep what is there, it ends with its last whole epoch, as soon as there is one.
    The same configuration gives the same numbers on the same machine, to the last digit; as a
    ``member`` of a pass with others, to rounding. An adapter of more than ``largest_file`` bytes is
    stored in float16. Before the first step and after each epoch it is asked about the ``probes``.

    Raises:
        ChangedInputsError: its base or texts are not as they were at its last checkpoint.
        PeftDemoError: it cannot be trained, or the loss is no longer a number; says why.
        RunCancelledError: the reporter said that it should stop.
    """
    started = time.perf_counter()
    monitor = Monitor(config, reporter)
    inputs = load_inputs(config, monitor)
    begun = checkpoints.latest(folder)
    if words := states.changed(config, states.of(begun), inputs.states):
        raise ChangedInputsError(words)
    base, drawn = inputs.base, inputs.drawn
    unchanged = base.checksum()
    with memory.watched() as peak:
        with random_state.own_generators(config.seed) as waited:
            monitor.paused_seconds += waited
            model = adapters.build(base, config)
            begins = {"eval_on_start": begun is None}
            trainer = make_trainer(model, inputs, config, folder, monitor, member, **begins)
            if probes:
                monitor.ask_probes = partial(_said, model, base, probes, config)
            before = monitor.paused_seconds
            trained = trainer.train(resume_from_checkpoint=begun)
            paused = monitor.paused_seconds - before
            beside = paused + monitor.before_seconds
            spent = trained.metrics["train_runtime"] - beside + monitor.earlier_seconds
            kept_epoch = go_back(trainer, monitor, config, folder)
            output = train_output(
                [step.loss for step in monitor.steps],
                trainer.state.total_flos,
                config.num_train_reviews * len(monitor.epochs),
                spent if len(monitor.steps) == trained.global_step else monitor.epochs[-1].seconds,
            )
            monitor.phase(gettext_noop("Testing"))
            before, testing = monitor.paused_seconds, time.perf_counter()
            test = tokenise_test(drawn.test, base, config.max_length)
            expect(model, test)
            order = adapters.reading_order(test["input_ids"], METHODS[config.method])
            logits = np.empty((len(order), len(config.labels)), dtype=np.float32)
            logits[order] = trainer.predict(test.select(order)).predictions
            test_seconds = time.perf_counter() - testing - (monitor.paused_seconds - before)
        monitor.phase(gettext_noop("Saving"))
        # Accelerate wrapped forward in autocast; from here on the model computes in float32.
        model = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False).to("cpu")
        saved = _save(model, folder, largest_file)
        monitor.phase(gettext_noop("Checking the saved adapter"))
        difference = _reload_difference(model, folder, base, drawn.test, config)
        if base.checksum() != unchanged:
            raise PeftDemoError("The run changed the shared base model; it is not kept.")
        num_adapter, num_head = adapters.count_trained(model, base.architecture)
        return RunResult(
            train_output=output,
            num_adapter_parameters=num_adapter,
            num_head_parameters=num_head,
            reload_difference=difference,
            precision=hardware.training_precision(),
            **adapters.tested(logits, drawn.test, base, saved),
            dataset_revision=inputs.states.dataset or None,
            seconds=monitor.earlier_seconds
            + (time.perf_counter() - started - monitor.paused_seconds),
            test_seconds=test_seconds,
            training_table=training_table(monitor.steps, monitor.epochs),
            kept_epoch=kept_epoch,
            stopped_early=stopped_early(monitor, config),
            memory_bytes=peak.so_far() if hardware.device() == "cpu" else None,
        )


def _said(model: nn.Module, base: models.Base, probes: Sequence[str], config: RunConfig) -> Shares:
    """The probability of each label for each probe; the training draws what it would draw."""
    token_ids = base.encode(list(probes), config.max_length)["input_ids"]
    with random_state.kept():
        found = adapters.logits_in_batches(
            model, base, token_ids, METHODS[config.method], adapters.EVALUATION_BATCH
        )
    return tuple(map(tuple, statistics.softmax(found).tolist()))


def _save(model: nn.Module, folder: Path, largest_file: int | None) -> Path:
    saved = adapters.save(model, folder)
    if largest_file and saved.stat().st_size > largest_file:
        saved = adapters.save(model, folder, half_precision=True)
    return saved


def _reload_difference(
    model: nn.Module, folder: Path, base: models.Base, test: data.LabelledTexts, config: RunConfig
) -> float:
    """Largest difference between the logits before saving and after loading."""
    texts = list(test.texts[:RELOAD_TEXTS])
    before, after = (
        adapters.logits(some.eval(), base, base.encode(texts, config.max_length)["input_ids"])
        for some in (
            model,
            adapters.load(folder, base, METHODS[config.method], config.labels, by_peft=True),
        )
    )
    difference = float(np.abs(before - after).max())
    stored_half = number_type(next(folder.glob("*model.safetensors"))) == "float16"
    tolerance = HALF_TOLERANCE if stored_half else RELOAD_TOLERANCE
    # Not the other way round: a difference that is no number must not pass.
    if not difference <= tolerance * max(1.0, float(np.abs(before).max())):
        raise AssetError(
            f"The saved adapter does not give the same logits when loaded: they differ by "
            f"{difference:.2g}."
        )
    return difference
