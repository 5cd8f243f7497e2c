"""The compare page's server side: comparisons, groups and disagreements, as JSON.

A comparison is built once for a state of its runs and shared by all viewers; a poll that finds
nothing new answers None.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from peft_demo import comparison
from peft_demo.comparison import curves
from peft_demo.comparison.baselines import Baselines, is_baseline
from peft_demo.comparison.compare import MOST_RUNS
from peft_demo.errors import PeftDemoError
from peft_demo.export.report import report
from peft_demo.runs import Run, RunStatus
from peft_demo.ui.html import problem, render, scripted
from peft_demo.ui.learn.guesses import guesses_in_words
from peft_demo.ui.owners import public
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.requests import GroupId, RunIds, Values, page_function
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from peft_demo.comparison.facts import Comparison, GroupFacts

KEPT_ANSWERS = 64

LONGEST_LIST = 200
"""Most reviews that are listed as splitting the runs."""

LIVE_STEPS = 50
"""How often the curves of a running run move in the whole of its training."""


PARTS = {
    "runs": ("sections", "verdict", "lines", "differences", "results", "pairs", "mistakes"),
    "group": ("sections", "verdict", "lines", "configurations", "repeats"),
}
"""The places of each layout that the server writes into."""

MOST_GROUPS = 40
"""Groups that can be chosen on the page."""

MOST_LINED = 24
"""Runs whose baselines the board shows: as many as its charts show at first."""


class ComparePage(Page):
    """Answers the compare page."""

    label = "Compare"
    tab_id = "compare-tab"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._baselines = services.baselines
        self._answers: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, frame: Frame) -> None:
        """See Page."""
        scripted(render("compare/page"), "compare(element)")

    def functions(self) -> list[Callable[..., Any]]:
        """See Page."""
        return [
            page_function(self.compare),
            page_function(self.group),
            page_function(self.groups),
            page_function(self.disagreements, _as_html),
            page_function(self.report),
            page_function(self.baselines),
        ]

    def compare(self, run_ids: RunIds = (), key: str | None = None) -> str | None:
        """The comparison of some runs with their curves.

        Args:
            run_ids: the runs.
            key: that of the answer which the browser has.
        """
        store = self._services.store

        def build() -> dict[str, Any]:
            facts = comparison.compare(store, run_ids, **self._sources)
            known = self._services.runs()
            runs = [known[fact.run_id] for fact in facts.runs if fact.run_id in known]
            cells = {cell.cell_id: cell.run_ids for cell in facts.repeats}
            return {
                "comparison": facts.model_dump(mode="json"),
                "curves": {r.run_id: curves.run_curves(r, store.steps(r.run_id)) for r in runs},
                "means": self._means(cells),
                **_html("runs", facts),
            }

        return self._answer(("compare", *run_ids), key, lambda: run_ids, build)

    def group(self, group: GroupId, key: str | None = None) -> str | None:
        """The page of a group; ``key`` as for ``compare``."""
        store = self._services.store

        def members() -> list[str]:
            return [run.run_id for run in store.group(group)[1]]

        def build() -> dict[str, Any]:
            facts = comparison.group_facts(store, group, **self._sources)
            is_few = len(facts.cells) <= MOST_RUNS
            few = facts.cells if is_few else ()
            ranked = sorted(
                facts.cells,
                key=lambda cell: cell.accuracy.value if cell.accuracy else -1,
                reverse=True,
            )
            return {
                "group": {**facts.model_dump(mode="json"), "group": public(store.group(group)[0])},
                "means": self._means({cell.cell_id: cell.run_ids for cell in few}),
                **_html("group", facts, is_few=is_few, ranked=ranked),
            }

        return self._answer(("group", group), key, members, build)

    def groups(self) -> str:
        """The newest groups, as buttons."""
        try:
            found = self._services.store.groups()
        except PeftDemoError:
            found = []  # the page's header says what is wrong with the store
        return json.dumps({"html": render("compare/groups", groups=found[:MOST_GROUPS])})

    def baselines(self, run_ids: RunIds) -> str:
        """The lines to beat on some runs' test reviews, for the board's chart."""
        known = self._services.known_runs()
        runs = [run for run in known if run.run_id in run_ids[:MOST_LINED]]
        found = Baselines(self._services.store, runs, self._baselines.get, known)
        told = [line.model_dump(include={"name", "detail", "accuracy"}) for line in found.lines()]
        return json.dumps({"lines": told, "is_pending": found.are_pending})

    def disagreements(self, run_ids: RunIds, limit: int = 20) -> str:
        """The reviews that split some runs, at most ``limit`` of each kind."""
        most = max(0, min(limit, LONGEST_LIST))
        found = comparison.disagreements(self._services.store, run_ids, most)
        html = render("compare/disagreements", **dict(found), longest=LONGEST_LIST)
        return json.dumps({"run_ids": found.run_ids, "html": html})

    def report(
        self,
        run_ids: RunIds,
        author: str = "",
        notes: str = "",
        guesses: Values = {},  # noqa: B006
        address: str = "",
    ) -> str:
        """The report of some runs as the text of an HTML file; see ``export.report``.

        ``guesses`` are those of lessons, as ``guesses_in_words`` takes them.
        """
        text = report(
            self._services.store,
            run_ids,
            author=author,
            notes=notes,
            guesses=guesses_in_words(guesses),
            address=address,
            **self._sources,
        )
        return json.dumps({"html": text})

    @property
    def _sources(self) -> dict[str, Any]:
        return {"measure": self._baselines.get, "others": self._services.known_runs()}

    def _answer(
        self,
        what: tuple[str, ...],
        key: str | None,
        members: Callable[[], Sequence[str]],
        build: Callable[[], dict[str, Any]],
    ) -> str | None:
        try:
            state = self._state(members())
            found = f"{hash((what, state)):x}"
            if key == found:
                return None
            known = self._answers.get((what, found))
            if known is None:
                known = json.dumps({"key": found, **build()}, separators=(",", ":"))
                self._keep((what, found), known)
            return known
        except PeftDemoError as error:
            sentence = str(error)
            return None if key == sentence else json.dumps({"key": sentence, "error": sentence})

    def _keep(self, key: tuple[Any, ...], answer: str) -> None:
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)

    def _state(self, run_ids: Sequence[str]) -> tuple[Any, ...]:
        """Equal as long as the same would be answered."""
        known = self._services.runs()
        states = (_state_of(known.get(run_id)) for run_id in run_ids)
        yardsticks = tuple(run_id for run_id, run in known.items() if is_baseline(run))
        return (*states, yardsticks, self._baselines.state)

    def _means(self, cells: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        known = self._services.runs()
        return {
            cell_id: curves.mean_curves([known[i] for i in run_ids if i in known])
            for cell_id, run_ids in cells.items()
        }


def _as_html(error: PeftDemoError) -> str:
    return json.dumps({"run_ids": (), "html": problem(error)})


def _html(layout: str, facts: Comparison | GroupFacts, **more: Any) -> dict[str, Any]:
    """The page's layout, and what is written into its places."""
    nouns = {run.texts for run in facts.runs}
    context = {
        **dict(facts),
        "names": {run.run_id: run.name for run in facts.runs},
        "texts": nouns.pop() if len(nouns) == 1 else "texts",
        "most": MOST_RUNS,
        **more,
    }
    return {
        "layout": render(f"compare/{layout}", **context),
        "parts": {part: render(f"compare/{part}", **context) for part in PARTS[layout]},
    }


def _state_of(run: Run | None) -> tuple[Any, ...]:
    if run is None:
        return ()
    step = run.progress.step * LIVE_STEPS // max(1, run.progress.max_steps)
    live = step if run.status is RunStatus.RUNNING else 0
    return (run.run_id, run.status, run.config.name, len(run.epochs), run.finished_at, live)
