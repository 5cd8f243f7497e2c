"""Comparisons in which several things changed: then a difference is not one setting's alone.

That runs were tested on other texts, or read other lengths of them, is said by ``refused`` and
``lengths``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from typing import Any

from peft_demo.comparison.describe import written_as
from peft_demo.comparison.evidence import Described
from peft_demo.comparison.facts import Confounding
from peft_demo.comparison.words import sentences
from peft_demo.languages import _
from peft_demo.methods import METHODS
from peft_demo.methods.scale import scale_of
from peft_demo.runs import METHOD, PART_SEEDS, KnownConfig, RunConfig

NEAR = 10
"""A learning rate goes with its method if it is within this factor of the one that did best."""

MOST_TOLD = 6
"""Sentences for one comparison: more would hide its verdict."""

_LEFT_OUT = {"name", "seed", *PART_SEEDS, "num_test_reviews", "max_length"}
"""What is chance, and what is said elsewhere."""

_BATCH, _TEXTS, _EPOCHS = "per_device_train_batch_size", "num_reviews", "num_train_epochs"


class Subject:
    """A configuration that is compared, or is going to be."""

    def __init__(
        self, id: str, name: str, config: KnownConfig, num_adapter_parameters: int | None = None
    ) -> None:
        values = config.flat()
        fields = [f for f in config.fields if f.name not in _LEFT_OUT]
        self.id = id
        self.name = name
        row = None if config.problem else METHODS.get(config.method)
        self.method = row
        self.settings = {f.name: values[f.name] for f in fields if values.get(f.name) is not None}
        """What decides its numbers, as far as it is known."""
        self.labels = {f.name: _(f.label).partition(" (")[0] for f in fields}
        """As a sentence calls them: ``Alpha`` for ``Alpha (lora_alpha)``."""
        self.scale = scale_of(row, config.method_values) if row else None
        self.followed = {
            "scale": self.scale and self.scale.value,
            "max_steps": config.max_steps if isinstance(config, RunConfig) else None,
            "num_adapter_parameters": num_adapter_parameters,
        }
        """What follows from settings."""
        rate = config.number("learning_rate")
        self.has_own_rate = bool(rate and row and 1 / NEAR <= rate / row.learning_rate <= NEAR)
        """Whether its learning rate is near the one that goes with its method."""

    def but(self, *names: str) -> str:
        """Equal where all other settings are."""
        return repr([pair for pair in self.settings.items() if pair[0] not in names])

    def own_but(self, *names: str) -> str:
        """Equal where the method and its own other settings are."""
        own = {f.name for f in self.method.fields} if self.method else {}
        kept = {n: v for n, v in self.settings.items() if n in own and n not in names}
        return repr((self.method and self.method.id, kept))


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
    return (*_scales(subjects), *_steps(subjects), *_sizes(subjects), *_together(subjects))[
        :MOST_TOLD
    ]


def _scales(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """The rank changed and alpha did not, so what the update is multiplied by changed as well."""
    found: dict[Hashable, list[Confounding]] = {}
    scaled = [(each, scale) for each in subjects if (scale := each.scale)]
    keys = [(each.method, scale.formula, each.settings[scale.alpha.name]) for each, scale in scaled]
    for some in _by(keys, [each for each, _scale in scaled]):
        scale = some[0].scale
        assert scale is not None
        held = some[0].settings[scale.alpha.name]
        told = _followed(some, scale.rank.name, "scale", scale=scale, held=held)
        # Of a grid of ranks and alphas, one row says it.
        found[some[0].method] = found.get(some[0].method) or told
    return [one for told in found.values() for one in told]


def _steps(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """Texts or batch size changed and epochs did not, so there were more or fewer steps."""
    for lever, other in ((_BATCH, _TEXTS), (_TEXTS, _BATCH)):
        keys = [(each.settings.get(_EPOCHS), each.settings.get(other)) for each in subjects]
        for some in _by(keys, subjects):
            yield from _followed(some, lever, "max_steps", held=some[0].settings.get(_EPOCHS))


def _sizes(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """An adapter on other modules or blocks has more or fewer parameters too."""
    for lever in ("target_modules", "layers_to_transform"):
        keys = [each.own_but(lever, "feedforward_modules") for each in subjects]
        for some in _by(keys, subjects):
            yield from _followed(some, lever, "num_adapter_parameters")


def _followed(
    subjects: Sequence[Subject], lever: str, also: Any, **facts: Any
) -> list[Confounding]:
    """One fact, if these differ in the lever and in what follows it."""
    steps: dict[str, Any] = {}
    able = [each for each in subjects if lever in each.settings and each.followed[also]]
    for each in able:
        steps.setdefault(written_as(each.settings[lever], lever), each.followed[also])
    if len(set(steps.values())) < 2:
        return []
    told = {"label": able[0].labels[lever], "also": also, **facts}
    words = sentences("confounded", values=list(steps), amounts=list(steps.values()), **told)
    return [_fact([lever], also, able, words)]


def _together(subjects: Sequence[Subject]) -> Iterable[Confounding]:
    """Who has nobody beside them that differs in a single setting; each with the nearest."""
    settings = [some[0] for some in _by([each.but() for each in subjects], subjects)]
    differing = {pair: _differing(*pair) for pair in combinations(settings, 2)}
    nearest = (
        min((pair for pair in differing if each in pair), key=lambda pair: len(differing[pair]))
        for each in settings
        if differing
    )
    for first, second in dict.fromkeys(nearest):
        names = differing[first, second]
        labels = [first.labels[name] for name in names]
        if len(names) > 1:
            words = sentences("several_settings", first=first, second=second, labels=labels)
            yield _fact(names, "", (first, second), words)


def _differing(first: Subject, second: Subject) -> list[str]:
    """The settings that were chosen differently, without those that go with another one."""
    one, other = first.settings, second.settings
    names = [name for name in one if name in other and one[name] != other[name]]
    gone = set()
    if METHOD.name in names and first.has_own_rate and second.has_own_rate:
        gone.add("learning_rate")
    if "target_modules" in names:
        gone.add("feedforward_modules")
    scale = first.scale
    if scale and scale.rank.name in names and scale.value == second.followed["scale"]:
        gone.add(scale.alpha.name)
    return [name for name in names if name not in gone]


def _fact(
    names: Sequence[str], also: Any, subjects: Sequence[Subject], words: list[str]
) -> Confounding:
    ids = tuple(each.id for each in subjects)
    return Confounding(fields=tuple(names), also=also, run_ids=ids, words=" ".join(words))


def _by(keys: Iterable[Hashable], subjects: Iterable[Subject]) -> Iterable[list[Subject]]:
    """The subjects by their keys, in their order."""
    found: dict[Hashable, list[Subject]] = {}
    for key, each in zip(keys, subjects, strict=True):
        found.setdefault(key, []).append(each)
    return found.values()
