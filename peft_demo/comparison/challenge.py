"""The board of a challenge: who keeps its limits, and who is shown to be better than whom."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from peft_demo.comparison import pairs
from peft_demo.comparison.baselines import Baselines, Measure
from peft_demo.comparison.evidence import Tested, collect, tested
from peft_demo.comparison.facts import Baseline, RunFacts
from peft_demo.comparison.text_baseline import TFIDF
from peft_demo.runs import Run, RunKind
from peft_demo.runs.challenge import Challenge
from peft_demo.runs.results import Record
from peft_demo.storage import Store


class Entry(Record):
    """A run that takes part and keeps the limits."""

    place: int
    """One more than the entries that are shown to be better; those that tests cannot tell apart
    share one."""
    run: RunFacts
    owner: str
    beats: tuple[str, ...]
    """Names of the baselines on its own texts that it is shown to beat."""


class LeftOut(Record):
    """A run that takes part and does not qualify."""

    run: RunFacts
    owner: str
    reasons: tuple[str, ...]


class Board(Record):
    """A challenge and its entries, the best first."""

    challenge: Challenge
    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]
    num_pairs: int
    """Pairs that were tested, for which the tests are corrected."""
    num_apart: int
    """Pairs on different texts, which are told apart only where their intervals do not meet."""
    baselines_pending: bool


def board(
    store: Store,
    challenge_id: str,
    *,
    measure: Measure | None = None,
    others: Iterable[Run] | None = None,
) -> Board:
    """How a challenge stands; ``measure`` and ``others`` as for ``compare``.

    Raises:
        NotFoundError: there is no such challenge.
    """
    challenge = store.challenge(challenge_id)
    known = list(store.runs() if others is None else others)
    described = collect(store, [run for run in known if challenge.is_entered_by(run)])
    able = tested(described)
    reasons = {
        each.run.run_id: _reasons(challenge, each.run, each.facts, each.run.run_id in able)
        for each in described
    }
    ranked = sorted(
        (each for each in able.values() if not reasons[each.run.run_id]),
        key=lambda each: -each.scores.accuracy,
    )
    groups = pairs.comparable(ranked)
    found = pairs.compare(groups)
    better = {(pair.first, pair.second) for pair in found if pair.is_shown}
    apart = [pair for pair in combinations(ranked, 2) if not any(_are_in(pair, g) for g in groups)]
    better |= {(a.run.run_id, b.run.run_id) for a, b in apart if a.scores.low > b.scores.high}
    baselines = Baselines(store, [each.run for each in ranked], measure, known)
    beaten = _beaten(baselines, {each.run.run_id: each for each in ranked})
    return Board(
        challenge=challenge,
        entries=tuple(
            sorted(
                (
                    Entry(
                        place=1 + sum(worse == each.run.run_id for _, worse in better),
                        run=each.facts,
                        owner=each.run.owner_name,
                        beats=beaten[each.run.run_id],
                    )
                    for each in ranked
                ),
                key=lambda entry: entry.place,
            )
        ),
        left_out=tuple(
            LeftOut(run=each.facts, owner=each.run.owner_name, reasons=reasons[each.run.run_id])
            for each in described
            if reasons[each.run.run_id]
        ),
        num_pairs=len(found),
        num_apart=len(apart),
        baselines_pending=baselines.are_pending,
    )


def _reasons(challenge: Challenge, run: Run, facts: RunFacts, is_tested: bool) -> tuple[str, ...]:
    """Why a run does not qualify; nothing if it does."""
    if run.kind is not RunKind.TRAINING:
        return (f"kind must be training, got {run.kind}.",)
    if run.result is None or not is_tested:
        return (facts.note or f"status must be completed, got {run.status}.",)
    return tuple(challenge.broken_by(run))


def _are_in(pair: tuple[Tested, Tested], group: list[Tested]) -> bool:
    return all(each in group for each in pair)


def _beaten(baselines: Baselines, ranked: dict[str, Tested]) -> dict[str, tuple[str, ...]]:
    """What each run is shown to beat: TF-IDF by a paired test, other baselines by intervals."""
    shown = {check.run_id for check in baselines.checks(ranked) if check.verdict == "beats"}

    def is_beaten(run_id: str, line: Baseline) -> bool:
        if line.name == TFIDF:
            return run_id in shown
        return ranked[run_id].scores.low > line.high

    lines = baselines.lines()
    return {
        run_id: tuple(
            line.name for line in lines if run_id in line.run_ids and is_beaten(run_id, line)
        )
        for run_id in ranked
    }
