"""Two finished runs mixed along the straight line between their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from peft_demo import adapters, data, models, statistics
from peft_demo.adapters.mixing import Line
from peft_demo.errors import refuse
from peft_demo.fields import must_be
from peft_demo.inference.predictor import Predictor
from peft_demo.inference.shared import Shared
from peft_demo.methods import METHODS
from peft_demo.runs import Run, tested_texts
from peft_demo.runs.mix import LINE, Mix, MixPoint
from peft_demo.statistics import Predictions
from peft_demo.storage import Store

CHANGE_THE_BASE = frozenset({"full_ft", "ln_tuning"})
"""Methods that have nothing to merge because they change the base's own weights."""


class Mixes:
    """Mixes the runs of a store."""

    def __init__(self, store: Store, predictor: Predictor) -> None:
        """``predictor`` says which runs have an adapter."""
        self._store, self._predictor = store, predictor
        self._going = Shared[Mix]()

    def between(
        self,
        run_ids: Sequence[str],
        tell: Callable[[int, int], object] = lambda done, most: None,
    ) -> Mix:
        """The accuracy between two runs on the first one's test texts, computed once and kept.

        ``tell`` gets how many mixes are done, and how many there are.

        Raises:
            InvalidFieldsError: they are not two runs of one base and the same labels whose methods
                can be merged.
            NotFoundError: there is no such run.
            ConflictError: a run is not finished, or left no adapter.
            AssetError: an adapter's files are missing or damaged.
        """
        first, second = self._pair(run_ids)
        revision = models.load(first.config.base_model).revision
        key = f"{revision} {second.created_at.isoformat()}"
        return self._going.get(
            (first.run_id, second.run_id),
            lambda: self._store.derived(
                first, f"mix-{second.run_id}", Mix, key, lambda: self._mix(first, second, tell)
            ),
        )

    def _pair(self, run_ids: Sequence[str]) -> tuple[Run, Run]:
        runs = self._predictor.finished(run_ids)
        if len(runs) != 2:
            refuse("run_ids", must_be("run_ids", "two runs to mix", f"{len(runs)}"))
        for run in runs:
            method = METHODS[run.config.method]
            if not method.merges and method.id not in CHANGE_THE_BASE:
                refuse(
                    "run_ids",
                    f"run_ids must name runs that can be merged into their base, got "
                    f"{run.run_id}: {method.label} cannot.",
                )
        first, second = runs
        for allowed, ours, theirs in (
            ("two runs of one base", first.config.base_model, second.config.base_model),
            ("two runs with the same labels", *(", ".join(run.config.labels) for run in runs)),
        ):
            if ours != theirs:
                refuse("run_ids", must_be("run_ids", allowed, f"runs of {ours} and {theirs}"))
        return first, second

    def _mix(self, first: Run, second: Run, tell: Callable[[int, int], object]) -> Mix:
        config, base = first.config, models.load(first.config.base_model)
        texts = tested_texts(data.load(config.dataset), config)
        token_ids = base.encode(texts.texts, config.max_length)["input_ids"]
        labels = np.asarray(texts.labels, dtype=np.int8)

        def loaded(run: Run) -> object:
            folder, method = self._store.folder_of(run.run_id), METHODS[run.config.method]
            return adapters.load(folder, base, method, run.config.labels)

        line, points = Line(lambda: loaded(first), lambda: loaded(second), base), []
        for done, t in enumerate(LINE):
            tell(done, len(LINE))
            logits = adapters.logits_in_batches(
                line.at(t), base, token_ids, METHODS[config.method], adapters.EVALUATION_BATCH
            )
            shares = statistics.softmax(logits).astype(np.float32)
            of = Predictions(shares, labels).accuracy
            points.append(MixPoint(at=t, accuracy=of.value, low=of.low, high=of.high))
        return Mix(
            run_ids=(first.run_id, second.run_id), num_texts=len(labels), points=tuple(points)
        )
