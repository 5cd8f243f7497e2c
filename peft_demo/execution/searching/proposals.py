"""Proposals: what a search tries next, by Optuna's tree-structured Parzen estimator.

Optuna, because it is the field's and samples conditional spaces (a method's own fields). It keeps
nothing: its study is made of the store's runs each time, and each proposal has a seed of its own,
so that it is the same after a restart.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peft_demo.adapters.parameter_count import count_parameters
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Integer, Number
from peft_demo.methods import METHODS
from peft_demo.runs import LEARNING_RATE, METHOD, Run, RunConfig, RunStatus
from peft_demo.runs.search import Search, recommended, settings_key
from peft_demo.runs.space import DECADE, methods, options, searchable
from peft_demo.runs.sweeps import combined

if TYPE_CHECKING:
    import optuna

AT_RANDOM = 8
"""Trials before the estimator has something to go by."""

TRIES = 40
"""Drawn for one trial, until one is new, allowed and small enough."""

BY_ESTIMATOR = 8
"""Of these the first; then at random, because it comes back to what it knows to be good."""


def num_parameters(config: RunConfig) -> int:
    """What a configuration trains in its adapter."""
    counts = count_parameters(config.method, config.method_values, config.setting)
    return counts.num_adapter_parameters


def propose(search: Search, trials: Sequence[Run], count: int) -> list[RunConfig]:
    """At most so many new configurations; fewer where the space has no more.

    The first of all is the recommended one.

    Args:
        search: what it looks through.
        trials: its runs until now, in their order.
        count: how many to propose.
    """
    known = {settings_key(run.config.flat()) for run in trials}
    space = _Space(search)
    history = [(run.config.for_training(), run) for run in trials]
    found: list[RunConfig] = []
    if not trials:
        first = recommended(search.base)
        if space.allows(first):
            found.append(first)
            known.add(settings_key(first.flat()))
    while len(found) < count:
        drawn = space.draw([*history, *((config, None) for config in found)], known)
        if drawn is None:
            break
        found.append(drawn)
        known.add(settings_key(drawn.flat()))
    return found


@dataclass(frozen=True)
class _Axis:
    """A field of a method, as Optuna knows it."""

    name: str
    key: str
    """The same for fields of several methods that have the same values."""
    values: tuple[Any, ...]
    """Those that it may have; none of a learning rate, which is any factor of the measured one."""
    is_ordered: bool

    def distribution(self) -> optuna.distributions.BaseDistribution:
        """What Optuna draws from: a factor, a place in order, or one of some."""
        from optuna import distributions

        if not self.values:
            return distributions.FloatDistribution(1 / DECADE, DECADE, log=True)
        if self.is_ordered:
            return distributions.IntDistribution(0, len(self.values) - 1)
        return distributions.CategoricalDistribution(range(len(self.values)))

    def value(self, drawn: float, method_id: str) -> Any:
        """The field's value for what was drawn."""
        if self.values:
            return self.values[int(drawn)]
        rate = METHODS[method_id].learning_rate * drawn
        return float(f"{min(max(rate, LEARNING_RATE.minimum), LEARNING_RATE.maximum):.2g}")

    def drawn(self, config: RunConfig) -> float | None:
        """What must have been drawn for a configuration's value; None if it is none of these."""
        value = config.flat()[self.name]
        if not self.values:
            factor = config.learning_rate / METHODS[config.method].learning_rate
            return min(max(factor, 1 / DECADE), DECADE)
        plain = tuple(value) if isinstance(value, list) else value
        return self.values.index(plain) if plain in self.values else None


class _Space:
    def __init__(self, search: Search) -> None:
        self._search = search
        self._base = search.base
        self._methods = methods(search.over, search.among, self._base)

    def allows(self, config: RunConfig) -> bool:
        """Whether it is small enough."""
        most = self._search.most_parameters
        return most is None or num_parameters(config) <= most

    def draw(
        self, history: Sequence[tuple[RunConfig, Run | None]], known: set[str]
    ) -> RunConfig | None:
        """One more configuration that is not known; None if none was found."""
        for attempt in range(TRIES):
            with _quiet():
                seed = self._base.seed + 1_000 * len(history) + attempt
                study = self._study(history, seed, is_random=attempt >= BY_ESTIMATOR)
                config = self._config(study.ask())
            if config and settings_key(config.flat()) not in known and self.allows(config):
                return config
        return None

    def _study(
        self, history: Sequence[tuple[RunConfig, Run | None]], seed: int, *, is_random: bool
    ) -> optuna.Study:
        import optuna

        sampler = optuna.samplers.TPESampler(
            n_startup_trials=len(history) + 1 if is_random else AT_RANDOM,
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=seed % 2**32,
        )
        study = optuna.create_study(sampler=sampler)
        study.add_trials([self._known(config, run) for config, run in history])
        return study

    def _known(self, config: RunConfig, run: Run | None) -> optuna.trial.FrozenTrial:
        """A trial as Optuna keeps it: one that is out is pruned, one that goes on has no value."""
        from optuna.trial import TrialState, create_trial

        axes = {axis.key: (axis, axis.drawn(config)) for axis in self._axes(config.method)}
        found = {key: (axis, drawn) for key, (axis, drawn) in axes.items() if drawn is not None}
        losses = {epoch.epoch: epoch.eval_loss for epoch in run.epochs} if run else {}
        state, value = TrialState.RUNNING, None
        if run and (run.status is RunStatus.FAILED or (run.status.is_over and not losses)):
            state = TrialState.FAIL
        elif run and len(losses) >= self._base.num_train_epochs:
            state, value = TrialState.COMPLETE, losses[max(losses)]
        elif run and run.status.is_over:
            state = TrialState.PRUNED
        is_told = state in (TrialState.COMPLETE, TrialState.PRUNED)
        return create_trial(
            state=state,
            value=value,
            params={key: drawn for key, (_, drawn) in found.items()},
            distributions={key: axis.distribution() for key, (axis, _) in found.items()},
            intermediate_values=losses if is_told else {},
        )

    def _config(self, trial: optuna.Trial) -> RunConfig | None:
        """What a trial draws; None where its values do not go together."""
        chosen: dict[str, Any] = {}
        method_id = self._base.method
        for axis in self._method_axis():
            method_id = chosen[axis.name] = axis.value(_suggest(trial, axis), "")
        for axis in self._axes(method_id):
            if axis.name != METHOD.name:
                chosen[axis.name] = axis.value(_suggest(trial, axis), method_id)
        try:
            return combined(self._base.flat(), chosen)
        except InvalidFieldsError:
            return None

    def _method_axis(self) -> Iterator[_Axis]:
        if METHOD.name in self._search.over:
            yield _Axis(METHOD.name, METHOD.name, self._methods, is_ordered=False)

    def _axes(self, method_id: str) -> Iterator[_Axis]:
        """All fields that are searched of a method; the method first."""
        yield from self._method_axis()
        for field in searchable(method_id, self._base):
            if field.name not in self._search.over or field.name == METHOD.name:
                continue
            values: tuple[Any, ...] = ()
            if listed := self._search.among.get(field.name):
                values = tuple(tuple(one) if isinstance(one, list) else one for one in listed)
            elif field.name != LEARNING_RATE.name:
                values = options(field, self._base)
            key = f"{field.name} {values}" if values else field.name
            yield _Axis(field.name, key, values, isinstance(field, Integer | Number))


def _suggest(trial: optuna.Trial, axis: _Axis) -> Any:
    from optuna import distributions

    found = axis.distribution()
    if isinstance(found, distributions.FloatDistribution):
        return trial.suggest_float(axis.key, found.low, found.high, log=True)
    if isinstance(found, distributions.IntDistribution):
        return trial.suggest_int(axis.key, found.low, found.high)
    return trial.suggest_categorical(axis.key, tuple(range(len(axis.values))))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's words on each study, and on its sampler being young."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
