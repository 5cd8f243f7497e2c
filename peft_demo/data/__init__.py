"""Labelled texts: which there are, how they load, and how they are split."""

from peft_demo.data.dataset import DataSet, LoadingCode
from peft_demo.data.loading import forget, is_loaded, load
from peft_demo.data.own import require_texts
from peft_demo.data.registry import (
    DATASETS,
    DEFAULT_DATASET,
    HUB_IMDB,
    IMDB,
    ROTTEN_TOMATOES,
    SENTIMENT,
)
from peft_demo.data.split import LabelledTexts, Pools, split
from peft_demo.data.text import LONGEST_TEXT, check_text, clean

__all__ = [
    "DATASETS",
    "DEFAULT_DATASET",
    "HUB_IMDB",
    "IMDB",
    "LONGEST_TEXT",
    "ROTTEN_TOMATOES",
    "SENTIMENT",
    "DataSet",
    "LabelledTexts",
    "LoadingCode",
    "Pools",
    "check_text",
    "clean",
    "forget",
    "is_loaded",
    "load",
    "require_texts",
    "split",
]
