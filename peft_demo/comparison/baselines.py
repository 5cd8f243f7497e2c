"""Lines to beat: guessing, counting words, and head-only or full runs on the same texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from peft_demo import statistics
from peft_demo.comparison import text_baseline
from peft_demo.comparison.describe import texts_of
from peft_demo.comparison.evidence import Evidence
from peft_demo.comparison.facts import Baseline, RunFacts, TextBaselineCheck
from peft_demo.comparison.words import listed, percent
from peft_demo.errors import PeftDemoError
from peft_demo.methods import METHODS
from peft_demo.runs import Run, RunConfig, RunKind

Measure: TypeAlias = Callable[[RunConfig], Sequence[text_baseline.TextBaseline] | None]
"""Gives the text baselines on a configuration's texts, or None while they are computed."""

_DATA_FIELDS = ("dataset", "base_model", "num_reviews", "max_length", "num_test_reviews")
"""What two runs must share, with the seed of the sample, to have learned from the same texts."""


@dataclass(frozen=True)
class Measured:
    """The text baselines of several runs, as far as they are known."""

    by_run: Mapping[str, Sequence[text_baseline.TextBaseline]]
    is_pending: bool
    """Whether some are still being computed."""
    problems: tuple[str, ...]
    """Why some cannot be."""


def text_baselines(runs: Sequence[Run], measure: Measure) -> Measured:
    """The text baselines of each tested run."""
    found: dict[str, Sequence[text_baseline.TextBaseline]] = {}
    problems: list[str] = []
    is_pending = False
    for run in runs:
        # What an imported adapter learned from is not known, so nothing is on the same texts.
        if run.result is None or run.kind is not RunKind.TRAINING:
            continue
        try:
            measured = measure(run.config)
        except PeftDemoError as error:
            problems.append(f"The baselines of {run.config.name} cannot be computed: {error}")
            continue
        if measured is None:
            is_pending = True
        else:
            found[run.run_id] = measured
    return Measured(found, is_pending, tuple(problems))


def lines(
    runs: Sequence[Run],
    measured: Measured,
    others: Iterable[Run],
) -> tuple[Baseline, ...]:
    """The baselines of these runs, one line for those that learned from as many texts.

    Args:
        runs: those that are compared.
        measured: the text baselines of each.
        others: all runs of the store, for those that are baselines themselves.
    """
    found: list[Baseline] = []
    for run in runs:
        for text in measured.by_run.get(run.run_id, ()):
            learned = f"{run.config.num_train_reviews:,} {texts_of(run)}"
            found.append(
                Baseline(
                    name=text.name,
                    detail=f"{learned} of {run.config.max_length} tokens"
                    if text.name != text_baseline.MAJORITY
                    else "",
                    accuracy=text.accuracy,
                    low=text.low,
                    high=text.high,
                    run_ids=(run.run_id,),
                )
            )
    compared = {run.run_id for run in runs}
    candidates = [run for run in others if _is_baseline(run) and run.run_id not in compared]
    for run in runs:
        for baseline in _trained_baselines(run, candidates):
            assert baseline.result is not None
            low, high = baseline.result.test_interval
            found.append(
                Baseline(
                    name=baseline.config.method_label,
                    detail=baseline.config.name,
                    accuracy=baseline.result.test_accuracy,
                    low=low,
                    high=high,
                    run_ids=(run.run_id,),
                    is_trained=True,
                )
            )
    same: dict[tuple[object, ...], list[Baseline]] = {}
    for line in found:
        # Only text baselines that learned from as many texts are repeats of each other.
        apart = line.accuracy if line.is_trained or not line.detail else None
        same.setdefault((line.name, line.detail, apart), []).append(line)
    return tuple(sorted(map(_merged, same.values()), key=lambda line: line.accuracy))


def checks(
    runs: Sequence[Run],
    measured: Measured,
    evidence: Evidence,
) -> tuple[TextBaselineCheck, ...]:
    """Whether each run beats TF-IDF on the same texts: exact McNemar tests, Holm-corrected."""
    found = []
    for run in runs:
        text = next(
            (t for t in measured.by_run.get(run.run_id, ()) if t.name == text_baseline.TFIDF), None
        )
        predictions = evidence.predictions(run)
        if text is None or predictions is None:
            continue
        own, other = predictions.correct, text.predictions.correct
        if len(own) == len(other):
            p = statistics.mcnemar(own, other)
            found.append((run.run_id, text.accuracy, float(own.mean() - other.mean()), p))
    corrected = statistics.holm([p for *_, p in found])
    return tuple(
        TextBaselineCheck(
            run_id=run_id,
            baseline_accuracy=accuracy,
            difference=difference,
            p_corrected=p,
            verdict="not shown" if p >= 0.05 else "beats" if difference > 0 else "worse",
        )
        for (run_id, accuracy, difference, _), p in zip(found, corrected, strict=True)
    )


def in_words(checked: Sequence[TextBaselineCheck], runs: Mapping[str, RunFacts]) -> list[str]:
    """Who beats counting words and who does not, for a student to read aloud."""
    sentences: list[str] = []
    texts = runs[checked[0].run_id].texts if checked else ""
    if len(checked) > _MOST_NAMED:
        return [_counted(checked, texts)]
    for verdict in ("worse", "not shown"):
        same: dict[float, list[RunFacts]] = {}
        for check in checked:
            if check.verdict == verdict:
                same.setdefault(check.baseline_accuracy, []).append(runs[check.run_id])
        sentences += [_against(group, verdict, accuracy) for accuracy, group in same.items()]
    if checked and not sentences:
        names = [runs[check.run_id].name for check in checked]
        who = f"{names[0]} beats" if len(names) == 1 else f"All {len(names)} of them beat"
        who = f"{listed(names)} both beat" if len(names) == 2 else who
        sentences.append(f"{who} counting words ({_WHAT} on the same {texts}).")
    return sentences


_MOST_NAMED = 8


def _counted(checked: Sequence[TextBaselineCheck], texts: str) -> str:
    """Of many runs, how many beat counting words."""
    beating = sum(check.verdict == "beats" for check in checked)
    worse = sum(check.verdict == "worse" for check in checked)
    rest = len(checked) - beating - worse
    return (
        f"Of {len(checked)} runs, {beating} beat counting words ({_WHAT} on the same {texts}), "
        f"{worse} are worse, and for {rest} neither is shown."
    )


_WHAT = "TF-IDF with logistic regression"


def _against(runs: Sequence[RunFacts], verdict: str, baseline: float) -> str:
    """One sentence about runs that have the same baseline and the same verdict."""
    accuracies = sorted(run.quality.accuracy for run in runs if run.quality)
    low, high = percent(accuracies[0]), percent(accuracies[-1])
    one = len(runs) == 1
    verb = {
        "worse": "is worse than" if one else "are worse than",
        "not shown": "is not shown to beat" if one else "are not shown to beat",
    }[verdict]
    return (
        f"{listed([run.name for run in runs])} {verb} counting words: {_WHAT} gets "
        f"{percent(baseline)} from the same {runs[0].texts}, {'it' if one else 'they'} "
        f"{low if low == high else f'{low} to {high}'}."
    )


def _merged(lines: Sequence[Baseline]) -> Baseline:
    """One line for several runs; where seeds drew other texts, their mean."""
    run_ids = tuple(run_id for line in lines for run_id in line.run_ids)
    accuracies = sorted({line.accuracy for line in lines})
    if len(accuracies) == 1:
        return lines[0].model_copy(update={"run_ids": run_ids})
    mean, low, high = statistics.mean_interval(accuracies)
    detail = f"{lines[0].detail}, mean of {len(accuracies)} seeds"
    values = {"accuracy": mean, "low": low, "high": high, "detail": detail, "run_ids": run_ids}
    return lines[0].model_copy(update=values)


def _is_baseline(run: Run) -> bool:
    method = METHODS.get(run.config.method)
    return (
        method is not None
        and method.baseline
        and run.kind is RunKind.TRAINING
        and run.result is not None
    )


def _trained_baselines(run: Run, candidates: Sequence[Run]) -> list[Run]:
    """Of each baseline method the run on the same texts with the lowest validation loss."""
    if run.result is None or run.kind is not RunKind.TRAINING or _is_baseline(run):
        return []
    best: dict[str, Run] = {}
    for other in candidates:
        assert other.result is not None
        if other.result.test_set != run.result.test_set or _data(other) != _data(run):
            continue
        # By validation, not by test: picking by the test would flatter the baseline.
        known = best.get(other.config.method)
        if known is None or _validation_loss(other) < _validation_loss(known):
            best[other.config.method] = other
    return list(best.values())


def _data(run: Run) -> tuple[object, ...]:
    fields = (getattr(run.config, field) for field in _DATA_FIELDS)
    return (*fields, run.config.seed_of("sample_seed"))


def _validation_loss(run: Run) -> float:
    return run.epochs[-1].eval_loss if run.epochs else float("inf")
