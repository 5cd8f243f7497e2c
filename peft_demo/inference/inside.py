"""What training changed inside finished runs, computed once and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from peft_demo import adapters, models
from peft_demo.adapters import inside
from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import must_be
from peft_demo.inference.predictor import Predictor
from peft_demo.inference.shared import Shared
from peft_demo.methods import METHODS
from peft_demo.runs import Run
from peft_demo.runs.inside import Between, Inside
from peft_demo.runs.results import Record
from peft_demo.storage import Store

R = TypeVar("R", bound=Record)

MOST_RUNS = 8
"""That are asked at once."""

RANKS = ("r", "init_r")
"""What methods call the rank that they are given."""


class Insides:
    """Looks into the adapters of a store."""

    def __init__(self, store: Store, predictor: Predictor) -> None:
        """``predictor`` says which runs have an adapter to look into."""
        self._store, self._predictor = store, predictor
        self._going = Shared[Any]()

    def of(self, run_id: str) -> Inside:
        """What a run changed.

        Raises:
            NotFoundError: there is no such run.
            ConflictError: it is not finished, or left no adapter.
            AssetError: the adapter's files are missing or damaged.
        """
        (run,) = self._predictor.finished([run_id])
        return self._once(run, "inside", Inside, "", lambda: self._inside(run))

    def between(self, first: str, second: str) -> Between:
        """How the changes of two runs lie to each other; raises as ``of`` does.

        Raises:
            InvalidFieldsError: they are not two runs of one base, or changed no module in common.
        """
        runs = self._predictor.finished([first, second])
        if len(runs) != 2:
            refuse("run_ids", must_be("run_ids", "two runs of one base", f"{first} twice"))
        one, other = runs
        bases = [run.config.base_model for run in runs]
        if bases[0] != bases[1]:
            came = " and ".join(bases)
            refuse("run_ids", must_be("run_ids", "two runs of one base", f"runs of {came}"))
        name, key = f"inside-{other.run_id}", other.created_at.isoformat()
        return self._once(one, name, Between, key, lambda: self._between(one, other))

    def asked(self, run_ids: Sequence[str]) -> list[Inside | Between]:
        """What each of some runs changed, and of two how that lies together, where it can be said.

        Raises as ``of`` does, and InvalidFieldsError where none or more than MOST_RUNS were named.
        """
        runs = self._predictor.finished(run_ids)
        if len(runs) > MOST_RUNS:
            allowed = f"1 to {MOST_RUNS} finished runs"
            refuse("run_ids", must_be("run_ids", allowed, f"{len(runs):,}"))
        found: list[Inside | Between] = [self.of(run.run_id) for run in runs]
        if len(runs) == 2:
            with suppress(InvalidFieldsError):
                found.append(self.between(*(run.run_id for run in runs)))
        return found

    def _inside(self, run: Run) -> Inside:
        base, config = models.load(run.config.base_model), run.config
        modules = inside.changes(self._model(run, base), base)
        given = (config.get(name) for name in RANKS)
        return Inside(
            run_id=run.run_id,
            rank=next((rank for rank in given if isinstance(rank, int)), None),
            modules=tuple(modules),
            moved=() if modules else tuple(inside.moved(self._model(run, base), base, config)),
        )

    def _between(self, one: Run, other: Run) -> Between:
        base = models.load(one.config.base_model)
        held = [
            {change.name: change.directions for change in self.of(run.run_id).modules}
            for run in (one, other)
        ]
        dimensions = {
            name: (count, held[1][name])
            for name, count in held[0].items()
            if count and held[1].get(name)
        }
        if not dimensions:
            refuse(
                "run_ids",
                f"run_ids must name two runs that changed the weights of a same layer, got "
                f"{one.run_id} and {other.run_id}.",
            )
        found = inside.angles(self._model(one, base), self._model(other, base), base, dimensions)
        return Between(run_ids=(one.run_id, other.run_id), modules=tuple(found))

    def _once(self, run: Run, name: str, kind: type[R], key: str, compute: Callable[[], R]) -> R:
        state = f"{models.load(run.config.base_model).revision} {key}"
        return self._going.get(
            (run.run_id, name), lambda: self._store.derived(run, name, kind, state, compute)
        )

    def _model(self, run: Run, base: models.Base) -> Any:
        """The run's model for one use, in float32."""
        folder, config = self._store.folder_of(run.run_id), run.config
        return adapters.load(folder, base, METHODS[config.method], config.labels)
