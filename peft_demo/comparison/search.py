"""A search as a whole: its trials, the frontier that they have reached, and what is confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from peft_demo.comparison.facts import Cell, GroupFacts, Measure, Pareto, RepeatPair
from peft_demo.comparison.groups import group_facts
from peft_demo.comparison.pareto import frontiers
from peft_demo.comparison.words import sentences
from peft_demo.formats import at_most
from peft_demo.languages import gettext_noop
from peft_demo.runs import Run, RunStatus
from peft_demo.runs.results import Record
from peft_demo.runs.search import Expected, Search, ranked, recommended, same_settings
from peft_demo.statistics import Estimate
from peft_demo.storage import Store

Outcome = Literal["going", "waits", "out", "finished", "failed", "stopped"]

MEASURES = (
    ("accuracy", gettext_noop("Validation accuracy"), "share"),
    ("log_loss", gettext_noop("Validation loss"), "nats"),
    ("num_adapter_parameters", gettext_noop("Adapter parameters"), "parameters"),
    ("trained_parameters", gettext_noop("All trained parameters"), "parameters"),
    ("training_seconds", gettext_noop("Training time"), "seconds"),
)
"""What trials are weighed by: each one's key, label and unit."""


class Trial(Record):
    """A configuration that a search has tried."""

    run_id: str
    name: str
    round: int
    """Counted from 1."""
    outcome: Outcome
    is_recommended: bool
    """Whether it is the recommended preset, which every search tries first."""
    epochs: int
    num_train_epochs: int
    eval_loss: float | None
    eval_accuracy: float | None
    num_adapter_parameters: int
    trained_parameters: int
    """With the head."""
    training_seconds: float | None


class SearchFacts(Record):
    """What a search has found."""

    group: dict[str, Any]
    phase: Literal["searching", "confirming", "over"]
    minutes: float
    seconds: float
    """How long it has taken until now, or took."""
    over: tuple[str, ...]
    most_parameters: int | None
    expected: Expected
    trials: tuple[Trial, ...]
    best: str | None
    """The trial with the least validation loss of those that got furthest."""
    confirmation: str | None
    """The group of the runs that confirm it."""
    shown: Literal["better", "worse", "equal", "neither"] | None
    """What the confirmation shows of the winner beside the recommended preset; None before it is
    over, and where it could not be tested."""
    verdict: tuple[str, ...]
    pareto: Pareto


def search_facts(store: Store, group_id: str, **sources: Any) -> SearchFacts:
    """What a search has found; ``sources`` are as for ``compare``.

    Raises:
        NotFoundError: there is no such group, or it is no search.
    """
    search = store.search(group_id)
    group, runs = store.group(group_id)
    usual = recommended(search.base)
    places = {i: number for number, ids in enumerate(search.rounds, 1) for i in ids}
    trials = tuple(
        _trial(run, places.get(run.run_id, 1), same_settings(run.config, usual), search, store)
        for run in runs
    )
    best = next(iter(ranked(runs)), None)
    confirmed = group_facts(store, search.confirmation, **sources) if search.confirmation else None
    pair, cells = _against_usual(confirmed, store, search)
    shown = _shown(pair, cells[1]) if pair and len(cells) == 2 else None
    phase = "over" if search.ended_at else "confirming" if search.confirmation else "searching"
    seconds = 60 * search.minutes - search.left(search.ended_at or datetime.now(UTC))
    of_best = next((trial for trial in trials if best and trial.run_id == best.run_id), None)
    verdict = sentences(
        "search",
        search=search,
        num_expected=at_most(search.expected.num_trials, search.expected.most_trials),
        phase=phase,
        seconds=max(0.0, seconds),
        trials=trials,
        finished=[trial for trial in trials if trial.epochs >= trial.num_train_epochs],
        best=of_best,
        confirmed=confirmed,
        usual=cells[0] if cells else None,
        winner=cells[1] if len(cells) == 2 else None,
        shown=shown,
        pair=pair,
        untold=_untold(confirmed, cells),
        num_test=search.base.num_test_reviews,
        texts=confirmed.runs[0].texts if confirmed and confirmed.runs else "texts",
    )
    return SearchFacts(
        group=group.model_dump(mode="json"),
        phase=phase,
        minutes=search.minutes,
        seconds=max(0.0, seconds),
        over=search.over,
        most_parameters=search.most_parameters,
        expected=search.expected,
        trials=trials,
        best=best and best.run_id,
        confirmation=search.confirmation,
        shown=shown,
        verdict=tuple(verdict),
        pareto=pareto_of(trials),
    )


def _trial(run: Run, place: int, is_usual: bool, search: Search, store: Store) -> Trial:
    from peft_demo.adapters.parameter_count import count_parameters  # loads torch

    config = run.config.for_training()
    counts = count_parameters(config.method, config.method_values, config.setting)
    last = run.epochs[-1] if run.epochs else None
    return Trial(
        run_id=run.run_id,
        name=config.name,
        round=place,
        outcome=_outcome(run, search, store),
        is_recommended=is_usual,
        epochs=len(run.epochs),
        num_train_epochs=config.num_train_epochs,
        eval_loss=last and last.eval_loss,
        eval_accuracy=last and last.eval_accuracy,
        num_adapter_parameters=counts.num_adapter_parameters,
        trained_parameters=counts.num_adapter_parameters + counts.num_head_parameters,
        training_seconds=last and last.seconds,
    )


def _outcome(run: Run, search: Search, store: Store) -> Outcome:
    if run.status is RunStatus.FAILED:
        return "failed"
    if not run.status.is_over:
        return "going"
    if len(run.epochs) >= search.base.num_train_epochs or run.status is RunStatus.COMPLETED:
        return "finished"
    if len(run.epochs) not in search.rungs:
        return "stopped"
    # Before its round is over nobody knows whether it goes on.
    last = search.rounds[-1] if search.rounds else ()
    is_open = not search.ended_at and not search.confirmation and run.run_id in last
    going = (store.get(run_id) for run_id in last) if is_open else ()
    others = [one for one in going if not one.status.is_over]
    is_ahead = any(len(one.epochs) >= len(run.epochs) for one in others)
    return "out" if not others or is_ahead else "waits"


def _against_usual(
    confirmed: GroupFacts | None, store: Store, search: Search
) -> tuple[RepeatPair | None, list[Cell]]:
    """The pair of winner and recommended preset, and both cells, the preset's first."""
    if confirmed is None:
        return None, []
    usual = recommended(search.base)
    mine = [
        cell for cell in confirmed.cells if same_settings(store.get(cell.run_ids[0]).config, usual)
    ]
    others = [cell for cell in confirmed.cells if cell not in mine]
    if not mine or not others:
        return None, []
    # They were queued in the order of the search.
    cells = [mine[0], others[0]]
    ids = {cell.cell_id for cell in cells}
    pairs = (pair for pair in confirmed.repeat_pairs if {pair.first, pair.second} == ids)
    return next(pairs, None), cells


def _untold(confirmed: GroupFacts | None, cells: Sequence[Cell]) -> list[str]:
    """Why both could not be compared, though both have repeats."""
    if confirmed is None or any(cell.num_finished < 2 for cell in cells):
        return []
    return [each for each in confirmed.problems if all(cell.name in each for cell in cells)]


def _shown(pair: RepeatPair, winner: Cell) -> Literal["better", "worse", "equal", "neither"]:
    # Both can be shown: a difference, and that it does not matter.
    if pair.is_equivalent:
        return "equal"
    if not pair.is_shown:
        return "neither"
    return "better" if pair.first == winner.cell_id else "worse"


def pareto_of(trials: Sequence[Trial]) -> Pareto:
    """Validation results against costs; the frontier grows with each trial."""
    values: dict[str, Mapping[str, float | None]] = {
        "accuracy": {trial.run_id: trial.eval_accuracy for trial in trials},
        "log_loss": {trial.run_id: trial.eval_loss for trial in trials},
        **{
            key: {trial.run_id: getattr(trial, key) for trial in trials} for key, *_ in MEASURES[2:]
        },
    }
    measures = tuple(
        Measure(
            key=key,
            label=label,
            unit=unit,
            smaller_is_better=key != "accuracy",
            values={i: Estimate(value=one) for i, one in values[key].items() if one is not None},
            missing={},
        )
        for key, label, unit in MEASURES
    )
    return Pareto(measures=measures, frontiers=frontiers(measures))
