"""The runs of a lesson's plan as configurations, and those of a store that are such runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from peft_demo import settings
from peft_demo.lessons.schema import Lesson, PlannedRuns
from peft_demo.runs import GroupKind, KnownConfig, Run, RunConfig, RunKind, RunStatus, sweeps
from peft_demo.runs.presets import REFERENCES, preset
from peft_demo.runs.sweeps import Plan

OWN = "own"
"""A seed of this value is another for each browser."""

_LOST = (RunStatus.CANCELLED, RunStatus.INTERRUPTED)


def plan_of(lesson: Lesson, name: str, owner: str = "") -> Plan:
    """The configurations of one of a lesson's plans, as its forms would queue them.

    Raises:
        InvalidFieldsError: a value is not allowed.
        NotFoundError: there is no such preset.
    """
    planned = lesson.runs[name]
    has_own = any(values.get("seed") == OWN for values in (planned.values, *planned.each))
    return _plan(lesson, name, owner if has_own else "", settings.lessons())


@lru_cache(maxsize=256)
def _plan(lesson: Lesson, name: str, owner: str, _size: str) -> Plan:
    """Kept, as every browser asks for it again and again while its runs train."""
    planned = lesson.runs[name]
    if planned.each:
        make = _config if name in lesson.trained else _at_hand
        configs = tuple(
            make(lesson, {"preset": planned.preset, **planned.values, **values}, owner)
            for values in planned.each
        )
        return Plan(GroupKind.LESSON, lesson.title, configs, {}, planned.race)
    first = form_values(lesson, planned, owner)
    return sweeps.plan(first, planned.axes, repeats=planned.repeats, race=planned.race)


def form_values(lesson: Lesson, planned: PlannedRuns, owner: str = "") -> dict[str, Any]:
    """What the form has to say for a plan's runs, which are named after it; see ``plan_of``."""
    return _unnamed(lesson, {"preset": planned.preset, **planned.values}, owner)


def start_values(lesson: Lesson, owner: str = "") -> dict[str, Any]:
    """What the form says when the lesson begins; see ``plan_of``."""
    return _unnamed(lesson, lesson.controls.preset, owner)


def _unnamed(lesson: Lesson, values: Mapping[str, Any], owner: str) -> dict[str, Any]:
    return {**_config(lesson, values, owner).flat(), "name": ""}


def _at_hand(lesson: Lesson, values: Mapping[str, Any], owner: str) -> RunConfig:
    """Of a plan that no step starts: a reference run, which need not be small, or one of before."""
    full = _full(values, owner)
    come = {_key(preset(name).config()) for name in REFERENCES}
    return full if _key(full) in come else _config(lesson, values, owner)


def _config(lesson: Lesson, values: Mapping[str, Any], owner: str) -> RunConfig:
    small = lesson.small if settings.lessons() == "small" else {}
    return _full({**values, **small}, owner)


def _full(values: Mapping[str, Any], owner: str) -> RunConfig:
    chosen = dict(values)
    first = preset(str(chosen.pop("preset", "quick")))
    if chosen.get("seed") == OWN:
        chosen["seed"] = own_seed(owner)
    return first.config(**{"name": "", **chosen})


def own_seed(owner: str) -> int:
    """The same for a browser each time, and hardly ever another's."""
    return int(hashlib.sha256(owner.encode()).hexdigest()[:8], 16) % 100_000


def found(
    plan: Plan, runs: Sequence[Run], owner: str | None, since: datetime | None = None
) -> list[Run | None]:
    """For each configuration of a plan the newest run of it, unless that was lost.

    Args:
        plan: what is looked for.
        runs: newest first, as the store has them.
        owner: whose runs count beside the reference runs; None for everybody's.
        since: runs that were queued before do not count, reference runs neither.
    """
    wanted = {_key(config) for config in plan.configs}
    newest: dict[str, Run] = {}
    for run in runs:
        if _counts(run, plan, owner, since) and (key := _key(run.config)) in wanted:
            newest.setdefault(key, run)
    return [newest.get(_key(config)) for config in plan.configs]


def everybodys(plan: Plan, runs: Sequence[Run]) -> list[Run]:
    """The finished runs of a plan whatever their seed, each person's newest of each seed."""
    wanted = {_key(config, seed=False) for config in plan.configs}
    newest: dict[tuple[str, str], Run] = {}
    for run in runs:
        if run.result and _counts(run, plan) and _key(run.config, seed=False) in wanted:
            newest.setdefault((run.owner, _key(run.config)), run)
    return list(newest.values())


def _counts(run: Run, plan: Plan, owner: str | None = None, since: datetime | None = None) -> bool:
    """Whether it may be one of the plan's: what is quickly seen of it."""
    if run.kind is not RunKind.TRAINING or run.status in _LOST:
        return False
    if not any(run.config.method == config.method for config in plan.configs):
        return False
    if since is not None and (run.is_reference or run.created_at <= since):
        return False
    return owner is None or run.is_reference or run.owner == owner


def _key(config: KnownConfig, *, seed: bool = True) -> str:
    """Equal for runs that differ in nothing but their name, and perhaps their seed."""
    apart = {"name": None} if seed else {"name": None, "seed": None}
    return json.dumps({**config.flat(), **apart}, sort_keys=True)
