"""Predictor: one base in memory, any number of adapters, side by side on one review."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from peft_demo import adapters, data, models, statistics
from peft_demo.errors import AssetError, ConflictError, InvalidFieldsError, refuse
from peft_demo.fields import shown
from peft_demo.inference.shared import Shared
from peft_demo.inference.together import Found, Together
from peft_demo.methods import METHODS
from peft_demo.models import hardware
from peft_demo.runs import Run, RunKind
from peft_demo.runs.results import Record
from peft_demo.runs.run_ids import each_once
from peft_demo.runs.states import short
from peft_demo.storage import Store

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn

MOST_RUNS = 100
"""Adapters that one review may go through at once."""

KEPT = 32
"""Adapters kept in memory; each has its own small weights over the shared base."""

MERGED_BYTES = 43_000_000
"""Memory for weights with adapters merged into them: of two on all layers in bfloat16."""

CLOSE = 0.1
"""Two labels whose probabilities lie no further apart are about as likely: of two labels in all,
one at 45 to 55 %."""

MOST_REVIEWS = 1_000
"""Reviews that may be predicted at once."""

SHORT = 48
"""Tokens of a review up to which it is computed in float32 on any processor.

Turning the weights into bfloat16 takes longer there than what it saves, and in float32 a review
gets the same answer whatever others go through with it (``python -m benchmarks.together``)."""

MERGED_FROM = 64
"""Reviews from which merging an adapter takes less time than it saves."""


class Prediction(Record):
    """What one adapter makes of one review."""

    run_id: str
    before_training: bool = False
    """Whether it is what the run began with that answers."""
    label: str
    probabilities: dict[str, float]
    milliseconds: float
    """Of the forward pass alone; one of several reviews is shared out among them."""
    tokens_read: int
    """Tokens of the review that fit into the run's max_length."""
    tokens_total: int
    characters_read: int
    """Where in the review the reading ended."""
    unknown_tokens: int
    """Read tokens that the base's vocabulary does not know, such as emoji."""
    doubt: str = ""
    """A sentence if the base is not as it was in the run's training."""

    @property
    def is_close(self) -> bool:
        """Whether the second label is about as likely as the first."""
        second, first = sorted(self.probabilities.values())[-2:]
        return round(first - second, 9) <= CLOSE


class _Kept(NamedTuple):
    model: nn.Module
    own_bytes: int = 0
    """Of weights that it has in place of the base's."""


class Predictor:
    """Answers for any finished runs, from any number of threads, while a training runs too."""

    def __init__(
        self,
        store: Store,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """``turn`` is held for each review or batch of reviews: callers may take turns in it.

        Whoever ``is_wanted`` is not true of when it could go with another's turn does not.
        """
        self._store, self._turn = store, turn
        self._models: OrderedDict[tuple[str, bool], _Kept] = OrderedDict()
        """By the runs' ids and whether they are as before the training."""
        self._loading = threading.Lock()
        self._passes = Shared[Prediction]()
        self.together = Together(turn, is_wanted)

    def predict(
        self, review: str, run_ids: Sequence[str], *, before_training: bool = False
    ) -> list[Prediction]:
        """One prediction for each run, in their order; or of what each began with.

        Raises:
            InvalidFieldsError: the review is empty or too long, or no runs were chosen.
            NotFoundError: there is no such run.
            ConflictError: a run is not finished.
            AssetError: an adapter's files are missing or damaged.
        """
        predictions = []
        asked = self.answer(review, run_ids, before_training=before_training)
        for answer in asked.values():
            if isinstance(answer, AssetError):
                raise answer
            predictions.append(answer)
        return predictions

    def answer(
        self, review: str, run_ids: Sequence[str], *, before_training: bool = False
    ) -> dict[str, Prediction | AssetError]:
        """The same by the runs' ids, where one that is damaged does not keep others from it.

        Who asks for what another thread computes gets its answer: a class often tries one review.
        Other reviews that wait for the same adapter go through it together; see ``SHORT``.
        """
        text = data.check_text(review)
        encoded: dict[str, Any] = {}
        answers: dict[str, Prediction | AssetError] = {}
        for run in self.finished(run_ids):
            try:
                base = models.load(run.config.base_model)
                if base.id not in encoded:
                    encoded[base.id] = base.encode([text])
                which = run, before_training
                answers[run.run_id] = self._passes.get(
                    (run.run_id, before_training, text),
                    partial(self._pass, *which, base, encoded[base.id]),
                )
            except AssetError as error:
                answers[run.run_id] = error
        return answers

    def _pass(self, run: Run, before: bool, base: models.Base, encoded: Any) -> Prediction:
        (token_ids,), (offsets,) = encoded["input_ids"], encoded["offset_mapping"]
        most = run.config.max_length or len(token_ids)
        # As the tokenizer cuts: the closing token stays.
        read = token_ids if len(token_ids) <= most else [*token_ids[: most - 1], token_ids[-1]]
        inside = read[1:-1]
        found = self._found(run, before, base, read)
        (shares,) = statistics.softmax(found.logits[None])
        return Prediction(
            run_id=run.run_id,
            before_training=before,
            label=run.config.labels[int(shares.argmax())],
            probabilities=dict(zip(run.config.labels, shares.tolist(), strict=True)),
            milliseconds=found.milliseconds,
            tokens_read=len(inside),
            tokens_total=len(token_ids) - 2,
            characters_read=offsets[len(inside)][1],
            unknown_tokens=inside.count(base.tokenizer.unk_token_id),
            doubt=changed_base(run, base),
        )

    def _found(self, run: Run, before: bool, base: models.Base, token_ids: list[int]) -> Found:
        """In float32 with others that wait, or alone in what predictions compute in."""
        kept = self._kept(run, before)
        is_short = len(token_ids) <= SHORT and not kept.own_bytes  # which are in bfloat16
        in_float32 = is_short or hardware.prediction_precision() == "float32"

        def logits(texts: list[list[int]]) -> npt.NDArray[Any]:
            with nullcontext() if in_float32 else hardware.predicting():
                return adapters.logits(kept.model, base, texts)

        if in_float32 and not METHODS[run.config.method].reads_whole_batch:
            return self.together.ask((run.run_id, before), token_ids, logits)
        return self.together.alone(token_ids, logits)

    def predict_many(
        self, texts: Sequence[str], run_ids: Sequence[str]
    ) -> dict[str, npt.NDArray[np.float64]]:
        """Probabilities of many reviews from each run, of shape (reviews, labels).

        Adapters that can be are merged first. Raises as ``predict``, and where too many reviews or
        none came.
        """
        checked = _checked(texts)
        token_ids: dict[tuple[str, int | None], list[list[int]]] = {}
        found = {}
        for run in self.finished(run_ids):
            base = models.load(run.config.base_model)
            read = (base.id, run.config.max_length)
            if read not in token_ids:
                token_ids[read] = base.encode(checked, run.config.max_length)["input_ids"]
            found[run.run_id] = self._shares(run, base, token_ids[read])
        return found

    def shares(
        self,
        run_id: str,
        texts: Sequence[str],
        batch: int = adapters.EVALUATION_BATCH,
        model: nn.Module | None = None,
    ) -> npt.NDArray[np.float64]:
        """Probabilities of any number of clean texts, of shape (texts, labels); see ``predict``.

        They are computed ``batch`` at a time, by the run's ``merged`` model if that is given.
        """
        (run,) = self.finished([run_id])
        base = models.load(run.config.base_model)
        token_ids = base.encode(texts, run.config.max_length)["input_ids"]
        return self._shares(run, base, token_ids, batch, model)

    def _shares(
        self,
        run: Run,
        base: models.Base,
        token_ids: list[list[int]],
        batch: int = adapters.EVALUATION_BATCH,
        model: nn.Module | None = None,
    ) -> npt.NDArray[np.float64]:
        method = METHODS[run.config.method]
        if model is None:
            model = self.merged(run) if len(token_ids) >= MERGED_FROM else self.model(run)
        batch = 1 if method.reads_whole_batch else batch
        return statistics.softmax(
            adapters.logits_in_batches(model, base, token_ids, method, batch, turn=self._turn)
        )

    def model(self, run: Run) -> nn.Module:
        """The run's model, loaded at first use, to compute ``hardware.predicting``.

        It is merged where the adapter's own forward pass is long and ``MERGED_BYTES`` allow it.
        """
        return self._kept(run).model

    def merged(self, run: Run, *, in_float32: bool = False) -> nn.Module:
        """The run's model without its adapter's detour, where that is possible.

        It is for one who asks much of it: it is not kept, and has copies of the weights that the
        adapter changes. In float32 it has these in that type of number.
        """
        method, base = METHODS[run.config.method], models.load(run.config.base_model)
        if not method.merges or method.is_head_only:
            return self.model(run)
        if method.merges_to_predict and not in_float32 and (kept := self._kept(run)).own_bytes:
            return kept.model
        return adapters.merge(self._saved(run, base), in_float32=in_float32)

    def forget(self, run_id: str) -> None:
        """Let go of a deleted run's model."""
        with self._loading:
            for before in (False, True):
                self._models.pop((run_id, before), None)

    def _kept(self, run: Run, before: bool = False) -> _Kept:
        key = run.run_id, before
        # One at a time: two loads at once would only slow each other down.
        with self._loading:
            if key not in self._models:
                self._models[key] = _Kept(_untrained(run)) if before else self._load(run)
                while len(self._models) > KEPT:
                    self._models.popitem(last=False)
            self._models.move_to_end(key)
            return self._models[key]

    def _load(self, run: Run) -> _Kept:
        model = self._saved(run, models.load(run.config.base_model))
        if METHODS[run.config.method].merges_to_predict:
            own_bytes = adapters.merged_bytes(model)
            if own_bytes + sum(kept.own_bytes for kept in self._models.values()) <= MERGED_BYTES:
                return _Kept(adapters.merge(model), own_bytes)
        return _Kept(model)

    def _saved(self, run: Run, base: models.Base) -> nn.Module:
        folder, config = self._store.folder_of(run.run_id), run.config
        return adapters.load(folder, base, METHODS[config.method], config.labels)

    def finished(self, run_ids: Sequence[str]) -> list[Run]:
        """The runs, each once, where all of them can predict; raises as ``predict``."""
        runs = [self._store.get(run_id) for run_id in check_run_ids(run_ids)]
        for run in runs:
            if run.problem is not None:
                raise ConflictError(f"{run.run_id} cannot predict any more: {run.problem}")
            if run.kind is RunKind.RANGE_TEST:
                raise ConflictError(
                    f"{run.run_id} is a range test, which leaves no adapter to predict."
                )
            if not run.can_predict:
                raise ConflictError(
                    f"Only a completed run can predict; {run.run_id} is {run.status}."
                )
        return runs


def _untrained(run: Run) -> nn.Module:
    if run.kind is RunKind.IMPORTED:
        raise AssetError(
            f"{run.run_id} was trained elsewhere: what it was before its training is not known."
        )
    if run.kind is RunKind.MIXED:
        raise AssetError(
            f"{run.run_id} was mixed, not trained: there is nothing that it was before."
        )
    return adapters.untrained(models.load(run.config.base_model), run.config.for_training())


def _checked(reviews: object) -> list[str]:
    """Many reviews, cleaned; the first that is not allowed is told with its number."""
    if not isinstance(reviews, Sequence) or isinstance(reviews, (str, bytes)):
        _refuse_reviews(shown(reviews))
    if not 1 <= len(reviews) <= MOST_REVIEWS:
        _refuse_reviews(f"{len(reviews):,}")
    return [data.check_text(text, f"review {number}") for number, text in enumerate(reviews, 1)]


def _refuse_reviews(came: str) -> NoReturn:
    refuse("reviews", f"reviews must be a list of 1 to {MOST_REVIEWS:,} texts, got {came}.")


def check_run_ids(run_ids: Sequence[str]) -> list[str]:
    """The runs to ask, each once.

    Raises:
        InvalidFieldsError: it is no list, or none or too many were chosen.
    """
    unique = each_once(run_ids)
    if not 1 <= len(unique) <= MOST_RUNS:
        came = f"{len(unique)}" if unique else "none"
        raise InvalidFieldsError(
            {"run_ids": f"run_ids must name 1 to {MOST_RUNS} finished runs, got {came}."}
        )
    return unique


def changed_base(run: Run, base: models.Base) -> str:
    """A sentence if a base is in another state than that in which a run was trained, or nothing."""
    then = run.result and run.result.base_revision
    if not then or not base.revision or then == base.revision:
        return ""
    return (
        f"The files of its base model {base.id} have changed since it was trained: it answers "
        f"otherwise than it was tested ({short(then)} then, {short(base.revision)} now)."
    )
