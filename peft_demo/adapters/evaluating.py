"""Logits of many texts from one model, and what they make of its test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from peft_demo import data, models, statistics
from peft_demo.adapters import files
from peft_demo.methods import Method
from peft_demo.models import hardware

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn


def logits(model: nn.Module, base: models.Base, token_ids: list[list[int]]) -> npt.NDArray[Any]:
    """Logits in float32, shape (texts, labels), of one batch padded to its longest text."""
    import torch

    longest = max(map(len, token_ids))
    ids = torch.full((len(token_ids), longest), base.tokenizer.pad_token_id)
    for row, tokens in zip(ids, token_ids, strict=True):
        row[: len(tokens)] = torch.tensor(tokens)
    lengths = torch.tensor([len(tokens) for tokens in token_ids])
    mask = torch.arange(longest) < lengths[:, None]
    # No inference mode: what frozen blocks remember of these texts may be trained on later.
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=mask).logits.float().numpy()


def reading_order(token_ids: Sequence[list[int]], method: Method) -> npt.NDArray[np.intp]:
    """The order to evaluate texts in, by their places: by length, which saves padding.

    As they come for a method to which it matters which texts meet in a batch.
    """
    if method.reads_whole_batch:
        return np.arange(len(token_ids))
    return np.argsort([len(ids) for ids in token_ids], kind="stable")


def logits_in_batches(
    model: nn.Module,
    base: models.Base,
    token_ids: Sequence[list[int]],
    method: Method,
    batch: int,
    after_batch: Callable[[int], object] = lambda step: None,
    turn: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> npt.NDArray[Any]:
    """Logits in float32, shape (texts, labels), computed ``hardware.predicting``.

    ``batch`` texts at a time, in ``reading_order``, each within a ``turn``; ``after_batch`` gets
    their numbers, from 1.
    """
    order = reading_order(token_ids, method)
    found = []
    for step, start in enumerate(range(0, len(order), batch), start=1):
        rows = order[start : start + batch]
        with turn(), hardware.predicting():
            found.append(logits(model, base, [token_ids[row] for row in rows]))
        after_batch(step)
    return np.concatenate(found)[np.argsort(order)]


EVALUATION_BATCH = 16
"""Texts a batch when nothing is trained. Larger ones are slower on a CPU: their activations no
longer fit its caches, and each comes in fresh memory (``python -m benchmarks.forward``)."""


def tested(
    logits: npt.NDArray[Any], texts: data.LabelledTexts, base: models.Base, weights: Path
) -> dict[str, Any]:
    """What a RunResult says of a model's test and of its file, beside which predictions are saved.

    Args:
        logits: shape (texts, labels).
        texts: what it was tested on.
        base: the network below it.
        weights: its saved weights.
    """
    probabilities = statistics.softmax(logits)
    labels = np.asarray(texts.labels, dtype=np.int8)
    predictions = statistics.Predictions(probabilities.astype(np.float32), labels)
    predictions.save(weights.parent)
    accuracy = predictions.accuracy
    return {
        "num_base_parameters": base.num_parameters(),
        "base_revision": base.revision or None,
        "file_bytes": weights.stat().st_size,
        "saved_as": files.number_type(weights),
        "test_accuracy": accuracy.value,
        "test_interval": (accuracy.low, accuracy.high),
        "test_loss": statistics.log_loss(probabilities, labels),
        "num_test_reviews": len(labels),
        "test_set": texts.fingerprint,
        "environment": hardware.environment(),
    }
