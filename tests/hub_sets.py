"""Tiny data sets as they lie on the Hub."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Sequence

import pyarrow
from own_texts import texts
from pyarrow import parquet

NAMES = ("World", "Sports", "Business")


def as_parquet(
    rows: Sequence[tuple[str, int]], group: int = 1_000, names: Sequence[str] = NAMES
) -> bytes:
    """Columns id, body, topic (named labels) and tags, as `datasets` writes them."""
    told = {
        "id": {"dtype": "int64", "_type": "Value"},
        "body": {"dtype": "string", "_type": "Value"},
        "topic": {"names": [*names], "_type": "ClassLabel"},
        "tags": {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "List"},
    }
    table = pyarrow.table(
        {
            "id": pyarrow.array(range(len(rows))),
            "body": pyarrow.array([text for text, _ in rows]),
            "topic": pyarrow.array([label for _, label in rows], pyarrow.int64()),
            "tags": pyarrow.array([[1]] * len(rows), pyarrow.list_(pyarrow.int64())),
        },
        metadata={"huggingface": json.dumps({"info": {"features": told}})},
    )
    parquet.write_table(table, made := io.BytesIO(), row_group_size=group)
    return made.getvalue()


def topics(part: str, each: int = 12) -> list[tuple[str, int]]:
    """Different texts, sorted by their labels as many data sets are."""
    return [
        (f"{part}: {text}", label)
        for label, name in enumerate(NAMES)
        for text in texts(each, name.lower())
    ]


def news(each: int = 12) -> dict[str, bytes]:
    """Two splits; a row has no label, one no text, and one comes twice with another label."""
    train = topics("train", each)
    odd = [(train[0][0], 2), ("of no label", -1), ("<br />", 1)]
    return {
        "README.md": b"---\nlicense: mit\n---\nNews.",
        "data/train-00000-of-00001.parquet": as_parquet([*train, *odd]),
        "data/test-00000-of-00001.parquet": as_parquet([*topics("test", 4), train[1]]),
    }


def large(count: int = 3_000) -> dict[str, bytes]:
    """A split of two files of more than a megabyte, which are sorted by label."""
    rows = [
        (f"text {n} {random.Random(n).getrandbits(2_000):x}", n * len(NAMES) // (2 * count))
        for n in range(2 * count)
    ]
    return {
        f"data/train-0000{part}-of-00002.parquet": as_parquet(rows[part * count :][:count], 500)
        for part in range(2)
    }


def reviews() -> dict[str, bytes]:
    """Both splits of a tiny IMDB, as the Hub's own is laid out."""
    files = {}
    for split in ("train", "test"):
        rows = [f"A film about the number {n} in {split}, seen twice." for n in range(300)]
        table = pyarrow.table({"text": rows, "label": [n % 2 for n in range(300)]})
        parquet.write_table(table, made := io.BytesIO())
        files[f"plain_text/{split}-00000-of-00001.parquet"] = made.getvalue()
    return files
