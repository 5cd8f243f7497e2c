"""The live board's server side: what changed since the version a browser has seen, as JSON.

Each run's JSON is built once for a version of it and shared by all viewers; a poll that finds
nothing new answers None.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar, cast

from peft_demo.comparison.curves import run_curves
from peft_demo.comparison.diagnosis import diagnose, in_another_way
from peft_demo.comparison.latest import HEAD_ONLY, judge
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.errors import InvalidFieldsError, PeftDemoError
from peft_demo.execution.expected import expected_starts
from peft_demo.fields import shown
from peft_demo.languages import _, told
from peft_demo.logs import digest
from peft_demo.runs import Run
from peft_demo.runs.questions import QUESTIONS
from peft_demo.ui import hub_jobs, run_states
from peft_demo.ui.annotations import runs_in
from peft_demo.ui.faults import for_others
from peft_demo.ui.formats import from_to
from peft_demo.ui.html import render, scripted
from peft_demo.ui.identity import acting, as_seen
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.requests import RunId, RunIds, page_function
from peft_demo.ui.services import Services

T = TypeVar("T")

MOST_PLACES = 20
"""Of the queue's head that everybody is told."""


class _Moment:
    """What all viewers of a version are told alike, read from the store once."""

    def __init__(self, version: int) -> None:
        self.version = version
        self._known: dict[object, Any] = {}

    def once(self, read: Callable[..., T], *which: Any) -> T:
        """What a function of the store says; of two that ask at once both may read it."""
        key = (read.__name__, *which)
        if key not in self._known:
            self._known[key] = read(*which)
        return cast("T", self._known[key])


class Board(Page):
    """Answers the browsers' polls and buttons."""

    label = "Train"
    tab_id = "training"
    has_form = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._summaries: dict[tuple[str, bool], tuple[Run, dict[str, Any]]] = {}
        """What was made of each run for others or at the machine, but for what people say of it."""
        self._curves: dict[str, tuple[int, dict[str, Any]]] = {}
        """What was made of each run, and of which version of it."""
        self._moment = _Moment(-1)
        """Of the newest version that was asked for; replaced as a whole, so it needs no lock."""

    def draw(self, frame: Frame) -> None:
        """See Page."""
        scripted(glossed(_frame())[0], "board(element)")

    def functions(self) -> list[Callable[..., Any]]:
        """See Page."""
        return [
            page_function(self.poll),
            page_function(self.act, str),
            page_function(self.judge),
            page_function(self.diagnosis),
            page_function(self.questions),
            page_function(self.machines),
        ]

    def poll(
        self,
        since: int = -1,
        models: str | None = None,
        problem: str | None = None,
        shown: RunIds = (),
        curves: RunIds = (),
    ) -> str | None:
        """What is new for a browser, or None.

        Args:
            since: the version that it has seen.
            models: the text about the models that it shows.
            problem: the text about the store that it shows.
            shown: runs in its charts.
            curves: runs whose curves it lacks.
        """
        store, warm_up = self._services.store, self._services.warm_up
        wanted = list(curves)
        seen = (since, models, problem or None)
        try:
            version, trouble = store.version, for_others(told(store.problem or "")) or None
            if (version, warm_up.words, trouble) == seen and not wanted:
                return None
            moment = self._at(version)
            # A version that went back is another store: all of it is new.
            news = since if since <= version else -1
            changed = moment.once(store.runs, news) if version != since else []
            ids = moment.once(store.ids)
            # A browser that shows a run's curves needs them again whenever the run changes.
            in_charts = set(shown)
            wanted += [run.run_id for run in changed if run.run_id in in_charts]
            asked = set(wanted) & set(ids)
            drawn = {run_id: moment.once(self._curve, run_id) for run_id in asked}
            classroom = moment.once(store.classroom)
            places = self._places(moment) if version != since else {}
        except PeftDemoError as error:
            version, changed, ids, drawn = since, [], None, {}
            trouble = for_others(told(str(error)))
            classroom, places = None, {}
            if (version, warm_up.words, trouble) == seen:
                return None
        answer = {
            "version": version,
            "you": self._services.changes.may(classroom),
            "models": {"state": warm_up.state, "text": warm_up.words},
            "problem": trouble,
            "ids": ids,
            "runs": [self._summary(run) for run in changed],
            "places": places,
            "curves": drawn,
        }
        return json.dumps(answer, separators=(",", ":"))

    def act(self, action: str, run_ids: RunIds = (), tags: str = "") -> str:
        """Do what a button says; answers an empty text, or what to tell about it, as JSON.

        Args:
            action: of the actions below.
            run_ids: the runs that it is for.
            tags: to be added.

        Raises:
            PeftDemoError: it cannot be done.
        """
        changes = self._services.changes
        actions: dict[str, Callable[[], object]] = {
            "stop": lambda: changes.stop(*run_ids),
            "keep": lambda: changes.keep(*run_ids),
            "resume": lambda: changes.resume(*run_ids),
            "delete": lambda: changes.delete(*run_ids),
            "restore": lambda: changes.restore(*run_ids),
            "star": lambda: changes.annotate_all(run_ids, is_starred=True),
            "unstar": lambda: changes.annotate_all(run_ids, is_starred=False),
            "first": lambda: changes.move_first(*run_ids),
            "tag": lambda: changes.annotate_all(run_ids, tags=tags),
        }
        if action not in actions:
            raise InvalidFieldsError(
                {"action": f"action must be one of {', '.join(actions)}, got {shown(action)}."}
            )
        known = self._services.runs() if action == "delete" else {}
        actions[action]()
        if action == "delete":
            names = [known[run_id].config.name for run_id in run_ids if run_id in known]
            what = names[0] if len(names) == 1 else runs_in(len(run_ids))
            undo = {"action": "restore", "run_ids": run_ids}
            return json.dumps({"toast": _("Deleted %(what)s.") % {"what": what}, "undo": undo})
        if action == "restore":
            restored = _("%(what)s restored.") % {"what": runs_in(len(run_ids))}
            return json.dumps({"toast": restored})
        return ""

    def judge(self, run_id: RunId, pinned: str = "") -> str:
        """What one run's test tells, as HTML; ``pinned`` is the run that it is measured by."""
        found = judge(
            self._services.store,
            run_id,
            pinned,
            measure=self._services.baselines.get,
            others=self._services.known_runs(),
        )
        if found is None:
            return json.dumps({"html": ""})
        run = self._services.store.get(run_id)
        again = in_another_way(run, found.diagnosis)
        is_yardstick = found.baseline is None and run.config.method == HEAD_ONLY
        html = render("latest", judged=found, run=run, again=again, is_yardstick=is_yardstick)
        named = [self._services.store.get(each).config.name for each in (found.baseline,) if each]
        # What stands on the page before it, or in a run's name, is no link.
        *_, linked = glossed(_frame(), run.config.name, *named, html)
        return json.dumps({"html": linked, "is_pending": found.is_pending})

    def diagnosis(self, run_id: RunId) -> str:
        """What a run's training shows: words, and a button for what is worth trying, as HTML."""
        run = self._services.store.get(run_id)
        found = diagnose(run)
        again = in_another_way(run, found)
        button = again and render("again", run=run, found=found, again=again)
        return json.dumps({"words": found and found.words, "again": button})

    def questions(self) -> str:
        """What a newcomer may ask: buttons, with how many runs answer it in what time."""
        from peft_demo.adapters.forecast import seconds_elsewhere, total_seconds

        known = self._services.known_runs()
        rows = []
        for row in QUESTIONS.values():
            configs = row.plan.configs
            expected = total_seconds(configs, known)
            time = from_to(expected) if expected else _roughly(seconds_elsewhere(configs, known))
            rows.append((row, len(configs), time))
        return render("questions", rows=rows)

    def machines(self) -> str:
        """Where runs are computed, how busy it is there, and which are there now, as HTML."""
        known = self._services.runs()
        told = [
            (machine, [known[run_id].config.name for run_id in run_ids if run_id in known])
            for machine, run_ids in self._services.engine.machines()
        ]
        return render("machines", machines=told, jobs=hub_jobs.offer(self._services))

    def _at(self, version: int) -> _Moment:
        if self._moment.version != version:
            self._moment = _Moment(version)
        return self._moment

    def _places(self, moment: _Moment) -> dict[str, str]:
        """How far the first in the queue, and the visitor's own, have got there.

        That moves while the runs stay as they are, and all of a long queue would be much to send.
        """
        store, mine = self._services.store, acting().owner
        starts, elsewhere = moment.once(self._expected), self._services.agreements.holding()
        lines: Counter[str] = Counter()
        told = {}
        for run_id, owner in moment.once(store.queue):
            line = owner if owner in elsewhere else ""  # who has machines waits for nobody
            lines[line] += 1
            if lines[line] <= MOST_PLACES or owner == mine:
                told[run_id] = run_states.waits(lines[line], starts.get(run_id))
        return told

    def _expected(self) -> dict[str, float]:
        """When what waits begins, in seconds from now."""
        store = self._services.store
        if store.classroom().is_paused:
            return {}
        elsewhere = self._services.agreements.holding()
        return expected_starts(store, self._services.engine.slots, elsewhere)

    def _summary(self, run: Run) -> dict[str, Any]:
        # Its place is no part of it, see above; and stars and tags leave alone what takes long.
        plain = {"queue_position": None, "version": 0, "tags": (), "note": "", "is_starred": False}
        measured = run.model_copy(update=plain)
        seen = (run.run_id, acting().is_local)
        known, told = self._summaries.get(seen, (None, {}))
        if known != measured:
            told = summary(as_seen(measured))
            self._summaries[seen] = measured, told
        return {**told, "tags": run.tags, "note": run.note, "is_starred": run.is_starred}

    def _curve(self, run_id: str) -> dict[str, Any]:
        store = self._services.store
        run = store.get(run_id)
        version, known = self._curves.get(run_id, (None, {}))
        if version != run.version:
            known = run_curves(run, store.steps(run_id))
            self._curves[run_id] = run.version, known
        return known


def _roughly(seconds: float | None) -> str:
    return _("about %(time)s") % {"time": from_to((seconds, seconds))} if seconds else ""


def _frame() -> str:
    dataset = DATASETS[DEFAULT_DATASET]
    return render("board", dataset=dataset, labels=[_(label) for label in dataset.labels])


def _possible(run: Run) -> dict[str, bool]:
    """Which of the board's buttons may be of use for a run, whoever it belongs to."""
    return {"stop": not run.status.is_over, "keep": run.can_keep, "resume": run.can_resume}


def summary(run: Run) -> dict[str, Any]:
    """What strip and lists show of a run."""
    result, last = run.result, run.epochs[-1] if run.epochs else None
    return {
        "id": run.run_id,
        "kind": str(run.kind),
        "name": run.config.name,
        "summary": run_states.what(run),
        "status": str(run.status),
        "called": run_states.called(run),
        "can": [what for what, able in _possible(run).items() if able],
        "reference": run.is_reference,
        "owner": run.owner_name,
        "owner_digest": digest(run.owner),
        "group_id": run.group_id,
        "dataset": run.config.dataset,
        **run.progress.model_dump(include={"step", "max_steps", "phase"}),
        "eval_accuracy": last and last.eval_accuracy,
        "num_labels": len(run.config.labels),
        "test": result
        and {
            "accuracy": result.test_accuracy,
            "low": result.test_interval[0],
            "high": result.test_interval[1],
        },
        "now": run_states.now(run),
        "ended": run_states.ended(run),
        "state": run_states.state(run),
    }
