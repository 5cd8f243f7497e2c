"""Limits of what one person may queue: a teacher's, or those of the settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from peft_demo import settings
from peft_demo.data import own
from peft_demo.errors import ConflictError, refuse
from peft_demo.formats import about, number
from peft_demo.runs import KnownConfig, RunStatus
from peft_demo.runs.durations import Durations
from peft_demo.runs.search import Search
from peft_demo.runs.space import options_of
from peft_demo.storage import Store

_OF_RUNS = {"reviews": "num_reviews", "epochs": "num_train_epochs", "tokens": "max_length"}
"""What each limit of a run is about."""


def require_within(store: Store, owner: str, configs: Sequence[KnownConfig]) -> None:
    """Refuse runs that one person may not queue together, or not any more.

    Raises:
        InvalidFieldsError: one is larger than runs may be, there are too many repeats, or with
            what waits of his they would take too long.
        ConflictError: with what waits of his there would be too many.
    """
    most = store.classroom().most
    _require_sizes(most, configs)
    alike = Counter(_without_seed(config) for config in configs)
    _require("repeats", max(alike.values(), default=0), most("repeats"))
    runs = store.runs()
    mine = [run for run in runs if run.owner == owner and run.status is RunStatus.QUEUED]
    _require_room(most("waiting"), len(mine), len(configs))
    minutes, durations = most("minutes"), Durations(runs)
    came = sum(map(durations.roughly, configs))
    waits = sum(durations.roughly(run.config) for run in mine)
    if minutes is not None and waits + came > 60 * minutes:
        refuse(
            "repeats" if len(configs) > 1 else "num_train_epochs",
            f"At most {minutes:,} min of one person's runs may wait; yours take about "
            f"{about(waits) if waits else '0 s'}, and about {about(came)} would come: wait until "
            "some are done, stop some, or choose fewer runs, texts, tokens or epochs.",
        )


def require_search_within(store: Store, owner: str, search: Search) -> None:
    """The same for a search: the runs that it has waiting at once, and all of its minutes.

    Raises:
        InvalidFieldsError: see ``require_within``; what takes too long is told of ``minutes``.
        ConflictError: see ``require_within``.
    """
    most, expected = store.classroom().most, search.expected
    lengths = options_of(search, "max_length")
    longest = [search.base.model_copy(update={"max_length": length}) for length in lengths]
    _require_sizes(most, [search.base, *longest])
    _require("repeats", expected.num_seeds, most("repeats"))
    runs = store.runs()
    mine = [run for run in runs if run.owner == owner and run.status is RunStatus.QUEUED]
    count = max(*expected.round_sizes, expected.num_confirmed)
    _require_room(most("waiting"), len(mine), count)
    minutes, durations = most("minutes"), Durations(runs)
    waits = sum(durations.roughly(run.config) for run in mine)
    others = [
        group_id for group_id in store.open_searches() if store.group(group_id)[0].owner == owner
    ]
    searched = sum(store.search(group_id).minutes for group_id in others)
    if minutes is not None and waits / 60 + searched + search.minutes > minutes:
        at = f"{about(waits + 60 * searched)}" if waits or searched else "0 s"
        refuse(
            "minutes",
            f"minutes must keep within {minutes:,} min of one person's runs that wait, got "
            f"{number(search.minutes)}: yours take about {at}. Wait until some are done, or "
            "choose fewer; a teacher sets this limit.",
        )


def require_room_for_data(store: Store, owner: str, prepared: own.Prepared) -> None:
    """Refuse texts for which one person has no room any more.

    Raises:
        ConflictError: he keeps as many data sets, or as many bytes, as he may.
    """
    mine = [one for one in store.datasets() if one.owner == owner and one.dataset != prepared.id]
    most = int(settings.most_data())
    if len(mine) + 1 > most:
        raise ConflictError(f"At most {most:,} data sets of one person are kept: delete some.")
    most_mb = 10 * int(settings.most_data_mb())
    kept_mb = (sum(one.num_bytes for one in mine) + prepared.num_bytes) / 1e6
    if kept_mb > most_mb:
        raise ConflictError(
            f"At most {most_mb:,} MB of one person's texts are kept, and these would make "
            f"{kept_mb:,.0f} MB: delete some."
        )


def _require_sizes(most: Callable[[str], int | None], configs: Sequence[KnownConfig]) -> None:
    for limit, name in _OF_RUNS.items():
        largest = max((config.number(name) or 0 for config in configs), default=0)
        _require(name, largest, most(limit))


def _require_room(room: int | None, wait: int, come: int) -> None:
    if room is not None and wait + come > room:
        allowed = f"{room:,} runs" if room > 1 else f"{room} run"
        raise ConflictError(
            f"At most {allowed} of one person may wait; {wait} of yours do, and "
            f"{come} would come: wait until some are done, or stop some."
        )


def _require(name: str, value: float, most: int | None) -> None:
    if most is not None and value > most:
        refuse(
            name,
            f"{name} must be at most {most:,} here, got {value:,.0f}: choose fewer; "
            "a teacher sets this limit.",
        )


def _without_seed(config: KnownConfig) -> str:
    return repr({**config.flat(), "seed": None, "name": None})
