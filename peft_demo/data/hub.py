"""Data sets from the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

from peft_demo import settings
from peft_demo.data.registry import HUB_IMDB
from peft_demo.errors import AssetError


def load_hub_imdb() -> tuple[list[str], list[int]]:
    """Texts and labels of stanfordnlp/imdb, both of its splits."""
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
