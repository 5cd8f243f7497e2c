"""Many reviews with what adapters made of them, as a CSV file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from peft_demo.data.own import Reviews
from peft_demo.export import csv
from peft_demo.runs import Run

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def reviews_csv(
    reviews: Reviews, runs: Sequence[Run], shares: Mapping[str, npt.NDArray[np.float64]]
) -> str:
    """A row for each review: its number and text, its label, and each run's label and shares.

    Args:
        reviews: that were answered.
        runs: who answered.
        shares: by the runs' ids, of shape (reviews, labels).
    """
    columns = ["row", "text", *(["label"] if reviews.label_column else [])]
    for run in runs:
        told = f"{run.config.name} ({run.run_id})"
        columns += [told, *(f"{told}: {label} (share)" for label in run.config.labels)]
    return csv.written(columns, (_row(reviews, runs, shares, n) for n in range(len(reviews.rows))))


def _row(
    reviews: Reviews,
    runs: Sequence[Run],
    shares: Mapping[str, npt.NDArray[np.float64]],
    place: int,
) -> list[object]:
    row: list[object] = [reviews.rows[place], reviews.texts[place]]
    if reviews.label_column:
        row.append(reviews.labels[place])
    for run in runs:
        own = shares[run.run_id][place].tolist()
        row += [run.config.labels[own.index(max(own))], *(round(share, 6) for share in own)]
    return row
