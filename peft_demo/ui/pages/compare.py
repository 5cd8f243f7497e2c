"""The compare page's server side: comparisons and groups, as HTML, figures and curves in JSON.

A comparison is built once for a state of its runs and shared by all viewers; a poll that finds
nothing new answers None.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from peft_demo import comparison
from peft_demo.comparison import curves
from peft_demo.comparison.baselines import Baselines, is_baseline
from peft_demo.comparison.compare import MOST_RUNS
from peft_demo.errors import PeftDemoError
from peft_demo.export.report import report
from peft_demo.languages import _, gettext_noop, told
from peft_demo.runs import Run, RunStatus
from peft_demo.statistics import MARGIN, TEST_SET
from peft_demo.ui.charts.costs import costs
from peft_demo.ui.charts.figure import Point, drawn, lines_to_beat
from peft_demo.ui.html import problem, render, scripted
from peft_demo.ui.learn.guesses import guesses_in_words
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.pages import search_part
from peft_demo.ui.pages.inside_part import InsidePart
from peft_demo.ui.pages.map_part import MapPart
from peft_demo.ui.pages.mix_part import MixPart
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.pages.understanding_part import UnderstandingPart
from peft_demo.ui.requests import GroupId, RunIds, Values, page_function
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from peft_demo.comparison.facts import Cell, Comparison, GroupFacts, RunFacts

KEPT_ANSWERS = 64

LONGEST_LIST = 200
"""Most reviews that are listed as splitting the runs."""

NO_LISTS = gettext_noop("Single texts are listed for the test set alone.")

LIVE_STEPS = 50
"""How often the curves of a running run move in the whole of its training."""


ALWAYS = ("sections", "verdict", "lines", "missing")
PARTS = {
    "runs": (*ALWAYS, "differences", "results", "pairs", "mistakes"),
    "group": (*ALWAYS, "configurations", "repeats"),
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
        self._data = OwnData(services)
        self._understanding, self._mix = UnderstandingPart(services), MixPart(services)
        self._answers: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, frame: Frame) -> None:
        """See Page."""
        scripted(render("compare/page"), "compare(element)")
        self._understanding.draw()
        self._mix.draw()

    def connect(self, frame: Frame) -> None:
        """See Page."""
        self._understanding.connect(frame)
        self._mix.connect(frame)

    def functions(self) -> list[Callable[..., Any]]:
        """See Page."""
        return [
            page_function(self.compare),
            page_function(self.group),
            page_function(self.groups),
            page_function(self.stop_search),
            page_function(self.report),
            page_function(self.baselines),
            page_function(InsidePart(self._services).inside),
            page_function(MapPart(self._services).mapped),
            *self._understanding.functions(),
            *self._mix.functions(),
        ]

    def compare(
        self,
        run_ids: RunIds = (),
        key: str | None = None,
        across: str = "trained_parameters",
        up: str = "accuracy",
        is_log: bool = True,
        limit: int = 2,
        evaluation_set: str = TEST_SET,
        margin: float = MARGIN,
        sure: float = 90,
    ) -> str | None:
        """The comparison of some runs, with its figures and their curves.

        Args:
            run_ids: the runs.
            key: that of the answer which the browser has.
            across: the cost, and
            up: the quality that are drawn over each other; see ``comparison.pareto``.
            is_log: whether costs stand by their logarithm.
            limit: most texts that are listed as splitting the runs.
            evaluation_set: what they are compared on.
            margin: points within which they are practically equal.
            sure: least probability of a label, in %, with which a text is answered.
        """
        store = self._services.store
        over = (across, up, is_log)

        def build() -> dict[str, Any]:
            facts = comparison.compare(
                store, run_ids, evaluation_set=evaluation_set, margin=margin, **self._sources
            )
            evaluated = (each for run in facts.runs for each in store.evaluations(run.run_id))
            sets = dict.fromkeys([evaluation_set, *(each.evaluation_set for each in evaluated)])
            is_test = evaluation_set == TEST_SET
            lists = self._lists(run_ids, limit) if is_test else escape(_(NO_LISTS))
            known = self._services.runs()
            series = [
                _series(
                    run.name,
                    run.run_id,
                    curves.run_curves(known[run.run_id], store.steps(run.run_id)),
                )
                for run in facts.runs
                if run.run_id in known
            ]
            means = [
                _series(
                    _("%(name)s (mean of %(count)s)")
                    % {"name": cell.name, "count": len(cell.run_ids)},
                    cell.run_ids[0],
                    mean,
                )
                for cell, mean in self._means(facts.repeats)
            ]
            repeated = {run_id for cell in facts.repeats for run_id in cell.run_ids}
            points = _points(facts.runs)
            return {
                # The first is drawn last, above the others.
                "series": series[::-1],
                "averaged": [*means, *(s for s in series if s["run"] not in repeated)][::-1],
                "evaluation_set": evaluation_set,
                "margin": facts.margin,
                **_told(
                    "runs", facts, points, points, over, lists=lists, sets=sorted(sets), sure=sure
                ),
            }

        asked = ("compare", *run_ids, *over, limit, evaluation_set, margin, sure)
        return self._answer(asked, key, lambda: self._state(run_ids), build)

    def group(
        self,
        group: GroupId,
        key: str | None = None,
        across: str = "trained_parameters",
        up: str = "accuracy",
        is_log: bool = True,
        margin: float = MARGIN,
    ) -> str | None:
        """The page of a group; ``key`` and the rest as for ``compare``."""
        store = self._services.store
        over = (across, up, is_log)

        def state() -> tuple[Any, ...]:
            members = search_part.members(store, group)
            return (*search_part.state(store, group), *self._state(members))

        def build() -> dict[str, Any]:
            if search_part.is_search(store, group):
                return search_part.searched(self._services, group, over, **self._sources)
            facts = comparison.group_facts(store, group, margin=margin, **self._sources)
            is_few = len(facts.cells) <= MOST_RUNS
            ranked = sorted(
                facts.cells,
                key=lambda cell: cell.accuracy.value if cell.accuracy else -1,
                reverse=True,
            )
            points = [
                Point(cell.cell_id, cell.name, cell.run_ids[0], cell.accuracy)
                for cell in facts.cells
            ]
            means = self._means(facts.cells if is_few else ())
            more: dict[str, Any] = {"is_few": is_few, "ranked": ranked}
            return {
                "series": [_series(cell.name, cell.run_ids[0], mean) for cell, mean in means],
                **_told("group", facts, points, _seeds(points, facts), over, **more),
            }

        return self._answer(("group", group, *over, margin), key, state, build)

    def stop_search(self, group: GroupId) -> str:
        """End a search and what it has in the queue."""
        self._services.changes.stop_search(group)
        return json.dumps({"toast": _("The search ends with what it has found.")})

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
        lines = lines_to_beat(found.lines())
        return json.dumps({"lines": lines, "is_pending": found.are_pending})

    def report(
        self,
        run_ids: RunIds,
        author: str = "",
        notes: str = "",
        guesses: Values = {},  # noqa: B006
        address: str = "",
        evaluation_set: str = TEST_SET,
        margin: float = MARGIN,
    ) -> str:
        """The report of some runs as an HTML file, in JSON; see ``export.report``.

        ``guesses`` are those of lessons, as ``guesses_in_words`` takes them.
        """
        text = report(
            self._services.store,
            run_ids,
            author=author,
            notes=notes,
            guesses=guesses_in_words(guesses),
            address=address,
            evaluation_set=evaluation_set,
            margin=margin,
            **self._sources,
        )
        file = {"name": "report.html", "text": text, "type": "text/html"}
        told = _("Saved as %(file)s.") % {"file": file["name"]}
        return json.dumps({"file": file, "toast": told})

    @property
    def _sources(self) -> dict[str, Any]:
        return {"measure": self._baselines.get, "others": self._services.known_runs()}

    def _answer(
        self,
        what: tuple[object, ...],
        key: str | None,
        state: Callable[[], tuple[Any, ...]],
        build: Callable[[], dict[str, Any]],
    ) -> str | None:
        try:
            found = f"{hash((what, state())):x}"
            if key == found:
                return None
            known = self._answers.get((what, found))
            if known is None:
                known = json.dumps({"key": found, **build()}, separators=(",", ":"))
                self._keep((what, found), known)
            return known
        except PeftDemoError as error:
            sentence = told(str(error))
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
        # For whoever may read the same texts.
        compared = (known[run_id] for run_id in run_ids if run_id in known)
        texts = tuple(self._data.may_read(run.config.dataset) for run in compared)
        yardsticks = tuple(run_id for run_id, run in known.items() if is_baseline(run))
        return (*states, texts, yardsticks, self._baselines.state)

    def _means(self, cells: Iterable[Cell]) -> list[tuple[Cell, dict[str, Any]]]:
        known = self._services.runs()
        return [
            (cell, curves.mean_curves([known[i] for i in cell.run_ids if i in known]))
            for cell in cells
        ]

    def _lists(self, run_ids: RunIds, limit: int) -> str:
        """The texts that split some runs, at most ``limit`` of each kind."""
        if len(run_ids) < 2:
            return ""
        most = max(0, min(limit, LONGEST_LIST))
        try:
            found = self._data.disagreements(run_ids, most)
        except PeftDemoError as error:
            return problem(error)
        return render("compare/disagreements", **dict(found), longest=LONGEST_LIST)


def _series(name: str, run_id: str, curve: dict[str, Any] | None) -> dict[str, Any]:
    """A curve with the run whose look it has."""
    return {"name": name, "run": run_id, "curve": curve}


def _points(runs: Iterable[RunFacts]) -> list[Point]:
    return [
        Point(run.run_id, run.name, run.run_id, run.quality.interval if run.quality else None)
        for run in runs
    ]


def _seeds(points: list[Point], facts: GroupFacts) -> list[Point]:
    """The configurations; or of one its seeds, and above them their mean."""
    if len(points) != 1:
        return points
    count = facts.cells[0].num_finished
    mean = [points[0]._replace(name=_("Mean of %(count)s") % {"count": count})] if count > 1 else []
    return [*mean, *_points(facts.runs)]


def _told(
    layout: str,
    facts: Comparison | GroupFacts,
    points: list[Point],
    compared: list[Point],
    over: tuple[str, str, bool],
    lists: str = "",
    **more: Any,
) -> dict[str, Any]:
    """The page's layout, what is written into its places, and its figures.

    ``compared`` are the points whose accuracies stand below each other where no field is swept.
    """
    lines = lines_to_beat(facts.baselines)
    nouns = {run.texts for run in facts.runs}
    context = {
        **dict(facts),
        "names": {run.run_id: run.name for run in facts.runs},
        "texts": nouns.pop() if len(nouns) == 1 else "texts",
        "most": MOST_RUNS,
        "over": over,
        **more,
    }
    axes = [axis for axis in context.get("axes", ()) if len(axis.values) > 1]
    kind = ("forest", "sweep", "heat_map")[min(len(axes), 2)]
    accuracy = drawn(kind, axes=axes, cells=context.get("cells"), points=compared, lines=lines)
    pieces = (render(f"compare/{name}", **context) for name in (layout, *PARTS[layout]))
    # What stands in a run's name is no link.
    __, whole, *parts = glossed(" ".join(run.name for run in facts.runs), *pieces)
    return {
        "layout": whole,
        "parts": {**dict(zip(PARTS[layout], parts, strict=True)), "lists": lists},
        "figures": {"accuracy": accuracy, "pareto": costs(points, facts.pareto, *over)},
        "run_ids": [run.run_id for run in facts.runs],
        "lines": lines,
        "texts": context["texts"],
        "is_pending": facts.baselines_pending,
    }


def _state_of(run: Run | None) -> tuple[Any, ...]:
    if run is None:
        return ()
    step = run.progress.step * LIVE_STEPS // max(1, run.progress.max_steps)
    # It may be evaluated on further sets once it is over.
    live = step if run.status is RunStatus.RUNNING else run.version
    return (run.run_id, run.status, run.config.name, len(run.epochs), run.finished_at, live)
