"""The data sets."""

from __future__ import annotations

IMDB = "imdb"

ROTTEN_TOMATOES = "rotten_tomatoes"

HUB_IMDB = "stanfordnlp/imdb"

DATASETS = {
    IMDB: "IMDB reviews (built in)",
    ROTTEN_TOMATOES: "Rotten Tomatoes sentences (built in)",
    HUB_IMDB: "stanfordnlp/imdb (Hugging Face Hub)",
}

MOST_REVIEWS = {IMDB: 19_000, ROTTEN_TOMATOES: 3_500, HUB_IMDB: 44_000}
"""How many reviews a run may draw from each data set, once the test pool is set aside."""

LABELS = ("negative", "positive")
