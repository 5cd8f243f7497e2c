"""Many reviews through several adapters: how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from peft_demo import statistics
from peft_demo.data.own import Reviews, Source, read_reviews
from peft_demo.runs import Run
from peft_demo.runs.results import Record

if TYPE_CHECKING:
    import numpy.typing as npt

    from peft_demo.inference.predictor import Predictor

AT_ONCE = 256
"""Reviews between which one hears how far it is, and it can be left."""


class Summary(Record):
    """What one run made of the reviews of a file."""

    run_id: str
    num_texts: int
    num_labelled: int
    """Those with a label that the run tells apart."""
    accuracy: float | None
    """On these; None where there are none."""
    low: float | None
    """Of the 95 % Wilson interval of accuracy."""
    high: float | None
    said: dict[str, int]
    """How many reviews got each label."""


@dataclass
class ManyAnswers:
    """Reviews with the probabilities that runs give them, of shape (reviews, labels) by run."""

    reviews: Reviews
    runs: Sequence[Run]
    shares: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        predictor: Predictor,
        source: Source,
        run_ids: Sequence[str],
        *,
        text_column: str | None = None,
        label_column: str | None = None,
    ) -> Self:
        """The reviews of a file and the runs that are to be asked; see ``read_reviews``.

        Raises as ``Predictor.predict``, and where the file cannot be read.
        """
        runs = predictor.finished(run_ids)
        known = [*dict.fromkeys(label for run in runs for label in run.config.labels)]
        columns = {"text_column": text_column or None, "label_column": label_column or None}
        # Of runs with different labels nobody knows what a number means.
        numbered = known if all([*run.config.labels] == known for run in runs) else ()
        return cls(read_reviews(source, known, numbered=numbered, **columns), runs)

    def compute(self, predictor: Predictor) -> Iterator[float]:
        """Ask all runs; yields the share that is done, and may be left in between.

        Raises as ``Predictor.predict``.
        """
        texts, done = self.reviews.texts, 0
        whole = len(texts) * len(self.runs)
        for run in self.runs:
            parts = []
            for start in range(0, len(texts), AT_ONCE):
                part = texts[start : start + AT_ONCE]
                parts.append(predictor.shares(run.run_id, part))
                done += len(part)
                yield done / whole
            self.shares[run.run_id] = np.concatenate(parts)

    def summaries(self) -> list[Summary]:
        """What came of it, a run after another."""
        return [self._summary(run) for run in self.runs]

    def said(self, run: Run) -> list[str]:
        """The label that a run gives each review."""
        return [run.config.labels[place] for place in self.shares[run.run_id].argmax(axis=1)]

    def _summary(self, run: Run) -> Summary:
        said, labels = self.said(run), run.config.labels
        pairs = [
            (given, true)
            for given, true in zip(said, self.reviews.labels, strict=True)
            if true in labels
        ]
        right = sum(given == true for given, true in pairs)
        accuracy = statistics.wilson_interval(right, len(pairs)) if pairs else None
        return Summary(
            run_id=run.run_id,
            num_texts=len(said),
            num_labelled=len(pairs),
            accuracy=accuracy and accuracy.value,
            low=accuracy and accuracy.low,
            high=accuracy and accuracy.high,
            said={label: said.count(label) for label in labels},
        )
