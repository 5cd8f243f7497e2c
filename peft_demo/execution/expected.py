"""When each waiting run is expected to begin: by what waits and runs, and by whose turn it is."""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Mapping, Sequence

from peft_demo.runs import Run, RunStatus
from peft_demo.runs.durations import Durations
from peft_demo.storage import Store


def starts(
    queue: Iterable[tuple[str, float | None]], going: Sequence[float | None], slots: int
) -> dict[str, float]:
    """Seconds until each begins, if nobody queues or stops any.

    Args:
        queue: ids of runs with their seconds of work, in the order in which they begin.
        going: seconds that are left of what is worked on, a number for each busy slot.
        slots: how much is worked on at a time.

    Behind a run whose time is not known nothing is, once no slot is left without one.
    """
    free = [seconds for seconds in going if seconds is not None]
    free += [0.0] * (slots - len(going))
    heapq.heapify(free)
    begins = {}
    for run_id, seconds in queue:
        if not free:
            break
        begins[run_id] = heapq.heappop(free)
        if seconds is not None:
            heapq.heappush(free, begins[run_id] + seconds)
    return begins


def expected_starts(store: Store, slots: int, elsewhere: Container[str] = ()) -> dict[str, float]:
    """The same for a store's queue, whose servers have at least so many slots.

    Nobody waits for runs of owners whose runs are computed ``elsewhere``, and when these begin is
    not known.
    """
    runs = {run.run_id: run for run in store.runs()}
    waiting = [
        runs[run_id] for run_id, owner in store.queue() if run_id in runs and owner not in elsewhere
    ]
    if not waiting:
        return {}
    durations = Durations(runs.values())
    left = {run_id: durations.left(run) for run_id, run in runs.items() if not run.status.is_over}
    races = {group.group_id for group in store.groups() if group.is_race}
    going = _slots_of(
        [
            run
            for run in runs.values()
            if run.status is RunStatus.RUNNING and run.owner not in elsewhere
        ],
        races,
        left,
    )
    queue = ((run.run_id, left[run.run_id]) for run in waiting)
    return starts(queue, going, max(slots, len(going)))


def _slots_of(
    running: Sequence[Run], races: set[str], left: Mapping[str, float | None]
) -> list[float | None]:
    """What is left in each busy slot: runs of a race take turns in one."""
    sums: dict[str, float | None] = {}
    for run in running:
        slot = run.group_id if run.group_id in races else None
        slot, seconds = slot or run.run_id, left[run.run_id]
        before = sums.get(slot, 0.0)
        sums[slot] = None if before is None or seconds is None else before + seconds
    return [*sums.values()]
