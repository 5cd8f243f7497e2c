"""Comparisons in which several things changed: then a difference is not one setting's alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any

from peft_demo.comparison.describe import written_as
from peft_demo.comparison.diagnosis import OFF
from peft_demo.comparison.evidence import Described
from peft_demo.comparison.facts import Confounding
from peft_demo.comparison.words import sentences
from peft_demo.methods import METHODS
from peft_demo.methods.scale import Scale, scale_of
from peft_demo.runs import METHOD, PART_SEEDS, KnownConfig, RunConfig

MOST_TOLD = 6
"""Sentences for one comparison: more would hide its verdict."""

_CHANCE = {"name", "seed", *PART_SEEDS}
_TESTED = {"num_test_reviews", "max_length"}
"""Settings that change what is tested, whatever else they change."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A configuration that is compared, or is going to be."""

    id: str
    name: str
    config: KnownConfig
    num_adapter_parameters: int | None = None
    settings: Mapping[str, Any] = field(init=False)
    """What decides its numbers, chance apart; what is not known is left out."""

    def __post_init__(self) -> None:
        values = self.config.flat()
        names = {field.name for field in self.config.fields} - _CHANCE
        known = {name: values[name] for name in names if values.get(name) is not None}
        object.__setattr__(self, "settings", known)

    def get(self, name: str) -> Any:
        """The value of a setting; None if it is not known."""
        return self.settings.get(name)

    @property
    def scale(self) -> Scale | None:
        """What its updates are multiplied by."""
        row = METHODS.get(self.config.method)
        return scale_of(row, self.config.method_values) if row and not self.config.problem else None


def of_runs(runs: Iterable[Described]) -> tuple[Confounding, ...]:
    """What is confounded among runs that are compared."""
    return confounded(
        [
            Subject(e.run.run_id, e.facts.name, e.run.config, e.facts.num_adapter_parameters)
            for e in runs
        ]
    )


def confounded(subjects: Sequence[Subject]) -> tuple[Confounding, ...]:
    """What changed along with a setting, and who differs from everybody in several settings."""
    found = [one for rule in (_scales, _steps, _parameters, _tests) for one in rule(subjects)]
    return (*found, *_together(subjects))[:MOST_TOLD]


# -- something else follows a setting --------------------------------------------------------------


def _scales(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """The rank changed and alpha did not, so what the update is multiplied by changed as well."""
    scaled = {each.id: scale for each in subjects if (scale := each.scale)}
    able = [each for each in subjects if each.id in scaled]
    told: set[str] = set()
    for some in _alike(
        able, lambda s: (s.config.method, scaled[s.id].formula, s.get(scaled[s.id].alpha.name))
    ):
        first = scaled[some[0].id]
        # Of a grid of ranks and alphas, one row says it.
        if some[0].config.method not in told:
            found = _followed(
                some,
                first.rank.name,
                "scale",
                lambda each: scaled[each.id].value,
                scale=first,
                held=some[0].get(first.alpha.name),
            )
            told |= {some[0].config.method} if found else set()
            yield from found


def _steps(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """Texts or batch size changed and epochs did not, so there were more or fewer steps."""
    able = [each for each in subjects if isinstance(each.config, RunConfig)]
    levers = ("per_device_train_batch_size", "num_reviews")
    for lever, other in (levers, levers[::-1]):
        for some in _alike(able, _values_of("num_train_epochs", other)):
            yield from _followed(
                some,
                lever,
                "max_steps",
                lambda each: each.config.max_steps,  # type: ignore[attr-defined]
                held=some[0].get("num_train_epochs"),
            )


def _parameters(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """An adapter on other modules or blocks has more or fewer parameters too."""
    able = [each for each in subjects if each.num_adapter_parameters]
    for lever in ("target_modules", "layers_to_transform"):
        for some in _alike(able, partial(_method_without, {lever, "feedforward_modules"})):
            yield from _followed(
                some, lever, "num_adapter_parameters", lambda each: each.num_adapter_parameters
            )


def _tests(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """What is tested changed: another number of texts, or another length of them."""
    trained = [each for each in subjects if isinstance(each.config, RunConfig)]
    for lever in sorted(_TESTED):
        for some in _alike(trained, _values_of("dataset")):
            yield from _followed(some, lever, "tests", _values_of(lever))


def _followed(
    subjects: Sequence[Subject],
    lever: str,
    also: str,
    measure: Callable[[Subject], Any],
    **facts: Any,
) -> list[Confounding]:
    """One fact, if these differ in the lever and in what follows it."""
    steps: dict[str, Any] = {}
    for each in subjects:
        if lever in each.settings:
            steps.setdefault(written_as(each.get(lever), lever), measure(each))
    if len(set(steps.values())) < 2:
        return []
    told = {"lever": lever, "label": _label(lever, subjects), "also": also, **facts}
    words = sentences("confounded", values=list(steps), amounts=list(steps.values()), **told)
    ids = tuple(each.id for each in subjects)
    return [Confounding(fields=(lever,), also=also, run_ids=ids, words=" ".join(words))]


# -- several settings at once ----------------------------------------------------------------------


def _together(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """Who has nobody beside them that differs in a single setting; each with the nearest."""
    settings = _different(subjects)
    differing = {pair: _differing(*pair) for pair in combinations(settings, 2)}
    nearest = (
        min((pair for pair in differing if each in pair), key=lambda pair: len(differing[pair]))
        for each in settings
        if differing
    )
    for first, second in dict.fromkeys(nearest):
        names = differing[first, second]
        if len(names) < 2:
            continue
        labels = [_label(name, (first, second)) for name in names]
        words = sentences("several_settings", first=first, second=second, labels=labels)
        yield Confounding(
            fields=tuple(names), also="", run_ids=(first.id, second.id), words=" ".join(words)
        )


def _different(subjects: Sequence[Subject]) -> list[Subject]:
    """One of each that differ in nothing but chance."""
    return [some[0] for some in _alike(subjects, partial(_without, _TESTED))]


def _differing(first: Subject, second: Subject) -> list[str]:
    """The settings that were chosen differently, without those that go with another one."""
    shared = first.settings.keys() & second.settings.keys() - _TESTED
    names = [
        own.name
        for own in first.config.fields
        if own.name in shared and first.get(own.name) != second.get(own.name)
    ]
    if METHOD.name in names and all(_has_measured_rate(each) for each in (first, second)):
        names = [name for name in names if name != "learning_rate"]
    if "target_modules" in names:
        names = [name for name in names if name != "feedforward_modules"]
    one, other = first.scale, second.scale
    if one and other and one.value == other.value and one.rank.name in names:
        names = [name for name in names if name != one.alpha.name]
    return names


def _has_measured_rate(each: Subject) -> bool:
    """Whether its learning rate is near the one that goes with its method."""
    row, rate = METHODS.get(each.config.method), each.get("learning_rate")
    return row is not None and bool(rate) and 1 / OFF <= rate / row.learning_rate <= OFF


# -- what both need --------------------------------------------------------------------------------


def _alike(
    subjects: Iterable[Subject], key: Callable[[Subject], Hashable]
) -> Iterable[list[Subject]]:
    """The subjects by a key, in their order."""
    found: dict[Hashable, list[Subject]] = {}
    for each in subjects:
        found.setdefault(key(each), []).append(each)
    return found.values()


def _values_of(*names: str) -> Callable[[Subject], tuple[Any, ...]]:
    """What gives a subject's values of these settings."""
    return lambda each: tuple(map(each.get, names))


def _without(left_out: set[str], each: Subject) -> str:
    """Equal where all settings are but these."""
    return repr(sorted((n, value) for n, value in each.settings.items() if n not in left_out))


def _method_without(left_out: set[str], each: Subject) -> str:
    """Equal where the method is, and all of its own values but these."""
    values = each.config.method_values
    own = sorted((n, value) for n, value in values.items() if n not in left_out)
    return repr((each.config.method, own))


def _label(name: str, subjects: Iterable[Subject]) -> str:
    """A setting as a sentence calls it: ``Alpha`` for ``Alpha (lora_alpha)``."""
    for each in subjects:
        for known in each.config.fields:
            if known.name == name:
                return known.label.partition(" (")[0]
    return name
