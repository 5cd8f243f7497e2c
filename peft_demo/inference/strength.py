"""Finished runs whose update counts more or less than as it was trained."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from peft_demo import adapters, data, models, statistics
from peft_demo.adapters.strength import Dial
from peft_demo.errors import refuse
from peft_demo.inference.predictor import Predictor
from peft_demo.inference.shared import Shared
from peft_demo.methods import METHODS
from peft_demo.runs import Run, tested_texts
from peft_demo.runs.strength import CURVE, STRENGTH, AtStrength, StrengthCurve, StrengthPoint
from peft_demo.statistics import Predictions
from peft_demo.storage import Store

if TYPE_CHECKING:
    import numpy.typing as npt

KEPT = 4
"""Dials kept in memory; each has its own copy of the weights that it changes."""


class _Held(NamedTuple):
    dial: Dial
    lock: threading.Lock


class Strengths:
    """Turns the updates of a store's runs up and down."""

    def __init__(self, store: Store, predictor: Predictor) -> None:
        """``predictor`` says which runs have an adapter."""
        self._store, self._predictor = store, predictor
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._going = Shared[StrengthCurve]()

    def predict(self, text: object, run_ids: Sequence[str], strength: object) -> list[AtStrength]:
        """What each run says of a text at a strength.

        Raises:
            InvalidFieldsError: the text or the strength is not allowed, or a run's update cannot
                be scaled.
            NotFoundError: there is no such run.
            ConflictError: a run is not finished, or left no adapter.
            AssetError: an adapter's files are missing or damaged.
        """
        cleaned, times = data.check_text(text), float(str(STRENGTH.check(strength)))
        found = []
        for run in self._predictor.finished(run_ids):
            (shares,) = self._shares(run, [cleaned], times)
            labels = run.config.labels
            found.append(
                AtStrength(
                    run_id=run.run_id,
                    strength=times,
                    label=labels[int(shares.argmax())],
                    probabilities=dict(zip(labels, shares.tolist(), strict=True)),
                )
            )
        return found

    def curve(
        self, run_id: str, tell: Callable[[int, int], object] = lambda done, most: None
    ) -> StrengthCurve:
        """A run's accuracy on its test texts over the strengths of CURVE, computed once and kept.

        Who asks while it is computed for another waits for that. ``tell`` gets how many strengths
        are done, and how many there are. Raises as ``predict``.
        """
        (run,) = self._predictor.finished([run_id])
        revision = models.load(run.config.base_model).revision
        return self._going.get(
            run_id,
            lambda: self._store.derived(
                run, "strength", StrengthCurve, revision, lambda: self._curve(run, tell)
            ),
        )

    def _curve(self, run: Run, tell: Callable[[int, int], object]) -> StrengthCurve:
        texts = tested_texts(data.load(run.config.dataset), run.config)
        labels, points = np.asarray(texts.labels, dtype=np.int8), []
        for done, strength in enumerate(CURVE):
            tell(done, len(CURVE))
            shares = self._shares(run, texts.texts, strength).astype(np.float32)
            of = Predictions(shares, labels).accuracy
            points.append(
                StrengthPoint(strength=strength, accuracy=of.value, low=of.low, high=of.high)
            )
        return StrengthCurve(run_id=run.run_id, num_texts=len(labels), points=tuple(points))

    def _shares(self, run: Run, texts: Sequence[str], strength: float) -> npt.NDArray[np.float64]:
        base, method = models.load(run.config.base_model), METHODS[run.config.method]
        token_ids = base.encode(texts, run.config.max_length)["input_ids"]
        held = self._dial(run, base)
        with held.lock:
            model = held.dial.turn(strength)
            return statistics.softmax(
                adapters.logits_in_batches(
                    model, base, token_ids, method, adapters.EVALUATION_BATCH
                )
            )

    def _dial(self, run: Run, base: models.Base) -> _Held:
        folder, config = self._store.folder_of(run.run_id), run.config
        method = METHODS[config.method]
        with self._lock:
            if run.run_id not in self._held:
                try:
                    dial = Dial(lambda: adapters.load(folder, base, method, config.labels), base)
                except NotImplementedError:
                    refuse(
                        "run_ids",
                        f"run_ids must name runs whose update can be scaled, got {run.run_id}: "
                        f"{method.label} changes no weight of its base.",
                    )
                self._held[run.run_id] = _Held(dial, threading.Lock())
                while len(self._held) > KEPT:
                    self._held.popitem(last=False)
            self._held.move_to_end(run.run_id)
            return self._held[run.run_id]
