"""Finished runs on what a model of reviews should understand: capabilities and edited pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from peft_demo import capabilities, models, statistics
from peft_demo.capabilities import LABELS, Answers, Pairs
from peft_demo.data import HUB_IMDB, LabelledTexts
from peft_demo.errors import ConflictError
from peft_demo.fields import shown
from peft_demo.inference.predictor import Predictor
from peft_demo.runs import Evaluation, Run, RunKind
from peft_demo.statistics import Predictions
from peft_demo.storage import Store

BATCH = 64
"""Texts at a time: they are sentences, of which so many hold as many tokens as 16 reviews. It takes
half the time of 16."""


def challenged(
    store: Store, predictor: Predictor, run_id: str, pairs: Pairs | None = None
) -> Answers:
    """What a run says of every text of the capabilities, and of pairs, the built-in ones if none.

    What it says of the built-in texts is computed once and kept.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: it is not finished, or does not tell negative and positive apart.
        AssetError: the adapter or the built-in reviews cannot be loaded.
    """
    (run,) = predictor.finished([run_id])
    positive = _built_in(store, predictor, run)
    if pairs is not None:
        positive |= _ask(predictor, run, pairs.texts)
    hidden = _num_hidden(run, pairs or capabilities.built_in())
    return Answers(run_id, positive, hidden, _may_know(run))


def _may_know(run: Run) -> str:
    """A sentence if a run may have learned from reviews whose first sentences are asked here.

    They are of the built-in reviews' test pool, and so of the data set that these are a part of.
    """
    if run.kind is RunKind.IMPORTED:
        return (
            "It was trained elsewhere, perhaps on some of the reviews that changed reviews and the "
            "originals of edited pairs are taken from."
        )
    if run.config.dataset != HUB_IMDB:
        return ""
    return (
        f"It learned from {HUB_IMDB}, which holds the reviews that changed reviews and the "
        "originals of edited pairs are taken from: some may be among its training texts."
    )


def _built_in(store: Store, predictor: Predictor, run: Run) -> dict[str, float]:
    """Recorded as evaluations too where texts have labels, if the run is no reference."""
    rows, pairs = capabilities.every(), capabilities.built_in()
    texts = capabilities.all_texts(rows, pairs)
    said = store.challenge_predictions(run.run_id, texts.fingerprint)
    if said is None:
        positive = _ask(predictor, run, texts.texts)
        said = _predictions(positive, texts)
        store.keep_challenge(run.run_id, texts.fingerprint, said)
        if not run.is_reference:
            for name, labelled in capabilities.evaluation_sets(rows, pairs).items():
                _record(store, run.run_id, name, labelled, positive)
    return dict(zip(texts.texts, said.probabilities[:, 1].tolist(), strict=True))


def _ask(predictor: Predictor, run: Run, texts: Sequence[str]) -> dict[str, float]:
    names = [name.casefold() for name in run.config.labels]
    if sorted(names) != sorted(LABELS):
        raise ConflictError(
            f"{run.run_id} must tell {' and '.join(LABELS)} apart to be challenged, got the labels "
            f"{shown(list(run.config.labels))}."
        )
    unique = list(dict.fromkeys(texts))
    shares = predictor.shares(run.run_id, unique, BATCH)[:, names.index(LABELS[1])]
    # As they are kept, so that they are the same the first time.
    return dict(zip(unique, shares.astype(np.float32).tolist(), strict=True))


def _num_hidden(run: Run, pairs: Pairs) -> int:
    """Of how many pairs a run reads no difference: up to max_length both are the same tokens."""
    base = models.load(run.config.base_model)
    read = base.encode(list(pairs.texts), run.config.max_length)["input_ids"]
    return sum(one == other for one, other in zip(read[::2], read[1::2], strict=True))


def _predictions(positive: Mapping[str, float], texts: LabelledTexts) -> Predictions:
    shares = np.array([positive[text] for text in texts.texts], dtype=np.float32)
    return Predictions(
        np.stack([1 - shares, shares], axis=1), np.asarray(texts.labels, dtype=np.int8)
    )


def _record(
    store: Store, run_id: str, name: str, texts: LabelledTexts, positive: Mapping[str, float]
) -> None:
    said = _predictions(positive, texts)
    said.save(store.folder_of(run_id), name)
    store.add_evaluation(
        run_id,
        Evaluation(
            evaluation_set=name,
            fingerprint=texts.fingerprint,
            num_texts=len(texts),
            accuracy=said.accuracy.value,
            low=said.accuracy.low,
            high=said.accuracy.high,
            loss=statistics.log_loss(said.probabilities, said.labels),
        ),
    )
