"""What visitors do with texts of their own: read, keep, see, delete, test runs on them.

Whatever shows texts of a data set to a visitor comes from here, where it is decided who may see it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from peft_demo.comparison import Looked, Looking, disagreements, look, text_at
from peft_demo.comparison.facts import Disagreements
from peft_demo.comparison.texts import parts_of, tested_on
from peft_demo.data import DATASETS, own
from peft_demo.errors import PeftDemoError
from peft_demo.models.lengths import counting
from peft_demo.runs import Run
from peft_demo.storage.datasets import OwnDataset
from peft_demo.ui.identity import acting
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from peft_demo.inference import SetEvaluation


HUB_SECONDS = 600.0

HUB_KEPT = 3
"""Data sets of the Hub that stay in memory so long."""


class OwnData:
    """Own data sets on one server, as far as whoever acts may know of them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._of_hub: dict[own.Asked, tuple[float, tuple[own.Source, own.Source | None]]] = {}
        self._changes, self._store = services.changes, services.store

    def read(self, source: own.Source, test: own.Source | None = None, **said: Any) -> own.Prepared:
        """Check somebody's texts, without keeping them; see ``own.prepare``."""
        return own.prepare(source, test, **said, **counting())

    def of_hub(self, **said: str) -> tuple[own.Source, own.Source | None]:
        """Texts of the Hub, and those to test on if a split was named for that; see ``own.Asked``.

        For some minutes they are the same again: what was looked at is what is kept.
        """
        asked = own.Asked(**said, is_trusted=self._changes.teachers.is_one())
        now = time.monotonic()
        known = {key: one for key, one in self._of_hub.items() if one[0] > now - HUB_SECONDS}
        if asked not in known:
            known = dict([*known.items()][1 - HUB_KEPT :])
            known[asked] = now, own.read_from_hub(asked)
        self._of_hub = known
        return known[asked][1]

    def keep(self, prepared: own.Prepared, *, is_listed: bool = True) -> dict[str, Any]:
        """Keep them; answers what was told of them, under the name that they have here."""
        kept = self._changes.add_dataset(prepared, is_listed=is_listed)
        report = prepared.report.model_copy(update={"name": kept.name})
        return report.model_dump(mode="json")

    def seen(self) -> list[OwnDataset]:
        """Whoever's who acts, then those of others that he may see, each id once."""
        found = self._changes.seen_datasets()
        found.sort(key=lambda one: one.owner != acting().owner)
        return [*{one.dataset: one for one in reversed(found)}.values()][::-1]

    def told(self) -> list[dict[str, Any]]:
        """The same as plain data, with owners' names for their ids."""
        return [
            {
                **one.model_dump(mode="json"),
                "owner": self._store.name_of(one.owner),
                "is_own": one.owner == acting().owner,
            }
            for one in self.seen()
        ]

    def report(self, dataset: str) -> own.Report:
        """What was told of texts that may be seen.

        Raises:
            NotFoundError: there are none of that id.
        """
        self._changes.require_seen(dataset, "data")
        return own.report_of(dataset)

    def parts(self, source: str) -> tuple[str, ...]:
        """The parts of the texts of a run or a data set; see ``comparison.texts.parts_of``.

        Raises:
            NotFoundError: there is no such run or data set, or others' texts are hidden here.
        """
        found = parts_of(self._store, source)
        dataset = source if source in DATASETS else self._store.get(source).config.dataset
        if not self.may_read(dataset):
            self._changes.require_seen(dataset, "source")
        return found

    def look(self, asked: Looking) -> Looked:
        """A page of the texts of a run or a data set; see ``comparison.look``."""
        self.parts(asked.source)
        self._changes.require_seen(asked.part, "part")
        return look(self._store, asked)

    def text_at(self, source: str, index: int, part: str) -> tuple[str, str]:
        """One of them with its label; see ``comparison.text_at``."""
        self.parts(source)
        self._changes.require_seen(part, "part")
        return text_at(self._store, source, index, part)

    def disagreements(self, run_ids: Sequence[str], limit: int) -> Disagreements:
        """The texts that split runs; see ``comparison.disagreements``."""
        return disagreements(self._store, run_ids, limit, self.may_read)

    def tested_on(self, run: Run) -> Sequence[str]:
        """The texts that a run was tested on; none where they are hidden or gone."""
        if not self.may_read(run.config.dataset):
            return ()
        try:
            return tested_on(run).texts
        except PeftDemoError:
            return ()

    def may_read(self, dataset: str) -> bool:
        """Whether who acts may see texts of a data set, if they are there."""
        # Of what was deleted it is said that it was.
        is_there = own.is_own(dataset) and own.has_texts(dataset)
        return not is_there or self._changes.may_see(dataset)

    def evaluate(self, run_id: str, dataset: str) -> SetEvaluation:
        """Test a run of one's own on a data set; see ``inference.evaluate``."""
        from peft_demo.inference import evaluate  # loads torch

        self._changes.require_seen(dataset, "data")
        self._changes.require_own("evaluate", run_id)
        return evaluate(self._store, self._services.predictor, run_id, dataset)
