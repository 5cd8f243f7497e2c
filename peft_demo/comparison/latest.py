"""One run judged by what is always the same: counting words, and one other run.

Nothing else that is looked at changes what is said of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from peft_demo.comparison import pairs
from peft_demo.comparison.baselines import Baselines, Measure, in_words, validation_loss
from peft_demo.comparison.describe import unique_names
from peft_demo.comparison.diagnosis import Diagnosis, diagnose
from peft_demo.comparison.evidence import Tested, collect, tested
from peft_demo.errors import NotFoundError
from peft_demo.runs import Run, RunKind
from peft_demo.runs.results import Record
from peft_demo.statistics import Interval
from peft_demo.storage import Store

HEAD_ONLY = "head_only"


class Judgement(Record):
    """What the test of one run tells."""

    run_id: str
    name: str
    texts: str
    num_texts: int
    accuracy: Interval
    words: tuple[str, ...]
    """Against counting words."""
    is_pending: bool
    """Whether counting words is still being computed."""
    problems: tuple[str, ...]
    baseline: str | None
    """The id of the run that it is measured by; None if there is none."""
    is_pinned: bool
    """Whether a person chose it."""
    beside: tuple[str, ...]
    """Against that run."""
    diagnosis: Diagnosis | None


def judge(
    store: Store,
    run_id: str,
    pinned: str = "",
    *,
    measure: Measure | None = None,
    others: Sequence[Run] | None = None,
) -> Judgement | None:
    """The run against counting words, and against the pinned run or else a head-only one.

    None of a run without test results; ``measure`` and ``others`` as for ``Baselines``.

    Raises:
        NotFoundError: there is no such run.
    """
    run, others = store.get(run_id), store.runs() if others is None else others
    if run.result is None:
        return None
    chosen = _pinned(store, pinned)
    rival = head_only(run, others) if chosen is None else chosen
    both = [run] if rival is None or rival.run_id == run_id else [run, rival]
    known = collect(store, both, names=unique_names(both))
    found, own = tested(known), known[0].facts
    baselines = Baselines(store, both[:1], measure, others)
    checks = baselines.checks(found) if run_id in found else ()
    low, high = run.result.test_interval
    return Judgement(
        run_id=run_id,
        name=own.name,
        texts=own.texts,
        num_texts=run.result.num_test_reviews,
        accuracy=Interval(value=run.result.test_accuracy, low=low, high=high),
        words=tuple(in_words(checks, found)),
        is_pending=baselines.are_pending,
        problems=tuple(note for note in (own.note, *baselines.problems) if note),
        baseline=both[1].run_id if len(both) > 1 else None,
        is_pinned=chosen is not None,
        beside=_beside(list(found.values())),
        diagnosis=diagnose(run, others),
    )


def head_only(run: Run, others: Sequence[Run]) -> Run | None:
    """The head-only run to measure it by: of the same data and base, tested on the same texts.

    Rather one that learned from as many texts of the same length, then that with the lowest
    validation loss; none for a head-only run itself.
    """
    able = [other for other in others if _can_measure(other, run)]
    if run.config.method == HEAD_ONLY or not able:
        return None
    return min(able, key=lambda other: (_is_other_text(other, run), validation_loss(other)))


def _can_measure(other: Run, run: Run) -> bool:
    if other.config.method != HEAD_ONLY or other.kind is not RunKind.TRAINING:
        return False
    assert run.result is not None
    is_same = all(other.config.get(f) == run.config.get(f) for f in ("dataset", "base_model"))
    return is_same and other.result is not None and other.result.test_set == run.result.test_set


def _is_other_text(other: Run, run: Run) -> bool:
    return any(other.config.get(f) != run.config.get(f) for f in ("num_reviews", "max_length"))


def _pinned(store: Store, run_id: str) -> Run | None:
    """The run of that id, if it is still there and has a test result."""
    try:
        run = store.get(run_id) if run_id else None
    except NotFoundError:
        return None
    return run if run and run.result else None


def _beside(both: Sequence[Tested]) -> tuple[str, ...]:
    """What the pair says, or why it must not be compared."""
    if len(both) < 2:
        return ()
    if refused := pairs.refused(both):
        return (refused[0].reason,)
    return tuple(pairs.verdict(both, pairs.compare([both])))
