"""Lines to beat: guessing, counting words, and head-only or full runs on the same texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from peft_demo import statistics
from peft_demo.comparison import text_baseline
from peft_demo.comparison.describe import texts_of
from peft_demo.comparison.evidence import Tested
from peft_demo.comparison.facts import Baseline, TextBaselineCheck
from peft_demo.comparison.words import sentences
from peft_demo.errors import PeftDemoError
from peft_demo.formats import whole
from peft_demo.languages import _, told
from peft_demo.methods import METHODS
from peft_demo.runs import Run, RunConfig, RunKind
from peft_demo.statistics import ALPHA, Predictions
from peft_demo.storage import Store

Measure: TypeAlias = Callable[[RunConfig], Mapping[str, Predictions] | None]
"""Gives the text baselines on a configuration's texts by name, or None while they are computed."""

_DATA_FIELDS = ("dataset", "base_model", "num_reviews", "max_length", "num_test_reviews")
"""What two runs must share, with the seed of the sample, to have learned from the same texts."""

_MOST_NAMED = 8
"""Runs whose names a sentence about text baselines holds."""


class Baselines:
    """What some runs are measured by, as far as it is known.

    Args:
        store: where the runs are.
        runs: those that are compared.
        measure: gets text baselines; by default it computes them, which takes seconds.
        others: the store's runs, if somebody knows them already.
    """

    def __init__(
        self,
        store: Store,
        runs: Iterable[Run],
        measure: Measure | None = None,
        others: Iterable[Run] | None = None,
    ) -> None:
        # What an imported adapter learned from is not known, so nothing is on the same texts.
        self._runs = [run for run in runs if run.result and run.kind is RunKind.TRAINING]
        self._others = store.runs() if others is None else others
        self._by_run: dict[str, Mapping[str, Predictions]] = {}
        self.problems: list[str] = []
        """Why some text baselines cannot be computed."""
        self.are_pending = False
        """Whether some are still being computed."""
        for run in self._runs:
            self._ask(run, measure or measure_in(store))

    def _ask(self, run: Run, measure: Measure) -> None:
        try:
            measured = measure(run.config.for_training())
        except PeftDemoError as error:
            self.problems.append(
                _("The baselines of %(name)s cannot be computed: %(error)s")
                % {"name": run.config.name, "error": told(str(error))}
            )
            return
        if measured is None:
            self.are_pending = True
        else:
            self._by_run[run.run_id] = measured

    def lines(self) -> tuple[Baseline, ...]:
        """Every baseline, the lowest first; one line for those that learned from as many texts."""
        same: dict[tuple[object, ...], list[Baseline]] = {}
        for line in (*self._text_lines(), *self._trained_lines()):
            # Only text baselines that learned from as many texts are repeats of each other.
            apart = line.accuracy if line.is_trained or not line.detail else None
            same.setdefault((line.name, line.detail, apart), []).append(line)
        return tuple(sorted(map(_merged, same.values()), key=lambda line: line.accuracy))

    def _text_lines(self) -> Iterator[Baseline]:
        for run in self._runs:
            if run.run_id not in self._by_run:
                continue
            config = run.config.for_training()
            learned = _("%(count)s %(texts)s of %(tokens)s tokens") % {
                "count": whole(config.num_train_reviews),
                "texts": _(texts_of(run)),
                "tokens": config.max_length,
            }
            for name, predictions in self._by_run[run.run_id].items():
                is_guess = name == text_baseline.MAJORITY
                yield Baseline(
                    name=name,
                    detail="" if is_guess else learned,
                    accuracy=predictions.accuracy.value,
                    low=predictions.accuracy.low,
                    high=predictions.accuracy.high,
                    run_ids=(run.run_id,),
                )

    def _trained_lines(self) -> Iterator[Baseline]:
        compared = {run.run_id for run in self._runs}
        found = [run for run in self._others if is_baseline(run) and run.run_id not in compared]
        for run in self._runs:
            for other in () if is_baseline(run) else _best_on_its_texts(run, found):
                assert other.result is not None
                low, high = other.result.test_interval
                yield Baseline(
                    name=other.config.method_label,
                    detail=other.config.name,
                    accuracy=other.result.test_accuracy,
                    low=low,
                    high=high,
                    run_ids=(run.run_id,),
                    is_trained=True,
                )

    def checks(self, tested: Mapping[str, Tested]) -> tuple[TextBaselineCheck, ...]:
        """Whether each run beats TF-IDF on the same texts: exact McNemar tests, Holm-corrected."""
        pairs = [
            (run_id, tested[run_id].predictions, measured[text_baseline.TFIDF])
            for run_id, measured in self._by_run.items()
            if text_baseline.TFIDF in measured
        ]
        pairs = [pair for pair in pairs if len(pair[1].labels) == len(pair[2].labels)]
        counts = [statistics.discordant(run.correct, words.correct) for _, run, words in pairs]
        tests = statistics.holm([float(statistics.mcnemar(*count)) for count in counts])
        return tuple(
            _check(run_id, run.accuracy.value, words.accuracy.value, p)
            for (run_id, run, words), p in zip(pairs, tests, strict=True)
        )


def measure_in(store: Store) -> Measure:
    """Computes text baselines, and keeps them beside the runs."""
    return lambda config: text_baseline.measure(config, folder_of(store))


def folder_of(store: Store) -> Path | None:
    """Where they are kept, if anything can be."""
    return None if store.problem else store.folder / "baselines"


def in_words(checks: Sequence[TextBaselineCheck], runs: Mapping[str, Tested]) -> list[str]:
    """Who beats counting words and who does not, for a student to read aloud."""
    if not checks:
        return []
    unproven = {
        verdict: {check: runs[check.run_id] for check in checks if check.verdict == verdict}
        for verdict in ("worse", "not shown")
    }
    return sentences(
        "text_baselines",
        names=[runs[check.run_id].facts.name for check in checks],
        texts=runs[checks[0].run_id].facts.texts,
        most_named=_MOST_NAMED,
        counts=Counter(check.verdict for check in checks),
        unproven=unproven,
    )


def _check(run_id: str, accuracy: float, baseline: float, p: float) -> TextBaselineCheck:
    return TextBaselineCheck(
        run_id=run_id,
        baseline_accuracy=baseline,
        difference=accuracy - baseline,
        p_corrected=p,
        verdict="not shown" if p >= ALPHA else "beats" if accuracy > baseline else "worse",
    )


def _merged(lines: Sequence[Baseline]) -> Baseline:
    """One line for several runs; where seeds drew other texts, their mean."""
    run_ids = tuple(run_id for line in lines for run_id in line.run_ids)
    accuracies = sorted({line.accuracy for line in lines})
    if len(accuracies) == 1:
        return lines[0].model_copy(update={"run_ids": run_ids})
    mean = statistics.mean_interval(accuracies)
    seeds = {"detail": lines[0].detail, "count": len(accuracies)}
    detail = _("%(detail)s, mean of %(count)s seeds") % seeds
    values = {"accuracy": mean.value, "low": mean.low, "high": mean.high}
    return lines[0].model_copy(update={**values, "detail": detail, "run_ids": run_ids})


def is_baseline(run: Run) -> bool:
    """Whether it is a finished run of a method that others are measured by."""
    method = METHODS.get(run.config.method)
    is_tested = run.kind is RunKind.TRAINING and run.result is not None
    return is_tested and method is not None and method.baseline


def _best_on_its_texts(run: Run, candidates: Iterable[Run]) -> Iterable[Run]:
    """Of each method the run on the same texts with the lowest validation loss."""
    best: dict[str, Run] = {}
    for other in candidates:
        known = best.get(other.config.method)
        # By validation, not by test: picking by the test would flatter the baseline.
        if _texts(other) == _texts(run) and (
            known is None or validation_loss(other) < validation_loss(known)
        ):
            best[other.config.method] = other
    return best.values()


def _texts(run: Run) -> tuple[object, ...]:
    """What decides what a finished run learned from and was tested on."""
    assert run.result is not None
    fields = (run.config.get(field) for field in _DATA_FIELDS)
    own = run.config.get("sample_seed")
    seed = run.config.get("seed") if own is None else own
    return (*fields, seed, run.result.test_set)


def validation_loss(run: Run) -> float:
    """After its last epoch; infinite where there was none."""
    return run.epochs[-1].eval_loss if run.epochs else float("inf")
