"""What a run is, does or did, in a few words: for the strip and the lists of runs."""

from __future__ import annotations

from peft_demo.comparison.describe import texts_of, written
from peft_demo.comparison.words import between
from peft_demo.formats import about, number, percent, seconds, whole
from peft_demo.methods.method import LAYERS
from peft_demo.runs import Run, RunKind, RunStatus, telling
from peft_demo.ui.formats import glued

SWAPPED = "Far below guessing: are its labels swapped? Details can swap them"

CALLED = {
    RunStatus.QUEUED: "waiting",
    RunStatus.RUNNING: "running",
    RunStatus.COMPLETED: "done",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "stopped",
    RunStatus.INTERRUPTED: "interrupted",
}
"""Each state as people call it."""


def now(run: Run) -> str:
    """How far it is; or what its test showed, and how long it took."""
    result = run.result
    if run.status is not RunStatus.COMPLETED or result is None:
        return state(run)
    trained = f"trained in {seconds(result.training_seconds)}, " if result.training_seconds else ""
    tested = (
        f"Test accuracy {percent(result.test_accuracy)} (95 %: {between(result.evaluation)}) "
        f"on {whole(result.num_test_reviews)} {texts_of(run)}",
        f"{trained}{seconds(result.seconds)} in all",
        run.problem,
    )
    return glued(" · ".join(filter(None, tested)))


def state(run: Run) -> str:
    """The same where its accuracy stands beside it."""
    if run.status is RunStatus.QUEUED:
        place = run.queue_position
        return "Next in the queue" if place == 1 else f"Number {place} in the queue"
    if run.status is RunStatus.RUNNING:
        return glued(_training(run))
    return glued(_range_test(run) or _finished(run) or _ended_early(run))


def _training(run: Run) -> str:
    at = run.progress
    parts = (
        f"{at.phase} …" if at.phase not in ("", "Training") else "",
        f"step {at.step} of {at.max_steps}" if at.max_steps else "",
        f"{about(at.seconds_left)} left" if at.seconds_left is not None and at.step else "",
    )
    return " · ".join(filter(None, parts)) or "Starting …"


def _range_test(run: Run) -> str:
    if run.range_test is None:
        return ""
    rate = run.range_test.suggestion
    words = f"Suggests a learning rate of {number(float(f'{rate:.2g}'))}" if rate else ""
    unsure = "" if run.range_test.is_sure else " (unsure)"
    return f"{words or 'Shows no good rate'}{unsure} · Details shows the curve"


def _finished(run: Run) -> str:
    if run.seems_swapped:
        return SWAPPED
    if run.status is not RunStatus.COMPLETED or run.result is None:
        return ""
    if run.problem or not run.result.training_seconds:
        return run.problem or f"{seconds(run.result.seconds)} in all"
    return f"trained in {seconds(run.result.training_seconds)}"


def _ended_early(run: Run) -> str:
    if run.error or run.problem:
        return str(run.error or run.problem)
    if run.kind is RunKind.IMPORTED:
        return "Stopped before its test ended"
    if not run.epochs:
        return "Stopped before the first epoch ended"
    # How many epochs there are is not known of every run.
    most = run.config.number("num_train_epochs")
    of = f" of {most:g}" if most else ""
    return f"Stopped after {len(run.epochs)}{of} epochs"


def what(run: Run) -> str:
    """What the run is, in a few words."""
    config = run.config
    if run.kind is RunKind.IMPORTED:
        unknown = "" if config.is_length_known else ", the length of its training is not known"
        read = f" · read at {config.max_length:,} tokens{unknown}" if config.max_length else ""
        return f"{config.method_label} · imported adapter{read}"
    if run.kind is RunKind.RANGE_TEST:
        return f"Learning-rate range test · {config.summary}"
    return config.summary


def fields(run: Run) -> str:
    """The values of the method's own fields, and the learning rate, for a line of a table."""
    parts = []
    for name, value in telling(run.config.method, run.config.method_values).items():
        if isinstance(value, bool):
            parts.append(name if value else f"no {name}")
        elif isinstance(value, (int, float)):
            parts.append(f"{name.removeprefix('lora_')} {number(value)}")
        elif name == LAYERS.name:
            parts.append(f"blocks {', '.join(map(str, value))}")
        elif isinstance(value, (list, tuple)):
            parts.append(", ".join(map(str, value)) if len(value) < 4 else f"{len(value)} modules")
        else:
            parts.append(f"{name} {written(value)}")
    rate = run.config.number("learning_rate")
    if rate is not None:
        parts.append(f"lr {number(rate)}")
    return " · ".join(parts)
