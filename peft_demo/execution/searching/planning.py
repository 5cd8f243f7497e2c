"""What fits into a search's minutes, checked and estimated before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice, product
from statistics import fmean
from typing import Any

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.execution.searching.costs import (
    CONFIRMATIONS,
    CONFIRMED_SHARE,
    ROUND_SIZES,
    STARTING_SECONDS,
    WARM_SECONDS,
    Costs,
    confirmed,
    fitting_size,
)
from peft_demo.execution.searching.proposals import num_parameters, propose
from peft_demo.formats import about, number, whole
from peft_demo.methods import METHODS
from peft_demo.runs import METHOD, Run, RunConfig, footprint
from peft_demo.runs.durations import Durations
from peft_demo.runs.search import MINUTES, MOST_PARAMETERS, Expected, Search, recommended
from peft_demo.runs.space import (
    checked_over,
    methods,
    num_candidates,
    options,
    searchable,
    with_methods,
)
from peft_demo.runs.sweeps import combined, short_name

_MOST_CORNERS = 16
"""Smallest and largest values that are combined to find a method's smallest adapter."""


def plan_search(
    values: Mapping[str, object],
    *,
    minutes: object = MINUTES.default,
    over: object = (),
    among: Mapping[str, object] | None = None,
    most_parameters: object = None,
    runs: Iterable[Run] = (),
    slots: int = 1,
    most_waiting: int | None = None,
) -> Search:
    """What a search will do, if it can be done.

    Args:
        values: the flat configuration that all trials have in common.
        minutes: what it may take.
        over: names of the fields to look through, as a list or a text with commas.
        among: of some of them the only values, as for a sweep.
        most_parameters: of an adapter, or None.
        runs: those that tell how fast this machine is.
        slots: how many runs are computed at once.
        most_waiting: how many runs may wait at once, where somebody limits that.

    Raises:
        InvalidFieldsError: at ``minutes``, ``over``, ``most_parameters`` or a field.
    """
    problems: dict[str, str] = {}
    checked: list[Any] = [None, None]
    for place, (field, value) in enumerate(
        ((MINUTES, minutes), (MOST_PARAMETERS, most_parameters))
    ):
        try:
            checked[place] = field.check(value)
        except InvalidFieldsError as error:
            problems |= error.problems
    base = RunConfig(values)
    base.require_startable(footprint.measured(base, runs))
    names: tuple[str, ...] = ()
    kept: dict[str, list[Any]] = {}
    try:
        names, kept = checked_over(over, among or {}, base)
    except InvalidFieldsError as error:
        problems |= error.problems
    if problems:
        raise InvalidFieldsError(problems)
    in_play = methods(names, kept, base)
    costs = _costs(with_methods(base, in_play), Durations(runs), slots)
    most = num_candidates(names, kept, base)
    search = Search(
        config=base.flat(),
        minutes=float(checked[0]),
        over=names,
        among=kept,
        most_parameters=checked[1],
        expected=_expected(costs, 60 * float(checked[0]), base, most, most_waiting),
    )
    if search.most_parameters is not None:
        _require_candidate(search, in_play)
    return search


def first_round(search: Search) -> list[RunConfig]:
    """What a search tries first.

    Raises:
        InvalidFieldsError: at ``over``: there is nothing to choose from.
    """
    found = propose(search, (), search.expected.round_sizes[0])
    if len(found) < 2:
        refuse(
            "over",
            f"over must leave at least 2 configurations to try, got {len(found)}: name more fields "
            "or values, or allow more parameters.",
        )
    return found


def name_of(search: Search) -> str:
    """What a search's group is called."""
    fields = ", ".join(map(short_name, search.over))
    return f"Best in {number(search.minutes)} min: {fields}"


def _costs(alike: Sequence[RunConfig], durations: Durations, slots: int) -> Costs:
    """What trials like these cost on average, by how fast this machine has been."""
    run, epoch = (
        fmean(each(config) for config in alike)
        for each in (durations.roughly, lambda config: durations.of_epochs(config, 1))
    )
    num_epochs = alike[0].num_train_epochs
    return Costs(STARTING_SECONDS, epoch, run - num_epochs * epoch, num_epochs, max(1, slots))


def _expected(
    costs: Costs, seconds: float, base: RunConfig, most_trials: float, most_waiting: int | None
) -> Expected:
    if not costs.epoch:
        refuse(
            "minutes",
            f"minutes cannot be planned before this machine has trained a run on {base.base_model}:"
            " nothing tells how long one takes. Train one first.",
        )
    least_round = costs.round(ROUND_SIZES[-1])
    least = least_round + costs.confirmation(*CONFIRMATIONS[-1])
    if seconds < least:
        at_least = number(float(f"{least / 60 * 1.005:.2g}") if least >= 60 else least / 60)
        refuse(
            "minutes",
            f"minutes must be at least {at_least} here, got {number(seconds / 60)}: a run takes "
            f"about {about(costs.run)}, and a search needs 2 trials and then 2 seeds each of the "
            "better one and the recommended preset. Fewer texts, tokens or epochs take less.",
        )
    share = min(seconds - least_round, CONFIRMED_SHARE * seconds)
    pair = confirmed(costs, share, most_waiting) or CONFIRMATIONS[-1]
    sizes = _rounds(costs, seconds, pair, most_trials, most_waiting) or [ROUND_SIZES[-1]]
    warm = _rounds(replace(costs, start=WARM_SECONDS), seconds, pair, most_trials, most_waiting)
    return Expected(
        run_seconds=costs.run,
        epoch_seconds=costs.epoch,
        round_sizes=tuple(sizes),
        most_trials=max(sum(sizes), sum(warm)),
        search_seconds=sum(map(costs.round, sizes)),
        num_finalists=pair[0],
        num_seeds=pair[1],
        confirm_seconds=costs.confirmation(*pair),
    )


def _rounds(
    costs: Costs,
    seconds: float,
    pair: tuple[int, int],
    most_trials: float,
    most_waiting: int | None,
) -> list[int]:
    """The sizes of the rounds that fit beside the confirmation, at most of so many trials."""
    left, sizes = seconds - costs.confirmation(*pair), list[int]()
    while (room := most_trials - sum(sizes)) >= 1:
        fitting = fitting_size(costs, left, most_waiting)
        if fitting is None:
            break
        sizes.append(int(min(fitting, room)))
        left -= costs.round(sizes[-1])
    return sizes


def _require_candidate(search: Search, in_play: Iterable[str]) -> None:
    """Refuse a limit that no candidate keeps to, by the smallest adapter of each method."""
    most = search.most_parameters
    assert most is not None
    if num_parameters(recommended(search.base)) <= most:
        return
    least: tuple[int, str] | None = None
    # Those without fields first: they are counted at once.
    for method_id in sorted(in_play, key=lambda one: bool(METHODS[one].fields)):
        for config in _corners(search, method_id):
            found = num_parameters(config), config.name
            if found[0] <= most:
                return
            least = min(least or found, found)
    told = f"the fewest that a candidate trains ({least[1]})" if least else "of a candidate"
    smallest = whole(least[0]) if least else "more"
    refuse(
        MOST_PARAMETERS.name,
        f"{MOST_PARAMETERS.name} must be at least {smallest}, {told}, got {whole(most)}.",
    )


def _corners(search: Search, method_id: str) -> Iterable[RunConfig]:
    """A method with the smallest and largest values of its fields, in every combination."""
    base = search.base
    ends: dict[str, tuple[Any, ...]] = {}
    for field in searchable(method_id, base):
        if field.name in search.over and field.name != METHOD.name:
            values = tuple(search.among.get(field.name) or options(field, base))
            ends[field.name] = tuple(dict.fromkeys((values[0], values[-1]))) if values else ()
    ends = {name: values for name, values in ends.items() if values}
    for chosen in islice(product(*ends.values()), _MOST_CORNERS):
        try:
            own = dict(zip(ends, chosen, strict=True))
            yield combined(base.flat(), {METHOD.name: method_id, **own})
        except InvalidFieldsError:
            continue
