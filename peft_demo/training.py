"""train(): one loop for every method, on the Hugging Face Trainer."""

from __future__ import annotations

import math
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from peft_demo import (
    adapters,
    bases,
    evaluation,
    hardware,
    reviews,
    seeds,
    settings,
    statistics,
)
from peft_demo.errors import AssetError, DivergedError, PeftDemoError, RunCancelledError
from peft_demo.methods import METHODS
from peft_demo.runs import (
    LABELS,
    EpochMetrics,
    Progress,
    Reporter,
    RunConfig,
    RunResult,
    StepMetrics,
)

if TYPE_CHECKING:
    import datasets
    import torch
    from torch import nn
    from transformers import Trainer

    from peft_demo.one_pass import Member

LOGGING_STEPS = 10
"""The training table shows the loss of every tenth step, and "No log" for an epoch without one."""

EVALUATION_BATCH = 16
"""Reviews a batch when nothing is trained. Larger ones are slower on a CPU: their activations no
longer fit its caches, and each comes in fresh memory (``python -m benchmarks.forward``)."""

TURN = 64
"""Reviews after which a run that races lets the next one go on."""

RELOAD_REVIEWS = 32
RELOAD_TOLERANCE = 1e-4
"""Largest difference of a logit after saving and loading that counts as equal."""

HALF_TOLERANCE = 2e-2
"""The same for weights stored in float16."""


def train(
    config: RunConfig,
    folder: Path,
    reporter: Reporter,
    *,
    largest_file: int | None = None,
    member: Member | None = None,
) -> RunResult:
    """Train one run and leave its files in ``folder``.

    The same configuration gives the same numbers on the same machine, to the last digit; as a
    ``member`` of a pass with others, to rounding. An adapter of more than ``largest_file`` bytes is
    stored in float16.

    Raises:
        PeftDemoError: it cannot be trained, or the loss is no longer a number; says why.
        RunCancelledError: the reporter said that it should stop.
    """
    started = time.perf_counter()
    watch = Watch(config, reporter)
    inputs = load_inputs(config, watch)
    base, drawn = inputs.base, inputs.drawn
    unchanged = base.checksum()
    with seeds.own_generators(config.seed) as waited:
        watch.others_seconds += waited
        model = adapters.build(base, config)
        trainer = make_trainer(model, inputs, config, folder, watch, member)
        watch.begin(trainer)
        before = watch.others_seconds
        output = trainer.train()
        trained = _own_pace(output.metrics, watch.others_seconds - before)
        watch.phase("Testing")
        before, testing = watch.others_seconds, time.perf_counter()
        test = reviews.tokenise(drawn.test, base, config.max_length)
        order = adapters.reading_order(test["input_ids"], METHODS[config.method])
        logits = np.empty((len(order), len(LABELS)), dtype=np.float32)
        logits[order] = trainer.predict(test.select(order)).predictions
        test_seconds = time.perf_counter() - testing - (watch.others_seconds - before)
    watch.phase("Saving")
    probabilities = evaluation.softmax(logits)
    labels = np.asarray(drawn.test.labels, dtype=np.int8)
    predictions = evaluation.Predictions(probabilities.astype(np.float32), labels)
    predictions.save(folder)
    # Accelerate wrapped forward in autocast; from here on the model computes in float32.
    model = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False).to("cpu")
    saved = _save(model, folder, largest_file)
    watch.phase("Checking the saved adapter")
    difference = _reload_difference(model, folder, base, drawn.test, config)
    if base.checksum() != unchanged:
        raise PeftDemoError("The run changed the shared base model; it is not kept.")
    num_adapter, num_head = adapters.count_trained(model)
    correct = int(predictions.correct.sum())
    return RunResult(
        train_output={
            "global_step": output.global_step,
            "training_loss": output.training_loss,
            **{
                name: trained[name]
                for name in (
                    "train_runtime",
                    "train_samples_per_second",
                    "train_steps_per_second",
                    "total_flos",
                )
            },
        },
        num_adapter_parameters=num_adapter,
        num_head_parameters=num_head,
        num_base_parameters=base.num_parameters(),
        file_bytes=saved.stat().st_size,
        test_accuracy=correct / len(labels),
        test_interval=statistics.wilson_interval(correct, len(labels)),
        test_loss=evaluation.log_loss(probabilities, labels),
        num_test_reviews=len(labels),
        test_set=drawn.test.fingerprint,
        reload_difference=difference,
        saved_as=number_type(saved),
        precision=hardware.training_precision(),
        environment=environment(),
        seconds=time.perf_counter() - started - watch.others_seconds,
        test_seconds=test_seconds,
        training_table=training_table(watch.steps, watch.epochs),
    )


def _own_pace(metrics: dict[str, float], others_seconds: float) -> dict[str, float]:
    """Trainer's metrics without the time in which others had their turns."""
    if not others_seconds:
        return metrics
    runtime = metrics["train_runtime"] - others_seconds
    faster = metrics["train_runtime"] / runtime
    rates = ("train_samples_per_second", "train_steps_per_second")
    own = {name: round(metrics[name] * faster, 3) for name in rates}
    return {**metrics, **own, "train_runtime": round(runtime, 4)}


@dataclass(frozen=True)
class Inputs:
    """What a training reads: the base, its reviews, and the tokens of those before the test."""

    base: bases.Base
    drawn: reviews.RunReviews
    train: datasets.Dataset
    validation: datasets.Dataset


def load_inputs(config: RunConfig, watch: Watch) -> Inputs:
    """Load the base, draw the reviews and split those that it begins with into tokens."""
    watch.phase("Loading the base model")
    base = bases.load(config.base_model)
    watch.phase("Reading the reviews")
    drawn = reviews.draw(reviews.load(config.dataset), config)
    watch.phase("Splitting the reviews into tokens")
    train, validation = (
        reviews.tokenise(part, base, config.max_length) for part in (drawn.train, drawn.validation)
    )
    return Inputs(base, drawn, train, validation)


def make_trainer(
    model: nn.Module,
    inputs: Inputs,
    config: RunConfig,
    folder: Path,
    watch: Watch,
    member: Member | None = None,
    **changes: Any,
) -> Trainer:
    """The Trainer of every run; ``changes`` go to its TrainingArguments."""
    from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainingArguments

    class StepsTogether(Trainer):
        """A Trainer that computes its steps with the other runs of a pass, while there are any."""

        def training_step(self, model: nn.Module, inputs: Any, *more: Any) -> torch.Tensor:
            assert member is not None
            model.train()
            stepped = member.step(model, self._prepare_inputs(inputs))
            watch.others_had(stepped.others_seconds)
            if stepped.loss is None:
                return super().training_step(model, inputs, *more)
            return stepped.loss

    arguments: dict[str, Any] = {
        "output_dir": str(folder),
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "eval_strategy": "epoch",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "learning_rate": config.learning_rate,
        "num_train_epochs": config.num_train_epochs,
        "per_device_train_batch_size": config.per_device_train_batch_size,
        "per_device_eval_batch_size": EVALUATION_BATCH,
        # Trainer seeds the generators with it, and so the dropout.
        "seed": config.seed_of("dropout_seed"),
        "data_seed": config.seed_of("data_seed"),
        "bf16": hardware.training_precision() == "bfloat16",
        "use_cpu": hardware.device() == "cpu",
        "dataloader_pin_memory": False,
        "label_names": ["labels"],
    }
    base, validation = inputs.base, inputs.validation
    trainer = (StepsTogether if member else Trainer)(
        model=model,
        args=TrainingArguments(**{**arguments, **changes}),
        train_dataset=inputs.train,
        eval_dataset=validation.select(
            adapters.reading_order(validation["input_ids"], METHODS[config.method])
        ),
        data_collator=DataCollatorWithPadding(base.tokenizer),
        processing_class=base.tokenizer,
        compute_metrics=lambda predicted: {
            "accuracy": evaluation.accuracy(predicted.predictions, predicted.label_ids),
            # Of the predictions alone: a method may add a penalty to the loss that it trains by.
            "log_loss": evaluation.log_loss(
                evaluation.softmax(predicted.predictions), predicted.label_ids
            ),
        },
        callbacks=[watch.callback()],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


class Watch:
    """Turns what Trainer's callbacks tell into reports, and stops the run when asked."""

    def __init__(self, config: RunConfig, reporter: Reporter) -> None:
        self._reporter = reporter
        self._batch = config.per_device_train_batch_size
        self._each_step = METHODS[config.method].each_step
        self._epoch_losses: list[float] = []
        self._max_steps = 0
        self._started = 0.0
        self._phase = ""
        self._spent = 0
        self.others_seconds = 0.0
        """How long it waited while others computed."""
        self.steps: list[StepMetrics] = []
        self.epochs: list[EpochMetrics] = []

    def phase(self, text: str) -> None:
        """Say what happens now, and stop here if asked to."""
        self._check_stop()
        self._reporter.progress(
            Progress(phase=text, step=len(self.steps), max_steps=self._max_steps)
        )

    def begin(self, trainer: Trainer, phase: str = "Training") -> None:
        """Training begins now; ``phase`` is what its steps are reported as."""
        arguments = trainer.args
        per_epoch = math.ceil(len(trainer.train_dataset) / self._batch)
        wanted = per_epoch * int(arguments.num_train_epochs)
        self._max_steps = arguments.max_steps if arguments.max_steps > 0 else wanted
        self._started = time.perf_counter()
        self._phase = phase
        self.phase(phase)

    def callback(self) -> Any:
        """The TrainerCallback; made here because its class needs transformers."""
        from transformers import TrainerCallback

        watch, each_step = self, self._each_step

        class Callback(TrainerCallback):
            def on_optimizer_step(self, args: Any, state: Any, control: Any, **more: Any) -> None:
                if each_step is not None:
                    each_step(more["model"], state.global_step + 1)

            def on_step_end(self, *_: Any, **__: Any) -> None:
                watch._let_others_go_on(watch._batch)

            def on_prediction_step(self, *_: Any, **__: Any) -> None:
                watch._let_others_go_on(EVALUATION_BATCH)

            def on_log(self, args: Any, state: Any, control: Any, logs: Any, **__: Any) -> None:
                if "loss" in logs:
                    watch._step(state.global_step, logs["loss"], logs["learning_rate"])

            def on_evaluate(
                self, args: Any, state: Any, control: Any, metrics: Any, **__: Any
            ) -> None:
                watch._epoch(state.global_step, metrics)

        return Callback()

    def _let_others_go_on(self, num_reviews: int) -> None:
        """Lend the generators; in a race, give the turn away once one's share is used up."""
        self._check_stop()
        waited = seeds.lend_generators()
        self._spent += num_reviews
        while self._spent >= TURN:
            self._spent -= TURN
            waited += seeds.lend_generators(to_owners=True)
        self.others_had(waited)
        # Somebody may have asked while others had their turns.
        self._check_stop()

    def others_had(self, seconds: float) -> None:
        """Take the time that others had out of this run's own."""
        self.others_seconds += seconds
        self._started += seconds

    def _check_stop(self) -> None:
        if self._reporter.should_stop():
            raise RunCancelledError

    def _step(self, step: int, loss: float, learning_rate: float) -> None:
        _refuse_divergence("training", loss, step)
        metrics = StepMetrics(step=step, loss=loss, learning_rate=learning_rate)
        self.steps.append(metrics)
        self._epoch_losses.append(loss)
        elapsed = time.perf_counter() - self._started
        self._reporter.step(metrics)
        self._reporter.progress(
            Progress(
                phase=self._phase,
                step=step,
                max_steps=self._max_steps,
                samples_per_second=step * self._batch / elapsed,
                seconds_left=(self._max_steps - step) * elapsed / step,
                learning_rate=learning_rate,
            )
        )

    def _epoch(self, step: int, metrics: dict[str, float]) -> None:
        # The last step of all can spoil the weights, and no training loss would show it.
        _refuse_divergence("validation", metrics["eval_log_loss"], step)
        epoch = EpochMetrics(
            epoch=len(self.epochs) + 1,
            step=step,
            train_loss=float(np.mean(self._epoch_losses)),
            eval_loss=metrics["eval_log_loss"],
            eval_accuracy=metrics["eval_accuracy"],
            seconds=time.perf_counter() - self._started,
        )
        self._epoch_losses.clear()
        self.epochs.append(epoch)
        self._reporter.epoch(epoch)


def _refuse_divergence(kind: str, loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise DivergedError(
            f"The {kind} loss became {loss} at step {step}: learning_rate is too high "
            "for this method."
        )


def training_table(
    steps: list[StepMetrics], epochs: list[EpochMetrics]
) -> list[dict[str, float | int | str]]:
    """The assignment's table: one row an epoch, as Trainer prints it in a notebook.

    Training Loss is the mean since the log before, at the epoch's last logging step.
    """
    rows: list[dict[str, float | int | str]] = []
    first = 0
    for epoch in epochs:
        logged = [step for step in range(first + 1, epoch.step + 1) if step % LOGGING_STEPS == 0]
        first = epoch.step
        loss: float | str = "No log"
        if logged:
            losses = [metrics.loss for metrics in steps[logged[-1] - LOGGING_STEPS : logged[-1]]]
            loss = round(float(np.mean(losses)), 6)
        rows.append(
            {
                "Epoch": epoch.epoch,
                "Training Loss": loss,
                "Validation Loss": round(epoch.eval_loss, 6),
                "Accuracy": round(epoch.eval_accuracy, 6),
            }
        )
    return rows


def environment() -> dict[str, str]:
    """What the numbers were made with."""
    packages = ("torch", "transformers", "peft", "datasets", "gradio")
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "device": hardware.device(),
        "processor": hardware.processor_name(),
        "threads": str(hardware.threads()),
        "forward": settings.forward(),
    }


def _save(model: nn.Module, folder: Path, largest_file: int | None) -> Path:
    saved = adapters.save(model, folder)
    if largest_file and saved.stat().st_size > largest_file:
        saved = adapters.save(model, folder, half_precision=True)
    return saved


def _reload_difference(
    model: nn.Module, folder: Path, base: bases.Base, test: reviews.Reviews, config: RunConfig
) -> float:
    """Largest difference between the logits before saving and after loading."""
    texts = list(test.texts[:RELOAD_REVIEWS])
    before, after = (
        adapters.logits(some.eval(), base, base.encode(texts, config.max_length)["input_ids"])
        for some in (
            model,
            adapters.load(folder, base, METHODS[config.method], by_peft=True),
        )
    )
    difference = float(np.abs(before - after).max())
    stored_half = number_type(next(folder.glob("*model.safetensors"))) == "float16"
    if difference > (HALF_TOLERANCE if stored_half else RELOAD_TOLERANCE):
        raise AssetError(
            f"The saved adapter does not give the same logits when loaded: they differ by "
            f"{difference:.2g}."
        )
    return difference


def number_type(path: Path) -> str:
    """The number type of saved weights; float32 where there are several."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    named = {"F16": "float16", "BF16": "bfloat16"}
    return named.get(kinds.pop(), "float32") if len(kinds) == 1 else "float32"
