"""What a run is, does or did, in a few words: for the strip and the lists of runs."""

from __future__ import annotations

from peft_demo.comparison.describe import texts_of, written
from peft_demo.comparison.words import between
from peft_demo.formats import about, number, percent, seconds, whole
from peft_demo.languages import _, gettext_noop, told
from peft_demo.methods.method import LAYERS
from peft_demo.runs import MixedConfig, Run, RunKind, RunStatus, telling
from peft_demo.ui.formats import glued

SWAPPED = gettext_noop("Far below guessing: are its labels swapped? Details can swap them")

CALLED = {
    RunStatus.QUEUED: gettext_noop("waiting"),
    RunStatus.RUNNING: gettext_noop("running"),
    RunStatus.COMPLETED: gettext_noop("done"),
    RunStatus.FAILED: gettext_noop("failed"),
    RunStatus.CANCELLED: gettext_noop("stopped"),
    RunStatus.INTERRUPTED: gettext_noop("interrupted"),
}
"""Each state as people call it."""


def called(run: Run) -> str:
    """What people call a run's state."""
    return _("stopped early") if run.stopped_early else _(CALLED[run.status])


def now(run: Run) -> str:
    """How far it is; or what its test showed, and how long it took."""
    result = run.result
    if run.status is not RunStatus.COMPLETED or result is None:
        return state(run)
    trained = f"{_trained(result.training_seconds)}, " if result.training_seconds else ""
    tested = (
        _("Test accuracy %(accuracy)s (95 %%: %(between)s) on %(count)s %(texts)s")
        % {
            "accuracy": percent(result.test_accuracy),
            "between": between(result.evaluation),
            "count": whole(result.num_test_reviews),
            "texts": _(texts_of(run)),
        },
        _early(run),
        trained + _in_all(result.seconds),
        told(run.problem or ""),
    )
    return glued(" · ".join(filter(None, tested)))


def ended(run: Run) -> str:
    """The same of one that is over, after its state where that says more."""
    words = now(run)
    return words if run.status is RunStatus.CANCELLED else f"{called(run)} · {words}"


def state(run: Run) -> str:
    """The same where its accuracy stands beside it."""
    if run.status is RunStatus.QUEUED:
        return " · ".join(filter(None, (waits(run.queue_position), told(run.error or ""))))
    if run.status is RunStatus.RUNNING:
        return glued(_training(run))
    return glued(_range_test(run) or _finished(run) or _ended_early(run))


def waits(place: int | None, seconds: float | None = None) -> str:
    """Where in the queue a run is, from 1, as far as that is told, and in how many it begins."""
    if place is None:
        return _("Waits in the queue")
    words = _("Number %(place)s in the queue") % {"place": place}
    if place == 1:
        words = _("Next in the queue")
    if seconds is None or seconds < 1:
        return words
    return glued(words + " · " + _("starts in about %(time)s") % {"time": about(seconds)})


def _training(run: Run) -> str:
    at = run.progress
    parts = (
        f"{_(at.phase)} …" if at.phase not in ("", "Training") else "",
        _("step %(step)s of %(steps)s") % {"step": at.step, "steps": at.max_steps}
        if at.max_steps
        else "",
        _("%(time)s left") % {"time": about(at.seconds_left)}
        if at.seconds_left is not None and at.step
        else "",
    )
    return " · ".join(filter(None, parts)) or _("Starting …")


def _range_test(run: Run) -> str:
    if run.range_test is None:
        return ""
    rate = run.range_test.suggestion
    words = _("Shows no good rate")
    if rate:
        words = _("Suggests a learning rate of %(rate)s") % {"rate": number(float(f"{rate:.2g}"))}
    unsure = "" if run.range_test.is_sure else " " + _("(unsure)")
    more = _("Details shows the curve")
    return f"{words}{unsure} · {more}"


def _finished(run: Run) -> str:
    if run.seems_swapped:
        return _(SWAPPED)
    if run.status is not RunStatus.COMPLETED or run.result is None:
        return ""
    if run.problem or not run.result.training_seconds:
        return told(run.problem or "") or _in_all(run.result.seconds)
    return " · ".join(filter(None, (_early(run), _trained(run.result.training_seconds))))


def _early(run: Run) -> str:
    if not (early := run.stopped_early):
        return ""
    return _("Stopped after %(epochs)s of %(most)s epochs") % {
        "epochs": early.epoch,
        "most": early.num_train_epochs,
    }


def _trained(time: float) -> str:
    return _("trained in %(time)s") % {"time": seconds(time)}


def _in_all(time: float) -> str:
    return _("%(time)s in all") % {"time": seconds(time)}


def _ended_early(run: Run) -> str:
    if run.error or run.problem:
        return told(run.error or run.problem or "")
    if run.kind in (RunKind.IMPORTED, RunKind.MIXED):
        return _("Stopped before its test ended")
    if not run.epochs:
        return _("Stopped before the first epoch ended")
    # How many epochs there are is not known of every run.
    most = run.config.number("num_train_epochs")
    epochs = {"epochs": len(run.epochs), "most": number(most) if most else ""}
    if most:
        return _("Stopped after %(epochs)s of %(most)s epochs") % epochs
    return _("Stopped after %(epochs)s epochs") % epochs


def what(run: Run) -> str:
    """What the run is, in a few words."""
    config = run.config
    if run.kind is RunKind.IMPORTED:
        parts = [_(config.method_label), _("imported adapter")]
        if length := config.max_length:
            parts.append(_("read at %(tokens)s tokens") % {"tokens": whole(length)})
            if not config.is_length_known:
                parts[-1] += ", " + _("the length of its training is not known")
        return " · ".join(parts)
    if isinstance(config, MixedConfig):
        mixed = {"count": len(config.parents), "combination": config.combination}
        return f"{_(config.method_label)} · " + _("%(count)s runs mixed by %(combination)s") % mixed
    if run.kind is RunKind.RANGE_TEST:
        return f"{_('Learning-rate range test')} · {config.summary}"
    return config.summary


def fields(run: Run) -> str:
    """The values of the method's own fields, and the learning rate, for a line of a table."""
    parts = []
    for name, value in telling(run.config.method, run.config.method_values).items():
        if isinstance(value, bool):
            parts.append(name if value else _("no %(name)s") % {"name": name})
        elif isinstance(value, (int, float)):
            parts.append(f"{name.removeprefix('lora_')} {number(value)}")
        elif name == LAYERS.name:
            parts.append(f"{_('blocks')} {', '.join(map(str, value))}")
        elif isinstance(value, (list, tuple)):
            many = _("%(count)s modules") % {"count": len(value)}
            parts.append(", ".join(map(str, value)) if len(value) < 4 else many)
        else:
            parts.append(f"{name} {written(value)}")
    rate = run.config.number("learning_rate")
    if rate is not None:
        parts.append(f"lr {number(rate)}")
    return " · ".join(parts)
