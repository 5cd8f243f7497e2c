"""Judged: who is shown to be better than whom; the one verdict of page, API and command line."""

from __future__ import annotations

from collections.abc import Sequence

from peft_demo.comparison import pairs, repeats
from peft_demo.comparison.evidence import Described, tested
from peft_demo.comparison.words import in_order


class Judged:
    """Some runs, compared in pairs and, where they have repeats, by those."""

    def __init__(self, runs: Sequence[Described]) -> None:
        self._runs = runs
        self.tested = tested(runs)
        self._groups = pairs.comparable(self.tested.values())
        self.pairs = pairs.compare(self._groups)
        self.refused = pairs.refused(self.tested.values())
        self.cells = tuple(cell for cell in repeats.cells(runs) if len(cell.run_ids) > 1)
        self.repeat_pairs, self.untold = repeats.repeat_pairs(self.cells, self.tested)

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
            ids = {each.run.run_id for each in group}
            sentences += pairs.verdict(group, [pair for pair in self.pairs if pair.first in ids])
        if sentences:
            return sentences
        if not self._runs:
            return ["None of these runs is there any more."]
        if len(self._runs) == 1:
            return ["One run is no comparison: choose at least one more."]
        if len(self.tested) < 2:
            return ["Fewer than two of these runs have a test result, so there is no verdict yet."]
        return ["These runs cannot be compared in pairs; the reasons are below."]
