"""What each word of a text contributes to a label, in two ways.

*Leaving out* (erasure, Li et al. 2016) asks what the adapter would have said without the word: for
every method, and anybody can repeat it by editing. *Integrated gradients* (Sundararajan et al.
2017) add up how the answer moves while all words come in together. Attention is no explanation
(Jain & Wallace 2019) and not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from peft_demo.inference.words import Span, without

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn

    from peft_demo.models import Base

STEPS = (16, 24)
"""Of the path that integrated gradients are added up on (Gauss-Legendre): as many as the second
where with the first the gap is not small."""

SMALL_GAP = 0.1
"""In log-odds: at most 2.5 points of probability."""

STEPS_AT_ONCE = 8

Shares: TypeAlias = "Callable[[Sequence[str]], npt.NDArray[np.float64]]"
"""The probabilities of many texts, shape (texts, labels)."""


class Integrated(NamedTuple):
    """Integrated gradients of a text."""

    contributions: list[float]
    """Of each word, in log-odds of the label."""
    gap: float
    """By how much all tokens' contributions miss the difference that they should add up to."""
    steps: int


def log_odds(shares: npt.NDArray[np.float64], label: int) -> npt.NDArray[np.float64]:
    """Of a label against all others, from probabilities of shape (texts, labels)."""
    others = np.delete(shares, label, axis=1).sum(axis=1)
    tiny = np.finfo(np.float64).tiny
    return np.log(np.maximum(shares[:, label], tiny)) - np.log(np.maximum(others, tiny))


def leaving_out(text: str, parts: Sequence[Span], shares: Shares, label: int) -> list[float]:
    """By how much the log-odds of a label are higher with each part than without it."""
    # The text itself is computed beside them: alone, it would be rounded otherwise.
    found = log_odds(shares([text, *(without(text, [part]) for part in parts)]), label)
    return [float(value) for value in found[0] - found[1:]]


def integrated_gradients(
    model: nn.Module,
    base: Base,
    token_ids: Sequence[int],
    offsets: Sequence[tuple[int, int]],
    parts: Sequence[Span],
    label: int,
    *,
    steps_at_once: int = STEPS_AT_ONCE,
) -> Integrated:
    """The same by gradients of the log-odds along the way from a text of padding, in float32.

    Args:
        model: one run's, with its weights in float32.
        base: whose embeddings are the way's ends.
        token_ids: as the run reads the text, with the tokens around it.
        offsets: where in the text each token stands, as characters.
        parts: whose tokens' contributions are added up.
        label: the label's number.
        steps_at_once: 1 for a method that mixes the texts of a batch.

    Raises:
        RuntimeError: the model has no gradient at its embeddings.
    """
    import torch
    from captum.attr import LayerIntegratedGradients  # a second, for it loads matplotlib

    ids = torch.tensor([[*token_ids]])
    special = torch.tensor([end == start for start, end in offsets])
    baseline = torch.where(special, ids, base.tokenizer.pad_token_id)

    def forward(input_ids: Any) -> Any:
        mask = torch.ones_like(input_ids)
        logits = model(input_ids=input_ids, attention_mask=mask).logits.float()
        others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
        return logits[:, label] - others.logsumexp(dim=1)

    body = model.get_input_embeddings()  # type: ignore[operator]
    way = LayerIntegratedGradients(forward, body)
    for steps in STEPS:
        with torch.enable_grad():
            found, missed = way.attribute(
                ids,
                baseline,
                n_steps=steps,
                internal_batch_size=steps_at_once,
                return_convergence_delta=True,
            )
        gap = float(missed.abs().max())
        if gap <= SMALL_GAP:
            break
    by_token = found.detach().sum(dim=-1)[0].tolist()
    return Integrated(
        [
            sum(
                value
                for value, (start, end) in zip(by_token, offsets, strict=True)
                if start < part.end and end > part.start
            )
            for part in parts
        ],
        gap,
        steps,
    )
