"""Places: where each owner's runs are computed, and whether there is room for another."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from peft_demo.execution.executor import Executor, Handle
from peft_demo.execution.machines import Machine


@dataclass(frozen=True)
class Active:
    """A run that is being worked on."""

    batch: str
    """The id of the first run that it was started with."""
    executor: Executor
    handle: Handle
    thread: threading.Thread


class Places:
    """One executor for all, and those that owners have for themselves: nobody waits for these.

    Args:
        choose: makes the one for all, when it is first needed.
        own: the others, by their owners; asked again for each run.
        active: what is being worked on, by the runs' ids.
    """

    def __init__(
        self,
        choose: Callable[[], Executor],
        own: Callable[[], Mapping[str, Executor]],
        active: Mapping[str, Active],
    ) -> None:
        self._choose, self._ask, self._active = choose, own, active
        self._chosen: Executor | None = None
        self._own: dict[str, Executor] = {}

    @property
    def slots(self) -> int:
        """Of the one for all; 1 before it is chosen."""
        return self._chosen.slots if self._chosen else 1

    @property
    def are_owned(self) -> bool:
        """Whether anybody has one for himself."""
        return bool(self._own)

    def have_room(self) -> bool:
        """Whether any of them has, as they are now; the others go by that until it is asked."""
        self._own = {**self._ask()}
        return any(map(self._has_room, (self._for_all(), *self._own.values())))

    def have_room_for(self, owner: str) -> bool:
        """Whether a run of his can begin."""
        return self._has_room(self.of(owner))

    def of(self, owner: str) -> Executor:
        """Where his runs are computed."""
        return self._own.get(owner) or self._for_all()

    def machines(self) -> list[tuple[Machine, list[str]]]:
        """All machines, with the ids of the runs there; those of one name are one."""
        there = defaultdict(list)
        for run_id, active in [*self._active.items()]:
            there[active.handle.machine].append(run_id)
        known: dict[str, Machine] = {}
        for machine in (one for executor in self._all() for one in executor.machines()):
            same = known.get(machine.name)
            slots = machine.slots + (same.slots if same else 0)
            known[machine.name] = machine.model_copy(update={"slots": slots})
        return [(machine, there[name]) for name, machine in known.items()]

    def close(self) -> None:
        """Close all of them."""
        for executor in self._all():
            executor.close()

    def _all(self) -> Iterator[Executor]:
        if self._chosen:
            yield self._chosen
        yield from self._ask().values()

    def _for_all(self) -> Executor:
        if self._chosen is None:
            self._chosen = self._choose()
        return self._chosen

    def _has_room(self, executor: Executor) -> bool:
        going = [*self._active.values()]
        return len({one.batch for one in going if one.executor is executor}) < executor.slots
