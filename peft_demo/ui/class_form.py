"""What a class's form may say: what its teacher's link fixes or hides holds on the server too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from peft_demo import lessons, models, settings
from peft_demo.errors import InvalidFieldsError, PeftDemoError, refuse
from peft_demo.fields import Field
from peft_demo.lessons.plans import plan_of, start_values
from peft_demo.methods import METHODS
from peft_demo.runs import LEARNING_RATE, KnownConfig, RunConfig, RunKind, fields_of, links
from peft_demo.runs.presets import ASSIGNMENT, PRESETS, preset, recommended_id
from peft_demo.runs.search import Search
from peft_demo.runs.space import methods, with_methods

QUICK = next(iter(PRESETS))
"""The preset that a form begins with."""

PLAIN = ("learning_rate", "num_train_epochs", "num_reviews", "name")
"""What all runs have and stands open in a form; the others wait in "More settings"."""


@dataclass(frozen=True)
class ClassForm:
    """What a teacher's link leaves of the form.

    Attributes:
        start: what the form says when the class opens it, as a flat configuration.
        fixed: fields that keep that.
        hidden: fields and parts of the form that are not shown.
        planned: the runs of the link's lesson, which are queued as they are; see ``_key``.
    """

    start: Mapping[str, Any]
    fixed: frozenset[str]
    hidden: frozenset[str]
    planned: frozenset[str]
    _allowed: dict[str, dict[str, list[Any]]] = field(default_factory=dict, compare=False)

    def require(self, configs: Sequence[KnownConfig], kind: RunKind = RunKind.TRAINING) -> None:
        """Refuse what this form could not have asked for; who asked another way is not let off.

        Raises:
            InvalidFieldsError: with each field, what it may be, and what came.
        """
        if kind in (RunKind.IMPORTED, RunKind.MIXED):  # tested only, not trained
            return
        own = [config for config in configs if _key(config) not in self.planned]
        if own and kind is RunKind.RANGE_TEST and "find-rate" in self.hidden:
            refuse(
                "find-rate", "find-rate is hidden: the teacher of this class wants no range tests."
            )
        if len(own) > 1 and "several" in self.hidden:
            refuse(
                "repeats",
                f"repeats must be 1 here, got {len(own)} runs at once: the teacher of this class "
                "has hidden repeats and sweeps.",
            )
        problems: dict[str, str] = {}
        for config in own:
            known = self.allowed(config.method)
            for name, value in config.flat().items():
                allowed = known.get(name)
                if allowed and value not in allowed:
                    may, came = " / ".join(map(_written, allowed)), _written(value)
                    problems.setdefault(
                        name,
                        f"{name} must be {may} here, got {came}: the teacher of this class has "
                        "fixed it."
                        if name in self.fixed
                        else f"{name} must be {may} here, got {came}: the teacher of this class "
                        "has hidden it.",
                    )
        if problems:
            raise InvalidFieldsError(problems)

    def require_search(self, search: Search) -> None:
        """Refuse a search that this form could not have asked for; as ``require``.

        The recommended preset and the confirmation's seeds are the program's own.
        """
        if not self.hidden.isdisjoint(("search", "several")):
            refuse("search", "search is hidden: the teacher of this class wants no searches.")
        in_play = methods(search.over, search.among, search.base)
        closed = {name for method_id in in_play for name in self.allowed(method_id)}
        if problems := {
            name: f"{name} cannot be searched here: the teacher of this class has fixed it."
            if name in self.fixed
            else f"{name} cannot be searched here: the teacher of this class has hidden it."
            for name in search.over
            if name in closed
        }:
            raise InvalidFieldsError(problems)
        for config in with_methods(search.base, in_play):
            self.require([config])

    def allowed(self, method_id: str) -> dict[str, list[Any]]:
        """The values that fixed and hidden fields may have in runs of a method; others are open."""
        if method_id not in self._allowed:
            usual = RunConfig({"method": method_id}).flat()
            wanted = [
                name
                for name in usual
                if name != "name" and (name in self.fixed or self.hides(method_id, name))
            ]
            found = {name: self._values(method_id, name, usual[name]) for name in wanted}
            self._allowed[method_id] = found
        return self._allowed[method_id]

    def _values(self, method_id: str, name: str, usual: Any) -> list[Any]:
        """What one of them may be.

        A fixed one has the value of the start, or its method's own where that is none of its
        values. A hidden one has what the form puts there by itself.
        """
        first = [self.start[name]] if _fits(method_id, name, self.start) else []
        if name in self.fixed:
            return first or [usual]
        offered = [] if self.fixed or "preset" in self.hidden else _offered(method_id)
        given = [values[name] for values in offered if name in values]
        # A switch of the method brings its rate and modules along.
        if not first or name == LEARNING_RATE.name or isinstance(usual, list):
            given.append(usual)
        plain = (list(value) if isinstance(value, tuple) else value for value in (*first, *given))
        return list({repr(value): value for value in plain}.values())

    def held(self, method_id: str) -> dict[str, Any]:
        """What the form says in fixed and hidden fields of a method before anything is changed."""
        return {name: values[0] for name, values in self.allowed(method_id).items()}

    def kept(self, method_id: str) -> dict[str, Any]:
        """Of these, what stays when the method is switched."""
        held = self.held(method_id)
        return {name: value for name, value in held.items() if name in self.fixed}

    def hides(self, method_id: str, name: str) -> bool:
        """Whether runs of a method have a field that the class does not see."""
        if name in self.hidden:
            return True
        own = METHODS[method_id].fields
        more = (each.name for each in fields_of(method_id) if not stands_open(each, own))
        return "more-settings" in self.hidden and name in more


def class_form(page: str, owner: str) -> ClassForm | None:
    """What a class's link leaves of the form; None where it leaves all.

    Args:
        page: the link's query; see ``Classroom.page``.
        owner: who opens it: a lesson may give each his own seed.
    """
    return _read(page, owner, settings.lessons()) if page else None


@lru_cache(maxsize=128)
def _read(page: str, owner: str, _size: str) -> ClassForm | None:
    pairs = dict(parse_qsl(page))
    fixed, hidden = (frozenset(filter(None, pairs.get(k, "").split(","))) for k in ("fix", "hide"))
    planned: frozenset[str] = frozenset()
    try:
        said = links.from_link(page).values
        if lesson_id := pairs.get("lesson", ""):
            chosen = lessons.lesson(lesson_id)
            start = RunConfig({**start_values(chosen, owner), **said})
            fixed, hidden = fixed.union(chosen.controls.fixed), hidden.union(chosen.controls.hidden)
            plans = (plan_of(chosen, name, owner) for name in chosen.runs)
            planned = frozenset(_key(config) for plan in plans for config in plan.configs)
        elif said:
            start = RunConfig(said)
        else:
            start = preset(QUICK).config(base_model=models.default_base())
    except PeftDemoError:  # it was checked when it was set: since then a lesson or a field is gone
        return None
    return ClassForm(start.flat(), fixed, hidden, planned) if fixed or hidden else None


def stands_open(one: Field, own: Sequence[Field]) -> bool:
    """Whether a form shows a field at once; of a method's own fields it does so with its sizes."""
    if one not in own:
        return one.name in PLAIN
    is_size = one.widget in ("slider", "dropdown") and "dropout" not in one.name
    return is_size and not one.is_rare


def _fits(method_id: str, name: str, start: Mapping[str, Any]) -> bool:
    """Whether runs of a method can have what the form says at first."""
    if name not in start:
        return False
    around = {key: start[key] for key in ("base_model", "dataset")}
    try:
        RunConfig({"method": method_id, **around, name: start[name]})
    except InvalidFieldsError:
        return False
    return True


def _offered(method_id: str) -> list[Mapping[str, object]]:
    """What presets that a form offers put into it for this method."""
    names = (QUICK, recommended_id(method_id), *ASSIGNMENT)
    every = (preset(name).values for name in names)
    return [values for values in every if values["method"] == method_id]


def _key(config: KnownConfig) -> str:
    """Equal for runs that differ in nothing but their name."""
    return repr({**config.flat(), "name": ""})


def _written(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
