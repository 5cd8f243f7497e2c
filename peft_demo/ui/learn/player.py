"""The player: what one step of a lesson shows a person, from what the browser and the store say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from peft_demo import lessons, statistics
from peft_demo.errors import InvalidFieldsError, PeftDemoError
from peft_demo.languages import _
from peft_demo.lessons import Lesson, Step
from peft_demo.lessons.outcomes import Outcome, holds, outcome
from peft_demo.lessons.plans import everybodys, found, plan_of
from peft_demo.runs import Run, RunConfig, RunStatus, links
from peft_demo.runs.sweeps import Plan
from peft_demo.ui.formats import duration
from peft_demo.ui.html import render
from peft_demo.ui.identity import as_seen
from peft_demo.ui.learn.figures import chart, dot_plot
from peft_demo.ui.learn.prose import marked, prose
from peft_demo.ui.services import Services


@dataclass(frozen=True)
class Place:
    """Where somebody is in a lesson, as his browser keeps it."""

    lesson: Lesson
    number: int
    """Of the step, from 0."""
    owner: str
    since: datetime | None
    """When he began: runs of before do not count …"""
    taken: Sequence[str] = ()
    """… but for these plans, whose runs he had."""
    choices: Mapping[str, int] = field(default_factory=dict)
    """Answers by the numbers of their steps."""
    form: str = ""
    """The form's link."""
    tab: str = ""

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.lesson.steps[self.number]

    @property
    def choice(self) -> int | None:
        """The answer that was given to this step."""
        return self.choices.get(str(self.number))


@dataclass(frozen=True)
class Shown:
    """What a step shows now."""

    facts: dict[str, Any] = field(default_factory=dict)
    """For its template."""
    is_done: bool = True
    waits: bool = False
    """Whether it may show something else as soon as the store changes."""


class Player:
    """Draws steps."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def draw(self, place: Place) -> tuple[str, Shown]:
        """A step as HTML."""
        step = place.step
        shown = self._OF[step.kind](self, place)
        status = self._status(place)
        html = render(
            "learn/step",
            place=place,
            step=step,
            kind=step.kind,
            text=prose(step.text),
            shown=shown,
            status=status,
            **shown.facts,
        )
        waits = shown.waits or not shown.is_done or bool(status)
        return html, Shown(shown.facts, shown.is_done, waits)

    def runs(self, place: Place, name: str) -> tuple[Plan, list[Run | None]]:
        """A plan, and for each of its configurations the run that counts."""
        plan = plan_of(place.lesson, name, place.owner)
        is_new = name in place.lesson.trained and name not in place.taken
        since = place.since if is_new else None
        return plan, found(plan, self._services.known_runs(), place.owner, since)

    def _status(self, place: Place) -> str:
        """How far the runs of the lesson's plans are; empty if none is going on."""
        every = [run for name in place.lesson.runs for run in self.runs(place, name)[1] if run]
        going = [run for run in every if not run.status.is_over]
        if not going:
            return ""
        running = [run for run in going if run.status is RunStatus.RUNNING]
        status = _("%(finished)s of %(total)s runs finished") % {
            "finished": len(every) - len(going),
            "total": len(every),
        }
        if running:
            status += " · " + _("%(run)s is training") % {"run": running[0].config.name}
        return status

    def _read(self, place: Place) -> Shown:
        return Shown()

    def _start(self, place: Place) -> Shown:
        from peft_demo.adapters.forecast import total_seconds

        name = str(place.step.plan)
        plan, mine = self.runs(place, name)
        known = self._services.known_runs()
        had = found(plan, known, place.owner)
        facts = {
            "plan": name,
            "total": len(plan.configs),
            "queued": sum(run is not None for run in mine),
            "time": duration(total_seconds(plan.configs, known)),
            "is_listed": bool(place.lesson.runs[name].each),
            "can_take": all(run and run.result for run in had),
            "astray": None if all(mine) else self._astray(place, plan, known),
        }
        return Shown(facts, is_done=all(mine))

    def _astray(self, place: Place, plan: Plan, known: Sequence[Run]) -> str | None:
        """How the newest run of this person differs from the plan, if it is none of it."""
        for run in known:
            is_new = place.since is None or run.created_at > place.since
            if run.owner == place.owner and is_new and isinstance(run.config, RunConfig):
                flat = run.config.flat()
                apart = [_differences(config, flat) for config in plan.configs]
                nearest = min(apart, key=len)
                words = {"run": run.config.name, "differences": ", ".join(nearest)}
                return _("%(run)s has %(differences)s.") % words if nearest else None
        return None

    def _open(self, place: Place) -> Shown:
        action = place.step.action
        return Shown(is_done=bool(action) and place.tab == (action and action.open))

    def _set(self, place: Place) -> Shown:
        wanted = place.step.action.set if place.step.action else None
        values: Mapping[str, Any] = {}
        with suppress(InvalidFieldsError):
            values = RunConfig(links.from_link(place.form).values).flat() if place.form else {}
        wrong = [name for name, value in (wanted or {}).items() if not _same(values, name, value)]
        return Shown({"wrong": wrong}, is_done=bool(values) and not wrong)

    def _predict(self, place: Place) -> Shown:
        return Shown(is_done=place.choice is not None)

    def _question(self, place: Place) -> Shown:
        question, choice = place.step.question, place.choice
        assert question is not None
        is_known = choice is not None and 0 <= choice < len(question.choices)
        chosen = question.choices[choice] if is_known and choice is not None else None
        because = prose(chosen.because) if chosen else ""
        return Shown({"because": because}, is_done=bool(chosen and chosen.right))

    def _reveal(self, place: Place) -> Shown:
        reveal = place.step.reveal
        assert reveal is not None
        _, mine = self.runs(place, reveal.plan)
        done = [run for run in mine if run and run.status.is_over]
        if not mine or len(done) < len(mine):
            waiting = {"found": None, "finished": len(done), "total": len(mine)}
            return Shown(waiting, is_done=False)
        seen = outcome(self._services.store, done, reveal.about, self._services.baselines.get)
        guess, is_right = self._guess(place, seen, {run.run_id: run for run in done})
        failed = [as_seen(run) for run in done if not run.result]
        facts: dict[str, Any] = {
            "found": seen,
            "words": [marked(sentence) for sentence in seen.words],
            "bars": chart(seen.bars),
            "guess": guess,
            "is_right": is_right,
            "failed": failed,
        }
        return Shown(facts, waits=seen.is_pending)

    def _guess(
        self, place: Place, seen: Outcome, runs: Mapping[str, Run]
    ) -> tuple[str, bool | None]:
        """The last prediction before this step, and whether it holds."""
        for number in reversed(range(place.number)):
            step = place.lesson.steps[number]
            if step.reveal is not None:  # which has judged what was guessed before
                break
            if (predict := step.predict) is None:
                continue
            choice = place.choices.get(str(number))
            if choice is None or not 0 <= choice < len(predict.choices):
                break
            chosen = predict.choices[choice]
            return chosen.text, holds(chosen.means, seen, runs) if chosen.means else None
        return "", None

    def _check(self, place: Place) -> Shown:
        check = place.step.check
        assert check is not None
        _, mine = self.runs(place, check.plan)
        over = [run for run in mine if run and run.status.is_over]
        is_finished = len(over) == len(mine)
        is_so = is_finished and _SHOWS[check.shows](over)
        facts = {
            "finished": len(over),
            "total": len(mine),
            "shows": check.shows,
            "is_so": is_so,
        }
        return Shown(facts, is_done=is_finished)

    def _class(self, place: Place) -> Shown:
        name = str(place.step.plan)
        plan = plan_of(place.lesson, name, place.owner)
        runs = everybodys(plan, self._services.known_runs())
        values = {run.run_id: run.result.test_accuracy for run in runs if run.result}
        mean = statistics.mean_interval([*values.values()]) if len(values) > 1 else None
        facts = {
            "values": [*values.values()],
            "mean": mean,
            "plot": dot_plot(values, mean) if values else None,
            "own": {run.run_id for run in runs if run.owner == place.owner},
            "people": len({run.owner for run in runs}),
        }
        return Shown(facts, waits=True)

    _OF: Mapping[str, Callable[[Player, Place], Shown]] = {
        "read": _read,
        "start": _start,
        "open": _open,
        "set": _set,
        "predict": _predict,
        "question": _question,
        "reveal": _reveal,
        "check": _check,
        "class_board": _class,
    }


def _beats_guessing(run: Run) -> bool:
    return run.result is not None and run.result.test_interval[0] > 1 / len(run.config.labels)


_SHOWS: Mapping[str, Callable[[Sequence[Run]], bool]] = {
    "finished": lambda runs: True,
    "learned": lambda runs: all(map(_beats_guessing, runs)),
    "guessing": lambda runs: not any(map(_beats_guessing, runs)),
    "diverged": lambda runs: any(run.status is RunStatus.FAILED for run in runs),
}


def _same(values: Mapping[str, Any], name: str, wanted: Any) -> bool:
    """Whether a form has this value, as the field reads it."""
    if name not in values:
        return False
    try:
        read = RunConfig({**values, "name": "", name: wanted}).flat()[name]
    except InvalidFieldsError:
        return False
    return bool(read == values[name])


def _differences(config: RunConfig, flat: Mapping[str, Any]) -> list[str]:
    """Settings of a run that are not those of a configuration."""
    return [
        _("%(field)s %(value)s instead of %(wanted)s")
        % {"field": name, "value": flat.get(name, _("left out")), "wanted": value}
        for name, value in config.flat().items()
        if name != "name" and flat.get(name) != value
    ]


def place_of(lesson_id: str, step: int, began: str, **more: Any) -> Place:
    """Where a browser says that it is; a step beyond the last is the last.

    Raises:
        PeftDemoError: there is no such lesson.
    """
    lesson = lessons.lesson(lesson_id)
    try:
        since = datetime.fromisoformat(began).astimezone(UTC) if began else None
    except ValueError as error:
        raise PeftDemoError(f"began must be a time in ISO 8601, got {began[:40]!r}.") from error
    return Place(lesson, max(0, min(step, len(lesson.steps) - 1)), since=since, **more)
