"""The table of all runs: what of them is listed, in which order, and the rows of one page of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any

from markupsafe import Markup

from peft_demo.comparison.compare import MOST_RUNS
from peft_demo.languages import language
from peft_demo.runs import Run, RunKind
from peft_demo.ui import run_states
from peft_demo.ui.html import defined, render
from peft_demo.ui.identity import acting
from peft_demo.ui.learn.prose import glossed

PAGE = 50

_RESULTS = ("accuracy", "loss", "validation", "validation_loss", "best", "best_validation")
"""What is not told before a race is revealed."""

COLUMNS: dict[str, tuple[str, str, bool, bool]] = defined("runs/columns", "columns")
"""Title, place in a run, whether it holds numbers, and whether it is shown at first; by key."""


class RunTable:
    """All runs as one person may see them.

    Args:
        may_change: whether the looking person may change what is an owner's.
        secret: groups whose results that person does not want to see yet.
    """

    def __init__(
        self, runs: Sequence[Run], may_change: Callable[[str], bool], secret: Collection[str]
    ) -> None:
        self._runs, self._secret = runs, secret
        self._owner, self._may_change = acting().owner, may_change

    def is_mine(self, run: Run) -> bool:
        """Whether it is the looking person's own."""
        return run.owner == self._owner and not run.is_reference

    def may_change(self, run: Run) -> bool:
        """Whether the looking person may write onto it, delete it and so on."""
        return not run.is_reference and self._may_change(run.owner)

    def value(self, key: str, run: Run) -> Any:
        """What a column has of a run; None where it is not known, or secret."""
        if key in _RESULTS and run.group_id in self._secret:
            return None
        if key == "state":
            return run_states.called(run)
        if key == "epochs":
            return len(run.epochs) if run.kind is RunKind.TRAINING else None
        if key == "reviews" and run.kind in (RunKind.IMPORTED, RunKind.MIXED):
            return None
        _, path, is_number, _ = COLUMNS[key]
        place, _, name = path.partition(".")
        if place == "config" and key != "method":
            # Of what an earlier version stored, some may be no number.
            return run.config.number(name) if is_number else run.config.get(name)
        at: Any = getattr(run, place)
        if place == "epochs":
            at = at[-1] if at else None
        return getattr(at, name, None) if name else at

    def listed(self, *, text: str, method: str, only: str, sort: str, is_down: bool) -> list[Run]:
        """The runs in which every word of a text is somewhere, ``only`` of a kind, in order."""

        def fits(run: Run) -> bool:
            is_range = run.kind is RunKind.RANGE_TEST
            kinds = {"starred": run.is_starred, "mine": self.is_mine(run), "ranges": is_range}
            return kinds.get(only, not is_range)

        words = text.lower().split()
        key = sort if sort in COLUMNS else "created"
        found = [
            (self.value(key, run), run)
            for run in self._runs
            if fits(run)
            and method in ("", run.config.method_label)
            and (not words or all(map(self._searched(run).__contains__, words)))
        ]
        known = [(value, run) for value, run in found if value is not None]
        by = float if COLUMNS[key][2] else lambda value: str(value).lower()
        known.sort(key=lambda pair: by(pair[0]), reverse=is_down)
        return [run for _, run in known] + [run for value, run in found if value is None]

    def _searched(self, run: Run) -> str:
        config = run.config
        owner = "you" if self.is_mine(run) else run.owner_name
        parts = (run.run_id, config.name, run_states.what(run), run_states.fields(run))
        more = (config.method_label, run_states.called(run), owner, run.group_id or "")
        return " ".join((*parts, *more, run.note, *run.tags)).lower()

    def page(
        self, number: int, columns: Sequence[str], selected: Collection[str], **view: Any
    ) -> dict[str, Any]:
        """One page of what is listed, as HTML, with the ids of all of it.

        Args:
            number: of the page, from 0; one beyond the last is the last.
            columns: that are shown, or none for the usual ones.
            selected: the ids of runs, listed or not.
            view: see ``listed``.
        """
        columns = columns or [key for key, (*_, is_usual) in COLUMNS.items() if is_usual]
        runs = self.listed(**view)
        number = max(0, min(number, (len(runs) - 1) // PAGE))
        chosen = [run for run in runs if run.run_id in selected]
        own = [run for run in chosen if self.may_change(run)]
        ids = {"ids": runs, "chosen": chosen, "own": own}
        told = {name: [run.run_id for run in some] for name, some in ids.items()}
        html = render(
            "runs/table",
            table=self,
            runs=runs[number * PAGE : (number + 1) * PAGE],
            number=number,
            first=number * PAGE + 1,
            count=len(runs),
            chosen=told["chosen"],
            own=own,
            are_starred=own and all(run.is_starred for run in own),
            columns=["name", *columns],
            methods={run.config.method_label for run in self._runs} | {view["method"]},
            view=view,
            states=run_states,
            most_compared=MOST_RUNS,
            caption=Markup(caption()),
        )
        return {**told, "page": number, "html": html}


@cache
def _caption(code: str) -> str:
    """What stands below the table, with links into the glossary; the same for all of a language."""
    return glossed(render("runs/caption"))[0]


def caption() -> str:
    """The same in the current language."""
    return _caption(language())
