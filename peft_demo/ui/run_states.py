"""What a run does or did, in a few words: for the strip and the lists of runs."""

from __future__ import annotations

from peft_demo.comparison.describe import texts_of
from peft_demo.comparison.words import between
from peft_demo.formats import about, number, percent, seconds, whole
from peft_demo.runs import Run, RunKind, RunStatus
from peft_demo.ui.formats import glued

SWAPPED = "Far below guessing: are its labels swapped? Details can swap them"


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
