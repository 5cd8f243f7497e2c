"""What the singular values of a matrix tell, and how two subspaces lie to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

SHARE = 0.9
"""Of a matrix's squared norm that its first directions are to hold."""


def effective_rank(singular_values: Sequence[float]) -> float:
    """The exponential of the entropy of the singular values' shares (Roy & Vetterli 2007).

    r equal ones give r, a single one gives 1, none but zeros give 0.
    """
    values = np.asarray(singular_values, dtype=np.float64)
    if not values.sum() > 0:
        return 0.0
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def directions(singular_values: Sequence[float], share: float = SHARE) -> int:
    """The fewest directions that hold a share of the squared singular values; 0 of zeros."""
    squares = np.sort(np.square(np.asarray(singular_values, dtype=np.float64)))[::-1]
    if not squares.sum() > 0:
        return 0
    held = np.cumsum(squares) / squares.sum()
    # What is missing by rounding alone is no direction more.
    return int(np.argmax(held >= share - 1e-12)) + 1


def principal_angles(
    first: npt.NDArray[Any], second: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], float]:
    """The angles between two subspaces, in degrees from the smallest, and their overlap.

    The overlap is the mean of the squared cosines: 0 of orthogonal ones, 1 where one holds the
    other. Two of dimensions m ≥ n, drawn at random in d dimensions, overlap by m/d on average.

    Args:
        first: shape (d, m); its columns span the subspace.
        second: shape (d, n) likewise.
    """
    from scipy.linalg import subspace_angles

    angles = np.sort(subspace_angles(first, second))
    return np.degrees(angles), float(np.mean(np.cos(angles) ** 2))
