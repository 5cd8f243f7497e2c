"""What runs understand: their answers to a challenge as shares right, and which of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from peft_demo import capabilities, statistics
from peft_demo.capabilities import LABELS, Answers, Capability, Kind, Pairs, Positive
from peft_demo.comparison import baselines, evidence, text_baseline
from peft_demo.comparison import pairs as test_pairs
from peft_demo.runs import Run, RunKind
from peft_demo.runs.results import Record
from peft_demo.statistics import ALPHA, Interval
from peft_demo.storage import Store

ORIGINALS, EDITS, CONSISTENCY = "originals", "edits", "consistency"


class Right(Record):
    """How many of some texts one got right."""

    name: str
    """Of the capability, by its id."""
    texts: int
    accuracy: float
    interval: tuple[float, float]
    """95 %, Wilson's."""


class PairsRight(Record):
    """How one did on edited pairs."""

    name: str
    pairs: int
    originals: Right
    edits: Right
    consistency: Right
    """Pairs of which both texts are right."""
    num_hidden: int | None
    """Pairs whose edit lies beyond what is read of them; None where nobody knows."""

    @property
    def rights(self) -> tuple[Right, Right, Right]:
        """All three."""
        return self.originals, self.edits, self.consistency


class Understood(Record):
    """What one run, or a baseline, makes of all capabilities and of pairs."""

    run_id: str
    capabilities: tuple[Right, ...]
    pairs: PairsRight
    note: str = ""
    """A sentence if it may have learned from some of the texts."""

    @property
    def rows(self) -> dict[str, Right]:
        """All that is told of it, by name."""
        return {each.name: each for each in (*self.capabilities, *self.pairs.rights)}


class Apart(Record):
    """Two runs that are shown to differ in a capability, the better first."""

    name: str
    first: str
    second: str
    p_corrected: float
    """Of the exact McNemar test, corrected for all pairs of runs and capabilities (Holm)."""


class Contrast(Record):
    """Two runs of about equal test accuracy that differ in what they understand."""

    is_equivalent: bool
    """Whether their accuracies are shown to be practically equal; else only not to differ."""
    margin: float
    """In points."""
    apart: tuple[Apart, ...]


class Failure(Record):
    """A text that a run does not do as it should."""

    text: str
    positive: float
    """The probability of ``positive`` that it gives."""
    label: str
    """What is right; empty where only a change is looked at."""
    original: str = ""
    original_positive: float | None = None


def understood(answers: Answers, pairs: Pairs | None = None) -> Understood:
    """The shares that it got right, of all capabilities and of pairs, the built-in ones if none."""
    pairs = pairs or capabilities.built_in()
    every = right(answers.positive, pairs)
    told = {name: _share(name, each) for name, each in every.items()}
    return Understood(
        run_id=answers.run_id,
        capabilities=tuple(told[each.id] for each in capabilities.every()),
        pairs=PairsRight(
            name=pairs.name,
            pairs=len(pairs),
            originals=told[ORIGINALS],
            edits=told[EDITS],
            consistency=told[CONSISTENCY],
            num_hidden=answers.num_hidden,
        ),
        note=answers.note,
    )


def right(positive: Positive, pairs: Pairs) -> dict[str, npt.NDArray[np.bool_]]:
    """Which texts are right, by capability, and of the pairs."""
    found = {each.id: each.right(positive) for each in capabilities.every()}
    says = [
        np.array([positive[text] for text in texts]) > 0.5
        for texts in (pairs.originals, pairs.edits)
    ]
    found[ORIGINALS] = says[0] == np.array(pairs.labels, dtype=bool)
    found[EDITS] = says[1] == np.array(pairs.edited_labels, dtype=bool)
    found[CONSISTENCY] = found[ORIGINALS] & found[EDITS]
    return found


def _share(name: str, each: npt.NDArray[np.bool_]) -> Right:
    interval: Interval = statistics.wilson_interval(int(each.sum()), len(each))
    return Right(
        name=name,
        texts=len(each),
        accuracy=interval.value,
        interval=(interval.low, interval.high),
    )


def apart(every: Sequence[Answers], pairs: Pairs | None = None) -> list[Apart]:
    """Which are shown to differ in what: exact McNemar tests, Holm-corrected for all of them.

    Originals and edits are left out, for consistency is made of both.
    """
    pairs = pairs or capabilities.built_in()
    found = {each.run_id: right(each.positive, pairs) for each in every}
    names = [*(each.id for each in capabilities.every()), CONSISTENCY]
    tried = [(name, *two) for two in combinations(found, 2) for name in names]
    counts = [
        statistics.discordant(found[first][name], found[second][name])
        for name, first, second in tried
    ]
    if not counts:
        return []
    only_first, only_second = np.array(counts).T
    corrected = statistics.holm(statistics.mcnemar(only_first, only_second))
    shown = []
    for (name, first, second), (ahead, behind), p in zip(tried, counts, corrected, strict=True):
        if p < ALPHA:
            better, worse = (first, second) if ahead > behind else (second, first)
            shown.append(Apart(name=name, first=better, second=worse, p_corrected=p))
    return sorted(shown, key=lambda each: each.p_corrected)


def contrasts(store: Store, runs: Sequence[Run], found: Sequence[Apart]) -> list[Contrast]:
    """Pairs of runs whose test accuracies are not shown to differ, and that differ here."""
    tested = evidence.tested(evidence.collect(store, runs)).values()
    equal = [
        each for each in test_pairs.compare(test_pairs.comparable(tested)) if not each.is_shown
    ]
    told = []
    for pair in equal:
        both = {pair.first, pair.second}
        here = tuple(each for each in found if {each.first, each.second} == both)
        if here:
            told.append(Contrast(is_equivalent=pair.is_equivalent, margin=pair.margin, apart=here))
    return told


def counting_words(store: Store, run: Run, own: Pairs | None = None) -> Answers | None:
    """What TF-IDF says that learned from a run's texts; None of runs that learned elsewhere.

    Raises:
        AssetError: the data set or the base's tokenizer cannot be loaded.
    """
    config = run.config
    names = [name.casefold() for name in config.labels]
    if run.kind is not RunKind.TRAINING or sorted(names) != sorted(LABELS):
        return None
    asked = (capabilities.built_in(), *([own] if own else []))
    texts = capabilities.all_texts(capabilities.every(), *asked)
    said = text_baseline.said(config.for_training(), texts, baselines.folder_of(store))
    shares = said.probabilities[:, names.index(LABELS[1])]
    return Answers(text_baseline.TFIDF, dict(zip(texts.texts, shares.tolist(), strict=True)))


def kept(store: Store, run_id: str) -> Positive | None:
    """What a run said of the built-in texts, if it was asked.

    Raises:
        NotFoundError: there is no such run.
    """
    texts = capabilities.all_texts(capabilities.every(), capabilities.built_in())
    said = store.challenge_predictions(run_id, texts.fingerprint)
    if said is None:
        return None
    return dict(zip(texts.texts, said.probabilities[:, 1].tolist(), strict=True))


def failures(name: str, positive: Positive, pairs: Pairs | None = None) -> list[Failure]:
    """The texts of a capability, or of pairs, that are not right, in their order.

    Raises:
        KeyError: there is no such capability.
    """
    pairs = pairs or capabilities.built_in()
    wrong = np.flatnonzero(~right(positive, pairs)[name])
    known = {each.id: each for each in capabilities.every()}
    if name in known:
        return [_failure(known[name], int(place), positive) for place in wrong]
    return [_of_pair(pairs, int(place), positive, name) for place in wrong]


def _failure(asked: Capability, place: int, positive: Positive) -> Failure:
    text = asked.texts[place]
    if asked.kind is Kind.LABEL:
        return Failure(text=text, positive=positive[text], label=LABELS[asked.labels[place]])
    before = asked.originals[place]
    return Failure(
        text=text,
        positive=positive[text],
        label="",
        original=before,
        original_positive=positive[before],
    )


def _of_pair(pairs: Pairs, place: int, positive: Positive, name: str) -> Failure:
    original, edit = pairs.originals[place], pairs.edits[place]
    if name == ORIGINALS:
        label = LABELS[pairs.labels[place]]
        return Failure(text=original, positive=positive[original], label=label)
    return Failure(
        text=edit,
        positive=positive[edit],
        label=LABELS[pairs.edited_labels[place]],
        original=original,
        original_positive=positive[original],
    )
