"""Singular values and vectors of a base's matrices, which many tests need and each takes a second.

peft computes those of every layer anew whenever it builds or loads PiSSA, PSOFT or TinyLoRA.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

FEWEST = 100_000
"""Numbers of a matrix that is worth remembering."""

MOST = 150
"""Matrices: those of a base, with room for another's."""


def remembered(decompose: Callable[..., Any]) -> Callable[..., Any]:
    """``torch.linalg.svd``, but that a matrix of the same numbers is decomposed once."""
    known: dict[tuple[object, ...], Any] = {}

    def decomposed(matrix: Any, *arguments: Any, **options: Any) -> Any:
        is_counted_only = matrix.device.type == "meta"
        if is_counted_only or matrix.requires_grad or matrix.numel() < FEWEST:
            return decompose(matrix, *arguments, **options)
        numbers = hashlib.sha256(matrix.detach().contiguous().numpy().data).digest()
        key = (numbers, matrix.shape, matrix.dtype, arguments, *sorted(options.items()))
        found = known.get(key)
        if found is None:
            found = decompose(matrix, *arguments, **options)
            if len(known) < MOST:
                known[key] = found
        # Whoever gets it may write to it.
        return type(found)(part.clone() for part in found)

    return decomposed
