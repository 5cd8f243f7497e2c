"""The facts of a comparison, as they go to the page, the command line and the API."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import computed_field

from peft_demo.runs.results import Record
from peft_demo.statistics import ALPHA, Estimate, Interval, Scores


class RunFacts(Record):
    """One run, with what it costs and how it did."""

    run_id: str
    name: str
    """Unlike every other name in the comparison."""
    summary: str
    method: str
    kind: str
    status: str
    is_reference: bool
    can_predict: bool
    labels: tuple[str, ...]
    """Names of its data set's labels."""
    texts: str
    """What its data set's texts are called: ``reviews``."""
    max_length: int | None
    """Tokens that it reads of each."""
    quality: Scores | None
    note: str
    """Why something is missing, or that it trained fewer epochs, or an empty text."""
    num_adapter_parameters: int | None
    num_head_parameters: int | None
    file_bytes: int | None
    training_seconds: float | None
    """Evaluation after each epoch included."""
    prediction_milliseconds: float | None
    """For each test text, in batches."""

    @property
    def trained_parameters(self) -> int | None:
        """Adapter and head together."""
        if self.num_adapter_parameters is None or self.num_head_parameters is None:
            return None
        return self.num_adapter_parameters + self.num_head_parameters


class Difference(Record):
    """A setting whose values differ."""

    field: str
    label: str
    values: dict[str, str]
    """By run; "–" where the run's method has no such setting."""


class Confounding(Record):
    """A setting that changed something else as well, or several settings that changed at once."""

    fields: tuple[str, ...]
    """The settings."""
    also: Literal["scale", "max_steps", "num_adapter_parameters", ""]
    """What a single setting changed as well: what updates are multiplied by, optimiser steps, or
    parameters."""
    run_ids: tuple[str, ...]
    words: str


class Pair(Record):
    """Two runs or configurations; the first has the higher accuracy."""

    first: str
    second: str
    difference: float
    """Of the accuracies, with its 95 % interval."""
    low: float
    high: float
    p: float
    p_corrected: float
    """By Holm's method, for all pairs of the comparison."""
    margin: float
    """Points of accuracy that do not matter."""
    p_equivalence: float
    """Of two one-sided tests that the difference lies within the margin; corrected likewise."""
    words: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_shown(self) -> bool:
        """Whether the difference is significant at 5 % after the correction."""
        return self.p_corrected < ALPHA

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_equivalent(self) -> bool:
        """Whether they are practically equal: the difference is shown to lie within the margin."""
        return self.p_equivalence < ALPHA


class PairFacts(Pair):
    """Two runs on the same test texts, by the exact McNemar test."""

    num_reviews: int
    only_first: int
    """Texts that only the first run got right."""
    only_second: int
    disagreements: int
    max_lengths: tuple[int, int] | None = None
    """Tokens that the first and the second read of each text, where that differs."""
    reviews_needed: int | None
    """To show such a difference among as many pairs, or None where there is none."""
    reviews_needed_for_equivalence: int | None = None
    """To show that it lies within the margin, or None where it does not."""


class RepeatPair(Pair):
    """Two configurations compared by their repeats, the seeds as the source of chance."""

    is_paired: bool
    """Whether both were trained with the same seeds."""


class RefusedPair(Record):
    """Two runs whose accuracies must not be compared, and why."""

    first: str
    second: str
    reason: str


class Baseline(Record):
    """A line to beat, measured on the same test texts."""

    name: str
    detail: str
    accuracy: float
    low: float
    high: float
    run_ids: tuple[str, ...]
    """The runs that it is a baseline of."""
    is_trained: bool = False
    """Whether it is a run of this store: head only, or full fine-tuning."""


class TextBaselineCheck(Record):
    """Whether a run beats counting words with TF-IDF and logistic regression."""

    run_id: str
    baseline_accuracy: float
    difference: float
    """Accuracy of the run less that of the baseline."""
    p_corrected: float
    verdict: Literal["beats", "not shown", "worse"]


class Measure(Record):
    """Something that runs are weighed by, with each one's value."""

    key: str
    label: str
    unit: str
    smaller_is_better: bool
    values: dict[str, Estimate]
    missing: dict[str, str]
    """Why a run has no value."""


class Pareto(Record):
    """All measures, and for any two of them the runs that no other beats in both.

    Twice the same gives the best in it.
    """

    measures: tuple[Measure, ...]
    frontiers: dict[str, tuple[str, ...]]
    """By the keys of two measures, in their order, joined with "|"."""


class Cell(Record):
    """Runs that share everything but their seed."""

    cell_id: str
    name: str
    values: dict[str, str]
    """Of the swept fields."""
    run_ids: tuple[str, ...]
    num_finished: int
    num_adapter_parameters: int | None = None
    accuracy: Interval | None
    """Of one run with its Wilson interval, of repeats their mean with a t interval."""
    log_loss: Interval | None
    lowest: float | None
    """Accuracy of the worst repeat."""
    highest: float | None


class _ComparedFacts(Record):
    """What is told of any runs that are looked at together."""

    verdict: tuple[str, ...]
    """Sentences for a student to read aloud, the most important first."""
    problems: tuple[str, ...]
    """What could not be compared, and why."""
    confounded: tuple[Confounding, ...]
    """Where more than one thing changed, so that a difference is not one setting's alone."""
    runs: tuple[RunFacts, ...]
    repeat_pairs: tuple[RepeatPair, ...]
    pareto: Pareto
    baselines: tuple[Baseline, ...]
    baseline_checks: tuple[TextBaselineCheck, ...]
    baselines_pending: bool
    """Whether some are still being computed."""


class Comparison(_ComparedFacts):
    """Up to eight runs beside each other."""

    evaluation_set: str
    """What they are compared on; ``test`` is what every run is tested on."""
    margin: float
    """Points of accuracy within which runs are practically equal."""
    differences: tuple[Difference, ...]
    pairs: tuple[PairFacts, ...]
    refused: tuple[RefusedPair, ...]
    repeats: tuple[Cell, ...]
    """Configurations of which several seeds are among the runs."""


class Axis(Record):
    """A swept field with its values, as they are written in cells."""

    field: str
    label: str
    values: tuple[str, ...]
    numbers: dict[str, float]
    """What each of them is, if all are numbers."""


class GroupFacts(_ComparedFacts):
    """Runs that were queued together: a sweep, repeats, or a lesson's."""

    group: dict[str, Any]
    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]
    """Their configurations, which the frontiers are of as well."""
    best: str | None
    """The cell that is shown to be better than every other; None where one may be as good."""


class SplitText(Record):
    """A test text, and the probability that each run gave to each label."""

    index: int
    """In the test pool of the data set."""
    excerpt: str
    label: int
    """The true one's place among the labels."""
    probabilities: dict[str, tuple[float, ...]]


class Disagreements(Record):
    """The test texts that tell runs apart, and those that defeat all of them."""

    run_ids: tuple[str, ...]
    names: dict[str, str] = {}  # noqa: RUF012
    """Of these runs, each unlike every other."""
    texts: str = "texts"
    """What the texts are called: ``reviews``."""
    labels: tuple[str, ...] = ()
    """Names, in the order of the probabilities."""
    num_reviews: int = 0
    num_split: int = 0
    num_all_wrong: int = 0
    split: tuple[SplitText, ...] = ()
    """The widest gap between two runs' probabilities first."""
    all_wrong: tuple[SplitText, ...] = ()
    """The surest mistakes first."""
    problems: tuple[str, ...]
