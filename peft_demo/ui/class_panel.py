"""What a teacher sets for the class in the panel *Who you are*."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from peft_demo.errors import InvalidFieldsError, NotFoundError, StoreError
from peft_demo.languages import _
from peft_demo.logs import digest
from peft_demo.runs import Run
from peft_demo.runs.classroom import LIMITS, checked_limits
from peft_demo.runs.nicknames import in_order
from peft_demo.storage.unrecorded import CALLED
from peft_demo.ui.adoption import MOST_AT_ONCE
from peft_demo.ui.class_page import set_page
from peft_demo.ui.services import Services

MOST_PLACES = 20
"""Of the queue's head that are listed."""


class _Panel(Protocol):
    def __call__(
        self,
        problem: str = "",
        part: str = "",
        faults: Mapping[str, str] | None = None,
        entered: Mapping[str, str] | None = None,
    ) -> str: ...


class ClassPanel:
    """Answers the teacher's forms; who is no teacher is refused by ``Changes``.

    Args:
        panel: draws the panel with a sentence, one of its parts open, sentences by fields, and what
            was entered where it was refused.
    """

    def __init__(self, services: Services, panel: _Panel) -> None:
        self._services, self._panel = services, panel

    def functions(self) -> list[Callable[..., str]]:
        """What the forms ask for, by their names."""
        return [
            self.stop_all,
            self.let_first,
            self.run_first,
            self.set_queue,
            self.set_limits,
            self.set_names,
            self.set_page,
            self.clear_class,
            self.unclear_class,
            self.adopt,
            self.unadopt,
        ]

    def stop_all(self, owner: str) -> str:
        """Stop all that one has in the queue; see ``Changes``. The panel as HTML, as all here."""
        self._services.changes.stop_all(owner)
        return self._panel()

    def let_first(self, owner: str) -> str:
        """Let one's next run begin before all others."""
        self._services.changes.let_first(owner)
        return self._panel()

    def run_first(self, run_id: str) -> str:
        """Let a waiting run begin before all others."""
        self._services.changes.move_first(run_id)
        return self._panel(part="queue")

    def set_queue(self, paused: str) -> str:
        """Pause the queue, or with an empty text let it go on."""
        self._services.changes.decide(is_paused=bool(paused))
        return self._panel()

    def set_names(self, hidden: str) -> str:
        """Hide all nicknames, or with an empty text show them."""
        self._services.changes.decide(hides_names=bool(hidden))
        return self._panel()

    def set_limits(
        self,
        waiting: str = "",
        minutes: str = "",
        reviews: str = "",
        epochs: str = "",
        tokens: str = "",
        repeats: str = "",
    ) -> str:
        """Limit each person; an empty one is as the setting says."""
        values = (waiting, minutes, reviews, epochs, tokens, repeats)
        given = dict(zip((field.name for field in LIMITS), values, strict=True))
        try:
            limits = checked_limits(given)
        except InvalidFieldsError as error:
            return self._panel(part="limits", faults=error.problems, entered=given)
        self._services.changes.decide(limits=limits)
        return self._panel(part="limits")

    def set_page(self, link: str = "") -> str:
        """What the class opens; see ``class_page.set_page``."""
        try:
            set_page(self._services.changes, link)
        except (InvalidFieldsError, NotFoundError) as error:
            return self._panel(part="page", faults={"link": str(error)}, entered={"link": link})
        return self._panel(part="page")

    def clear_class(self) -> str:
        """Stop all runs, and delete those that are over."""
        stopping = self._services.changes.clear()
        told = _("%(count)s runs are being stopped: clear once more for them.")
        return self._panel(told % {"count": stopping} if stopping else "", "clear")

    def unclear_class(self) -> str:
        """Bring back what was deleted when the class was cleared."""
        self._services.changes.unclear()
        return self._panel()

    def adopt(self, folder: str = "") -> str:
        """Adopt one folder without a record, or with an empty text those that are shown."""
        _runs, problems = self._services.adoption.adopt([folder] if folder else ())
        return self._panel(part="unrecorded", faults=problems)

    def unadopt(self) -> str:
        """Put the folders back that were adopted."""
        stopping = self._services.adoption.undo()
        told = _("%(count)s runs are being stopped: press Undo once more for them.")
        return self._panel(told % {"count": stopping} if stopping else "", "unrecorded")

    def facts(self, part: str) -> dict[str, Any]:
        """For the panel's template; ``part`` is the one that is open."""
        classroom = self._services.store.classroom()
        limits = [
            (
                field,
                classroom.limits.get(field.name, ""),
                classroom.model_copy(update={"limits": {}}).most(field.name),
            )
            for field in LIMITS
        ]
        runs = [run for run in self._services.known_runs() if not run.is_reference]
        return {
            "classroom": classroom,
            "limits": limits,
            "part": part,
            "count": len(runs),
            "people": self._people(runs),
            "waiting": self._waiting(runs),
            **self._unrecorded(),
        }

    def _unrecorded(self) -> dict[str, Any]:
        """Folders without a record; none while the store cannot be read, which the header says."""
        adoption = self._services.adoption
        with suppress(StoreError):
            found = adoption.found()
            shown = found[:MOST_AT_ONCE]
            return {
                "num_unrecorded": len(found),
                "unrecorded": shown,
                "states": CALLED,
                "num_adoptable": sum(one.can_be_adopted for one in shown),
                "adopted": adoption.adopted(),
            }
        return {"num_unrecorded": 0, "adopted": 0}

    def _waiting(self, runs: Sequence[Run]) -> list[Run]:
        """The head of the queue, in its order."""
        waits = [run for run in runs if run.queue_position and run.queue_position <= MOST_PLACES]
        return sorted(waits, key=lambda run: run.queue_position or 0)

    @staticmethod
    def _people(runs: Sequence[Run]) -> list[tuple[str, str, int, int]]:
        """Of each who has runs: digest, name, runs in the queue, and all."""
        every = Counter(run.owner for run in runs)
        going = Counter(run.owner for run in runs if not run.status.is_over)
        names = {run.owner: run.owner_name for run in runs}
        people = [(digest(who), names[who], going[who], count) for who, count in every.items()]
        return sorted(people, key=lambda person: in_order(person[1]))
