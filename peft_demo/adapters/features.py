"""What the body of a model makes of each text: the features that its head reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from peft_demo import models
from peft_demo.adapters.evaluating import EVALUATION_BATCH, logits_in_batches, reading_order
from peft_demo.methods import Method

if TYPE_CHECKING:
    import numpy.typing as npt


def features(
    model: Any, base: models.Base, token_ids: Sequence[list[int]], method: Method
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Features of the first token after the last block, and the logits, both in float32.

    Of shapes (texts, width) and (texts, labels). Where a family's head reads the mean of all
    tokens, it is that mean. Nobody else may use the model meanwhile.
    """
    from peft_demo.libraries import peft

    network = model.get_base_model() if isinstance(model, peft.PeftModel) else model
    found: list[npt.NDArray[Any]] = []

    def keep(module: Any, args: Any, given: dict[str, Any], output: Any) -> None:
        hidden = output[0]
        if base.architecture.pooling == "first":
            read = hidden[:, 0]
        else:
            mask = given["attention_mask"][:, :, None].to(hidden.dtype)
            read = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        found.append(read.float().numpy())

    body = network.get_submodule(base.architecture.body)
    hook = body.register_forward_hook(keep, with_kwargs=True)
    batch = 1 if method.reads_whole_batch else EVALUATION_BATCH
    try:
        logits = logits_in_batches(model, base, token_ids, method, batch)
    finally:
        hook.remove()
    order = reading_order(token_ids, method)
    return np.concatenate(found)[np.argsort(order)], logits
