"""The assignment's report beside runs of the same four configurations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from peft_demo import statistics
from peft_demo.comparison.evidence import Described
from peft_demo.comparison.facts import AssignmentFacts, AssignmentRow
from peft_demo.comparison.words import sentences
from peft_demo.runs import Run
from peft_demo.runs.presets import ASSIGNMENT, PRESETS, TUNED_ASSIGNMENT

REPORTED_REVIEWS = 32
"""The report's validation reviews: its accuracies move in steps of one of them."""


class Reported(NamedTuple):
    """What the report's tables show of one configuration."""

    validation_loss: float
    correct: int
    """Validation reviews that were right after the last epoch."""
    best_correct: int
    """After the best of its ten epochs."""
    seconds: float | None


REPORTED: Mapping[str, Reported] = {
    "lora-1": Reported(0.6877, 19, 19, 82.0),
    "lora-2": Reported(0.6847, 19, 22, None),
    "lora-3": Reported(0.6856, 19, 22, 80.9),
    "ia3": Reported(0.6892, 20, 20, 268.5),
}


def assignment(runs: Iterable[Described]) -> AssignmentFacts:
    """One row for each of the assignment's configurations: reported, and trained here."""
    found = {preset_id: each for each in runs if (preset_id := _preset_of(each.run))}
    is_tuned = any(preset_id in TUNED_ASSIGNMENT for preset_id in found)
    ours = TUNED_ASSIGNMENT if is_tuned else ASSIGNMENT
    rows = tuple(_row(of, found.get(our)) for of, our in zip(ASSIGNMENT, ours, strict=True))
    correct = [reported.correct for reported in REPORTED.values()]
    tested = [row.test for row in rows if row.test is not None]
    words = sentences(
        "assignment",
        apart=max(correct) - min(correct),
        reviews=REPORTED_REVIEWS,
        best=statistics.wilson_interval(max(correct), REPORTED_REVIEWS),
        tested=len(tested) if len(tested) == len(rows) else None,
        better=sum(test.low > 0.5 for test in tested),
    )
    return AssignmentFacts(is_tuned=is_tuned, rows=rows, words=tuple(words))


def _preset_of(run: Run) -> str | None:
    """Which of the assignment's presets the run has the settings of, whatever it is called now."""
    flat = run.config.flat()
    for preset_id in (*ASSIGNMENT, *TUNED_ASSIGNMENT):
        wanted = PRESETS[preset_id].values.items()
        if all(
            flat.get(name) == (list(value) if isinstance(value, tuple) else value)
            for name, value in wanted
        ):
            return preset_id
    return None


def _row(preset_id: str, ours: Described | None) -> AssignmentRow:
    reported = REPORTED[preset_id]
    facts, run = (ours.facts, ours.run) if ours else (None, None)
    quality = facts and facts.quality
    epochs = run.epochs if run else ()
    return AssignmentRow(
        name=PRESETS[preset_id].label,
        reported_loss=reported.validation_loss,
        reported=statistics.wilson_interval(reported.correct, REPORTED_REVIEWS),
        reported_best=reported.best_correct / REPORTED_REVIEWS,
        reported_seconds=reported.seconds,
        run_id=run and run.run_id,
        validation_loss=epochs[-1].eval_loss if epochs else None,
        validation_accuracy=epochs[-1].eval_accuracy if epochs else None,
        best_validation_accuracy=max((epoch.eval_accuracy for epoch in epochs), default=None),
        num_validation_reviews=run and run.config.num_validation_reviews,
        test=quality and quality.interval,
        num_test_reviews=quality and quality.num_reviews,
        seconds=facts and facts.training_seconds,
    )
