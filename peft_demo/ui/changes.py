"""Changes: everything that visitors change goes through here, each change by who may make it.

The page, the API and raw requests have no other way to runs and queue: what is one's own may be
stopped, kept, resumed, renamed, tagged, starred, deleted and restored, all runs by a teacher.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from peft_demo import settings
from peft_demo.data import own
from peft_demo.errors import NotAllowedError, NotFoundError
from peft_demo.execution import Engine
from peft_demo.fields import shown
from peft_demo.languages import _, gettext_noop
from peft_demo.logs import about, digest
from peft_demo.models import Pretrained
from peft_demo.models import own as own_bases
from peft_demo.runs import KnownConfig, Run, RunGroup, RunKind
from peft_demo.runs.challenge import Challenge
from peft_demo.runs.classroom import Classroom
from peft_demo.runs.footprint import Measured, measured
from peft_demo.runs.search import Search
from peft_demo.runs.sweeps import Plan
from peft_demo.storage import Store
from peft_demo.storage.datasets import OwnDataset
from peft_demo.ui.class_form import ClassForm, class_form
from peft_demo.ui.counted import REFUSED
from peft_demo.ui.identity import acting
from peft_demo.ui.limits import (
    require_room_for_data,
    require_search_within,
    require_within,
)
from peft_demo.ui.teachers import Teachers

logger = logging.getLogger(__name__)


PAUSED = gettext_noop("The queue is paused: what runs goes on, what waits begins later.")


class Changes:
    """What visitors may do to a store.

    Args:
        forget: told of each run that is deleted.
    """

    def __init__(self, store: Store, engine: Engine, forget: Callable[[str], None]) -> None:
        self._store, self._engine, self._forget = store, engine, forget
        self.teachers = Teachers()
        self._queueing = threading.Lock()
        self.refused = 0
        """How often somebody asked for what he may not."""

    def submit(
        self, config: KnownConfig, kind: RunKind = RunKind.TRAINING, files: Path | None = None
    ) -> Run:
        """Queue a run of one's own; see Engine.submit."""
        with self._with_room([config], kind) as me:
            run = self._engine.submit(config, me, kind, files)
        _tell_queued(run)
        return run

    def submit_plan(self, plan: Plan) -> tuple[RunGroup, list[Run]]:
        """Queue runs of one's own that belong together; see Engine.submit_plan."""
        with self._with_room(plan.configs, RunKind.TRAINING) as me:
            group, runs = self._engine.submit_plan(plan, me)
        for run in runs:
            _tell_queued(run)
        return group, runs

    def submit_search(self, search: Search) -> tuple[RunGroup, list[Run]]:
        """Queue a search of one's own; see Engine.submit_search."""
        me = self._somebody()
        self.require_seen(search.base.dataset, "dataset")
        with self._queueing:
            self.require_search_allowed(search)
            group, runs = self._engine.submit_search(search, me)
        for run in runs:
            _tell_queued(run)
        return group, runs

    def require_search_allowed(self, search: Search) -> None:
        """Refuse a search that who acts may not begin; see ``require_allowed``."""
        if self.teachers.is_one():
            return
        if form := self.class_form:
            form.require_search(search)
        require_search_within(self._store, acting().owner, search)

    def stop_search(self, group_id: str) -> None:
        """End a search; see Engine.stop_search."""
        me = self._somebody()
        group, _runs = self._store.group(group_id)
        if not self.may_change(group.owner):
            self._refuse(
                f"stop {group_id}",
                f"{group_id} belongs to {group.owner_name}; you are {self._store.name_of(me)} and "
                "may not stop it.",
            )
        self._engine.stop_search(group_id)

    def stop(self, *run_ids: str) -> list[Run]:
        """Stop runs; see Engine.cancel."""
        self.require_own("stop", *run_ids)
        return [self._engine.cancel(run_id) for run_id in run_ids]

    def keep(self, *run_ids: str) -> list[Run]:
        """Stop trainings and keep their last whole epochs; see Engine.keep."""
        self.require_own("stop", *run_ids)
        return [self._engine.keep(run_id) for run_id in run_ids]

    def resume(self, *run_ids: str) -> list[Run]:
        """Go on with runs that ended unfinished; see Engine.resume."""
        self.require_own("resume", *run_ids)
        with self._with_room([self._store.get(run_id).config for run_id in run_ids]):
            return [self._engine.resume(run_id) for run_id in run_ids]

    def stop_all(self, owner: str) -> int:
        """Stop all that somebody has in the queue, in one step; see Store.request_stops.

        Args:
            owner: the digest of whose runs they are.
        """
        found = {run.owner for run in self._store.runs() if digest(run.owner) == owner}
        if not all(map(self.may_change, found)):
            self._refuse("stop_all", "Only a teacher may stop all that others have in the queue.")
        return sum(map(self._store.request_stops, found))

    def delete(self, *run_ids: str) -> None:
        """Hide runs that are over, and let go of their models; see Store.delete."""
        self.require_own("delete", *run_ids)
        self._store.delete(*run_ids)
        for run_id in run_ids:
            self._forget(run_id)

    def restore(self, *run_ids: str) -> None:
        """Bring deleted runs back; see Store.restore."""
        self.require_own("restore", *run_ids)
        self._store.restore(*run_ids)

    def annotate(self, run_id: str, /, **changes: Any) -> Run:
        """Change name, tags, note or star of a run; see Store.annotate."""
        self.require_own("write onto", run_id)
        return self._store.annotate(run_id, **changes)

    def annotate_all(self, run_ids: tuple[str, ...], **changes: Any) -> None:
        """Add tags to runs, or set their stars; see Store.annotate_all."""
        self.require_own("write onto", *run_ids)
        self._store.annotate_all(run_ids, **changes)

    def add_challenge(self, title: object, limits: Mapping[str, object]) -> Challenge:
        """Set a challenge; see Store.add_challenge."""
        return self._store.add_challenge(title, limits, self._somebody())

    def enter_challenge(self, challenge_id: str, run_id: str) -> None:
        """Let a run take part; see Store.enter_challenge."""
        self.require_own("enter", run_id)
        self._store.enter_challenge(challenge_id, run_id)

    def add_dataset(self, prepared: own.Prepared, *, is_listed: bool = True) -> OwnDataset:
        """Keep texts of one's own; see Store.add_dataset."""
        me = self._somebody()
        with self._queueing:
            if not self.teachers.is_one():
                require_room_for_data(self._store, me, prepared)
            return self._store.add_dataset(prepared, me, is_listed=is_listed)

    def remove_dataset(self, dataset: str) -> None:
        """Delete texts of one's own, a teacher everybody's; see Store.remove_dataset."""
        me = self._somebody()
        self.require_seen(dataset, "data")
        self._store.dataset(dataset)  # or it says that there is none
        found = [one for one in self._store.datasets() if one.dataset == dataset]
        mine = [one.owner for one in found if self.may_change(one.owner)]
        if not mine:
            self._refuse(
                f"delete {dataset}",
                f"{dataset} belongs to {self._store.name_of(found[0].owner)}; you are "
                f"{self._store.name_of(me)} and may not delete it.",
            )
        for owner in mine:
            self._store.remove_dataset(dataset, owner)

    def seen_datasets(self) -> list[OwnDataset]:
        """The own data sets that who acts may know of, the newest first."""
        are_shown = settings.data_of_others() == "shown"
        return [
            one
            for one in self._store.datasets()
            if self.may_change(one.owner) or (are_shown and one.is_listed)
        ]

    def require_seen(self, dataset: str, field: str) -> None:
        """Refuse others' texts that who acts may not know of, as if there were none.

        Raises:
            NotFoundError: he may not.
        """
        if not self.may_see(dataset):
            raise NotFoundError(f"{field} must be the id of a data set, got {shown(dataset)}.")

    def may_see(self, dataset: str) -> bool:
        """Whether who acts may see the texts of a data set."""
        seen = (one.dataset for one in self.seen_datasets())
        return not own.is_own(dataset) or dataset in seen

    def call_me(self, nickname: object) -> str:
        """Choose what one is called; see Store.call."""
        return self._store.call(self._somebody(), nickname)

    def watch(self, probes: object) -> tuple[str, ...]:
        """Choose the reviews that one's runs are asked about; see Store.watch."""
        return self._store.watch(self._somebody(), probes)

    def watched(self) -> tuple[str, ...]:
        """What who acts watches; nothing of whom nobody knows."""
        return self._store.watched(acting().owner)

    def wish_challenges(self, is_wished: bool) -> None:
        """Have one's next runs challenged once they are tested; see Store.wish_challenges."""
        self._store.wish_challenges(self._somebody(), is_wished)

    def wishes_challenges(self) -> bool:
        """Whether who acts wants that."""
        return acting().owner in self._store.challenge_wishes()

    def decide(self, **changes: Any) -> None:
        """Change limits, names and queue for everybody; see Store.decide."""
        self.require_teacher("decide for the class")
        self._store.decide(**changes)

    def move_first(self, *run_ids: str) -> None:
        """Put waiting runs before all others; see Store.move_first."""
        self.require_teacher("reorder the queue")
        self._store.move_first(*run_ids)

    def let_first(self, owner: str) -> None:
        """Put the next run of one person before all others; ``owner`` as for ``stop_all``."""
        self.require_teacher("reorder the queue")
        theirs = (run_id for run_id, who in self._store.queue() if digest(who) == owner)
        if run_id := next(theirs, None):
            self._store.move_first(run_id)

    def clear(self) -> int:
        """Stop all runs, and delete those that are over; answers how many still stop."""
        self.require_teacher("clear the class")
        for owner in {run.owner for run in self._store.runs() if not run.status.is_over}:
            self._store.request_stops(owner)
        runs = [run for run in self._store.runs() if not run.is_reference]
        over = [run.run_id for run in runs if run.status.is_over]
        if over:
            self.delete(*over)
            self._store.decide(cleared=tuple(over))
        return len(runs) - len(over)

    def unclear(self) -> None:
        """Bring back what ``clear`` deleted, as far as it is not gone for good."""
        self.require_teacher("bring the class back")
        self._store.restore(*self._store.owners(*self._store.classroom().cleared))
        self._store.decide(cleared=())

    def add_base(self, repository: str) -> Pretrained:
        """Let runs start from an encoder of the Hub; where there are teachers, they alone may.

        Raises:
            NotAllowedError: a visitor asked, whose download would fill others' disk.
            PeftDemoError: see ``models.own.add``.
        """
        if settings.teacher_password():
            self.require_teacher("add base models")
        return own_bases.add(repository)

    def require_teacher(self, what: str) -> None:
        """Refuse what only teachers may do.

        Raises:
            NotAllowedError: who acts is none.
        """
        if not self.teachers.is_one():
            self._refuse(what, f"Only a teacher may {what}.")

    def may_change(self, owner: str) -> bool:
        """Whether whoever acts may change what is somebody's."""
        return self.teachers.is_one() or (bool(acting().owner) and acting().owner == owner)

    def may(self, classroom: Classroom | None = None) -> dict[str, Any]:
        """For the page's script: which runs are whoever's who acts, and what he may do now.

        Args:
            classroom: if it has just been read.
        """
        paused = _(PAUSED) if (classroom or self._store.classroom()).is_paused else ""
        may_all = self.teachers.is_one()
        return {"owner": digest(acting().owner), "may_all": may_all, "paused": paused}

    def measured(self, config: KnownConfig) -> Measured:
        """What such runs took here of memory."""
        return measured(config, self._store.runs())

    def require_somebody(self) -> None:
        """Refuse what takes much before anything is queued, if nobody knows who asks; see there."""
        self._somebody()

    def _somebody(self) -> str:
        """Who acts.

        Raises:
            NotAllowedError: nobody knows.
        """
        if not (owner := acting().owner):
            self._refuse(
                "anything",
                "The server does not know who asks: load the page again with cookies allowed, or "
                "send the token that the page shows, as Authorization: Bearer TOKEN.",
            )
        return owner

    @property
    def class_form(self) -> ClassForm | None:
        """What the class's page leaves of the form to who acts; None for all of it."""
        if self.teachers.is_one():
            return None
        return class_form(self._store.classroom().page, acting().owner)

    def require_allowed(self, configs: Sequence[KnownConfig], kind: RunKind | None) -> None:
        """Refuse runs that who acts may not queue together, or not any more.

        Args:
            configs: of the runs.
            kind: what they are; None of those that only go on, as they were queued.

        Raises:
            InvalidFieldsError: see ``class_form`` and ``limits``.
            ConflictError: too many of his wait.
        """
        if self.teachers.is_one():
            return
        if kind and (form := self.class_form):
            form.require(configs, kind)
        require_within(self._store, acting().owner, configs)

    @contextmanager
    def _with_room(
        self, configs: Sequence[KnownConfig], kind: RunKind | None = None
    ) -> Iterator[str]:
        """Who acts, while no other request of this server queues any; see ``require_allowed``."""
        me = self._somebody()
        for dataset in {config.dataset for config in configs}:
            self.require_seen(dataset, "dataset")
        with self._queueing:
            self.require_allowed(configs, kind)
            yield me

    def require_own(self, what: str, *run_ids: str) -> None:
        """Refuse what is done to others' runs.

        Raises:
            NotAllowedError: one of them is another's.
            NotFoundError: one of them has no id of a run.
        """
        me = self._somebody()
        for run_id, owner in self._store.owners(*run_ids).items():
            if not self.may_change(owner):
                self._refuse(
                    f"{what} {run_id}",
                    f"{run_id} belongs to {self._store.name_of(owner)}; you are "
                    f"{self._store.name_of(me)} and may not {what} it.",
                )

    def _refuse(self, what: str, sentence: str) -> NoReturn:
        self.refused += 1
        REFUSED.labels("owner").inc()
        # Not the sentence: it holds people's names.
        told = about("refused", acting().owner, address=acting().address)
        logger.warning("Refused %s: %s", acting().address or "a request", what, extra=told)
        raise NotAllowedError(sentence)


def _tell_queued(run: Run) -> None:
    told = about("queued", run.owner, run=run.run_id, kind=run.kind)
    logger.info("%s is queued", run.run_id, extra=told)
