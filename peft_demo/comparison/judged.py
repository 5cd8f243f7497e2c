"""Judged: who is shown to be better than whom; the one verdict of page, API and command line."""

from __future__ import annotations

from collections.abc import Sequence

from peft_demo.comparison import describe, pairs, repeats
from peft_demo.comparison.evidence import Evidence
from peft_demo.comparison.words import in_order
from peft_demo.runs import Run


class Judged:
    """Some runs, compared in pairs and, where they have repeats, by those."""

    def __init__(self, runs: Sequence[Run], evidence: Evidence) -> None:
        names = describe.unique_names(runs)
        self.facts = {r.run_id: describe.describe(r, names[r.run_id], evidence) for r in runs}
        self.tested = [run for run in runs if self.facts[run.run_id].quality is not None]
        self._groups = pairs.comparable(self.tested, evidence)
        compared = pairs.compare_groups(self._groups, evidence)
        self.pairs = tuple(pairs.pair_facts(pair, self.facts) for pair in compared)
        self.refused = pairs.refused(self.tested, evidence)
        self.cells = tuple(c for c in repeats.cells(runs, self.facts) if len(c.run_ids) > 1)
        by_id = {run.run_id: run for run in runs}
        self.repeat_pairs, self.untold = repeats.repeat_pairs(self.cells, by_id, self.facts)

    def verdict(self, *more: str) -> tuple[str, ...]:
        """What can be said, in sentences; ``more`` come before those about the methods."""
        return in_order(
            *self._about_pairs(),
            *repeats.verdict(self.cells, self.repeat_pairs),
            *more,
            *pairs.how(len(self.pairs)),
        )

    def _about_pairs(self) -> list[str]:
        sentences: list[str] = []
        for group in self._groups:
            ids = {run.run_id for run in group}
            inside = [pair for pair in self.pairs if pair.first in ids]
            known = [facts for run_id, facts in self.facts.items() if run_id in ids]
            sentences += pairs.verdict(known, inside)
        if sentences:
            return sentences
        if not self.facts:
            return ["None of these runs is there any more."]
        if len(self.facts) == 1:
            return ["One run is no comparison: choose at least one more."]
        if len(self.tested) < 2:
            return ["Fewer than two of these runs have a test result, so there is no verdict yet."]
        return ["These runs cannot be compared in pairs; the reasons are below."]
