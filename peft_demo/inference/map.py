"""Maps of test texts by their features before and after a training, computed once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from peft_demo import adapters, data, models
from peft_demo.adapters.features import features
from peft_demo.errors import refuse
from peft_demo.fields import must_be
from peft_demo.inference.inside import MOST_RUNS
from peft_demo.inference.predictor import Predictor
from peft_demo.inference.shared import Shared
from peft_demo.methods import METHODS
from peft_demo.runs import Run, RunKind, tested_texts
from peft_demo.runs.map import MOST_TEXTS, FeatureMap, Place
from peft_demo.statistics.plane import principal_plane
from peft_demo.storage import Store

if TYPE_CHECKING:
    import numpy.typing as npt


class Maps:
    """Draws the maps of a store's runs."""

    def __init__(self, store: Store, predictor: Predictor) -> None:
        """``predictor`` says which runs have an adapter."""
        self._store, self._predictor = store, predictor
        self._going = Shared[FeatureMap]()

    def of(self, run_id: str) -> FeatureMap:
        """A run's map.

        Raises:
            InvalidFieldsError: it was trained elsewhere, so that its start is not known.
            NotFoundError: there is no such run.
            ConflictError: it is not finished, or left no adapter.
            AssetError: the adapter's files are missing or damaged, or its texts are gone.
        """
        (run,) = self._predictor.finished([run_id])
        if run.kind is not RunKind.TRAINING:
            refuse(
                "run_ids",
                f"run_ids must name runs that were trained here, got {run_id}: what it was before "
                "its training is not known.",
            )
        revision = models.load(run.config.base_model).revision
        return self._going.get(
            run_id,
            lambda: self._store.derived(run, "map", FeatureMap, revision, lambda: self._map(run)),
        )

    def asked(self, run_ids: Sequence[str]) -> list[FeatureMap]:
        """Those of 1 to MOST_RUNS runs; raises as ``of``, and of other numbers."""
        runs = self._predictor.finished(run_ids)
        if len(runs) > MOST_RUNS:
            allowed = f"1 to {MOST_RUNS} finished runs"
            refuse("run_ids", must_be("run_ids", allowed, f"{len(runs):,}"))
        return [self.of(run.run_id) for run in runs]

    def _map(self, run: Run) -> FeatureMap:
        config, base = run.config, models.load(run.config.base_model)
        method, folder = METHODS[config.method], self._store.folder_of(run.run_id)
        texts = tested_texts(data.load(config.dataset), config)
        texts = texts.take(range(min(MOST_TEXTS, len(texts))))
        token_ids = base.encode(texts.texts, config.max_length)["input_ids"]

        def seen(model: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
            return features(model, base, token_ids, method)

        # Models of its own: what others ask of the kept ones meanwhile would be among the features.
        before, __ = seen(adapters.untrained(base, config.for_training()))
        after, logits = seen(adapters.load(folder, base, method, config.labels))
        places, explained = principal_plane(np.concatenate([before, after]))
        each = zip(texts.labels, logits.argmax(axis=1), *np.split(places, 2), strict=True)
        return FeatureMap(
            run_id=run.run_id,
            explained=explained,
            texts=tuple(
                Place(
                    index=index,
                    label=config.labels[label],
                    said=config.labels[said],
                    before=tuple(start.tolist()),
                    after=tuple(end.tolist()),
                )
                for index, (label, said, start, end) in enumerate(each)
            ),
        )
