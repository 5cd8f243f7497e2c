"""What if: a pinned review beside what became of it, and how far each adapter's answer moved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal

from peft_demo.errors import AssetError
from peft_demo.formats import points
from peft_demo.runs import Run

if TYPE_CHECKING:
    from peft_demo.inference import Prediction

Kind = Literal["same", "struck", "added"]

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")

MOST_TOLD = 80
"""Characters of an edit that the list of tries tells."""


@dataclass(frozen=True)
class Moved:
    """How far an answer moved: the probability of the label that the pinned review got."""

    label: str
    before: float
    after: float
    turned: bool
    """Whether another label is the likeliest by now."""

    @property
    def points(self) -> str:
        """The difference of the two percentages, with its sign."""
        told = points(self.after - self.before)
        return told if told.startswith("−") or not told.strip("0.,") else f"+{told}"


@dataclass(frozen=True)
class Edited:
    """A pinned review and what became of it."""

    pinned: str
    review: str
    moved: Mapping[str, Moved]
    """By the runs' ids."""

    @property
    def pieces(self) -> list[tuple[Kind, str]]:
        """The review with what was struck from the pinned one and what was added, in order."""
        return edits(self.pinned, self.review)

    def told(self, run_ids: Sequence[str], truth: str, runs: Mapping[str, Run]) -> dict[str, Any]:
        """What the browser keeps of a try: what to ask again, the edit, and who moved how far."""
        asked = {"review": self.review, "run_ids": run_ids, "truth": truth, "pinned": self.pinned}
        marks = {"struck": "−", "added": "+"}
        changed = (f"{marks[kind]}{text.strip()}" for kind, text in self.pieces if kind != "same")
        edit = " ".join(each for each in changed if len(each) > 1)
        edit = edit if len(edit) <= MOST_TOLD else f"{edit[: MOST_TOLD - 2]} …"
        moved = (f"{runs[each].config.name} {move.points}" for each, move in self.moved.items())
        return {"asked": asked, "edit": edit, "changes": " · ".join(moved)}


def edited(
    pinned: str,
    review: str,
    then: Mapping[str, Prediction | AssetError],
    now: Mapping[str, Prediction | AssetError],
) -> Edited:
    """Both texts, clean, with what runs made of the one and make of the other."""
    moved = {}
    for run_id, after in now.items():
        before = then.get(run_id)
        if before and not isinstance(before, AssetError) and not isinstance(after, AssetError):
            label = before.label
            shares = before.probabilities[label], after.probabilities[label]
            moved[run_id] = Moved(label, *shares, turned=after.label != label)
    return Edited(pinned, review, moved)


def edits(pinned: str, review: str) -> list[tuple[Kind, str]]:
    """The words of both texts in order, each the same, struck or added; neighbours together."""
    before, after = _TOKEN.findall(pinned), _TOKEN.findall(review)
    found: list[tuple[Kind, str]] = []
    for what, start, end, first, last in SequenceMatcher(None, before, after).get_opcodes():
        if what == "equal":
            found.append(("same", "".join(before[start:end])))
            continue
        if start < end:
            found.append(("struck", "".join(before[start:end])))
        if first < last:
            found.append(("added", "".join(after[first:last])))
    return found
