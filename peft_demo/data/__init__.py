"""Labelled texts: which there are, how they load, and how they are split."""

from peft_demo.data.loading import load
from peft_demo.data.registry import DATASETS, HUB_IMDB, IMDB, LABELS, MOST_REVIEWS, ROTTEN_TOMATOES
from peft_demo.data.split import TEST_POOL, Pools, Reviews, split
from peft_demo.data.text import LONGEST_REVIEW, check_review, clean

__all__ = [
    "DATASETS",
    "HUB_IMDB",
    "IMDB",
    "LABELS",
    "LONGEST_REVIEW",
    "MOST_REVIEWS",
    "ROTTEN_TOMATOES",
    "TEST_POOL",
    "Pools",
    "Reviews",
    "check_review",
    "clean",
    "load",
    "split",
]
