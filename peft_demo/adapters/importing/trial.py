"""Whether an adapter loads, answers, and leaves the base as it is."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from peft_demo import formats, models
from peft_demo.adapters import building, evaluating, files
from peft_demo.adapters.importing.bases import not_at_hand
from peft_demo.adapters.importing.refusals import refusal
from peft_demo.adapters.importing.tensors import Tensors
from peft_demo.errors import cause
from peft_demo.fields import shown
from peft_demo.methods import METHODS
from peft_demo.models import BASES
from peft_demo.models.random_state import borrowed_generators
from peft_demo.runs import KnownConfig

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn

LARGEST_MODEL = 1_000_000_000
"""Bytes of memory that the adapter may need beside its base."""


_TEXT = "It begins slowly, but what an ending!"

_SAME = 1e-4
"""Largest difference of a logit that counts as the same."""

_one_trial = threading.Lock()
"""torch's checks of sparse tensors are switched on and off for the whole process."""


def try_out(folder: Path, run: KnownConfig, tensors: Tensors) -> None:
    """Load the adapter twice onto copies of the base, and refuse it if anything is amiss."""
    import torch

    row = BASES[run.base_model]
    if not row.is_at_hand():
        raise refusal(not_at_hand(row))
    base = models.load(run.base_model)
    _refuse_giant(folder, base)
    # Unchecked, torch would follow a sparse tensor's indices out of its memory.
    with _one_trial, torch.sparse.check_sparse_tensor_invariants(), borrowed_generators():
        first, second = (_answer(folder, base, run, tensors, seed) for seed in (1, 2))
    if not np.isfinite(first).all():
        raise refusal("must give finite logits, got some that are no numbers.")
    if np.abs(first - second).max() > _SAME:
        raise refusal(
            "must give the same logits whenever it is loaded, got others the second time: it draws "
            "at random, or needs a draw of its training that is not in its files."
        )


def _answer(
    folder: Path, base: models.Base, run: KnownConfig, tensors: Tensors, seed: int
) -> npt.NDArray[Any]:
    """The adapter's logits on a copy of the base that it must leave as it was."""
    import torch

    from peft_demo.libraries import peft

    torch.manual_seed(seed)
    copy = replace(base, model=base.private(run.labels))
    try:
        model = files.load(folder, copy, METHODS[run.method], run.labels, by_peft=True)
        answer = evaluating.logits(model, copy, base.encode([_TEXT], run.max_length)["input_ids"])
    except Exception as error:  # peft and torch each raise their own
        raise refusal(
            f"must load onto the base {base.id} and predict with it, got: "
            f"{cause(error.__cause__ or error)}."
        ) from error
    if isinstance(model, peft.PeftModel):
        used = peft.get_peft_model_state_dict(model, save_embedding_layers=False)
        if unused := sorted(set(tensors) - set(used)):
            raise refusal(f"must hold tensors of its own modules only, got {shown(unused[0])}.")
    if copy.checksum() != base.checksum():
        raise refusal(
            "must leave the base's own weights as they are, because all adapters share them, got "
            "one that changes them by how its training began."
        )
    return answer


def _refuse_giant(folder: Path, base: models.Base) -> None:
    """Refuse an adapter by the memory it would take, found without taking it."""
    import torch

    with torch.device("meta"), borrowed_generators():
        model = models.shape_of(base.id).network()
        try:
            model = untrained(model, folder, base.architecture)
        except Exception:
            # Some methods look at weights to begin, and meta tensors have none. What else is
            # wrong, loading says.
            return
    size = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    own = sum(tensor.nbytes for tensor in base.model.parameters())
    if size - own > LARGEST_MODEL:
        raise refusal(
            f"must need at most {LARGEST_MODEL / 1e9:g} GB of memory, got one that needs "
            f"{formats.size(size - own)}."
        )


def untrained(model: nn.Module, folder: Path, architecture: models.Architecture) -> nn.Module:
    """The model as peft would begin to train it with the adapter's configuration."""
    from peft_demo.libraries import peft

    config = peft.PeftConfig.from_pretrained(str(folder))
    config.inference_mode = False
    config.base_model_name_or_path = None  # peft warns of a model without that name
    return building.adapted(model, config, architecture)
