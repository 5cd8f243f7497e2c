"""The assignment's report beside runs of the same four configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from peft_demo import statistics
from peft_demo.comparison.facts import AssignmentFacts, AssignmentRow, Estimate, RunFacts
from peft_demo.comparison.words import percent
from peft_demo.runs import Run
from peft_demo.runs.presets import ASSIGNMENT, PRESETS, TUNED_ASSIGNMENT

REPORTED_REVIEWS = 32
"""The report's validation reviews: its accuracies move in steps of one of them."""


@dataclass(frozen=True)
class Reported:
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


def assignment(runs: Sequence[Run], facts: Mapping[str, RunFacts]) -> AssignmentFacts:
    """One row for each of the assignment's configurations: reported, and trained here.

    Args:
        runs: those of the group.
        facts: by run.
    """
    found = {preset_id: run for run in runs if (preset_id := _preset_of(run))}
    is_tuned = any(preset_id in TUNED_ASSIGNMENT for preset_id in found)
    rows = tuple(
        _row(preset_id, found.get(wanted), facts)
        for preset_id, wanted in zip(
            ASSIGNMENT, TUNED_ASSIGNMENT if is_tuned else ASSIGNMENT, strict=True
        )
    )
    words = [_of_the_report()]
    tested = [row.test for row in rows if row.test is not None]
    if len(tested) == len(rows):
        words.append(_against_guessing(tested))
    return AssignmentFacts(is_tuned=is_tuned, rows=rows, words=tuple(words))


def _preset_of(run: Run) -> str | None:
    """Which of the assignment's presets the run has the settings of, whatever it is called now."""
    flat = run.config.flat()
    for preset_id in (*ASSIGNMENT, *TUNED_ASSIGNMENT):
        wanted = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in PRESETS[preset_id].values.items()
        }
        if all(flat.get(name) == value for name, value in wanted.items()):
            return preset_id
    return None


def _row(preset_id: str, run: Run | None, facts: Mapping[str, RunFacts]) -> AssignmentRow:
    reported = REPORTED[preset_id]
    known = facts.get(run.run_id) if run else None
    quality = known.quality if known else None
    epochs = run.epochs if run else ()
    return AssignmentRow(
        name=PRESETS[preset_id].label,
        reported_loss=reported.validation_loss,
        reported=_share(reported.correct),
        reported_best=reported.best_correct / REPORTED_REVIEWS,
        reported_seconds=reported.seconds,
        run_id=run.run_id if run else None,
        validation_loss=epochs[-1].eval_loss if epochs else None,
        validation_accuracy=epochs[-1].eval_accuracy if epochs else None,
        best_validation_accuracy=max((e.eval_accuracy for e in epochs), default=None),
        num_validation_reviews=run.config.num_validation_reviews if run else None,
        test=quality and Estimate(value=quality.accuracy, low=quality.low, high=quality.high),
        num_test_reviews=quality and quality.num_reviews,
        seconds=known.training_seconds if known else None,
    )


def _share(correct: int) -> Estimate:
    low, high = statistics.wilson_interval(correct, REPORTED_REVIEWS)
    return Estimate(value=correct / REPORTED_REVIEWS, low=low, high=high)


def _of_the_report() -> str:
    correct = [reported.correct for reported in REPORTED.values()]
    apart = max(correct) - min(correct)
    best = _share(max(correct))
    assert best.low is not None
    assert best.high is not None
    reviews = "one review" if apart == 1 else f"{apart} reviews"
    return (
        f"In the report, the best and the worst of the four are {reviews} of {REPORTED_REVIEWS} "
        f"apart. On so few, even the best one's {percent(best.value)} may be anything from "
        f"{percent(best.low)} to {percent(best.high)}: its differences could not be told from "
        "chance."
    )


def _against_guessing(tested: Sequence[Estimate]) -> str:
    better = [test for test in tested if test.low is not None and test.low > 0.5]
    if not better:
        return (
            "Trained again, none of the four is shown to be better than guessing: each 95 % "
            "interval holds 50 %."
        )
    count = "All four are" if len(better) == len(tested) else f"{len(better)} of the four are"
    return f"{count} better than guessing: the 95 % interval lies above 50 %."
