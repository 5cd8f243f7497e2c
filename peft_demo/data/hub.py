"""IMDB from the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peft_demo import hub, settings
from peft_demo.data.dataset import Labelled, LoadingCode
from peft_demo.errors import AssetError


def load_imdb(repository: str) -> Labelled:
    """Texts and labels of both of its splits, from the setting's folder or the Hub."""
    import datasets

    source = settings.imdb_folder() or repository
    try:
        parts = (
            _from_hub(repository) if source == repository else datasets.load_dataset(str(source))
        )
        table = datasets.concatenate_datasets([parts["train"], parts["test"]])
        return table["text"][:], table["label"][:]
    except Exception as error:  # datasets raises a dozen kinds, from HTTP to parquet
        if isinstance(source, Path):
            raise AssetError(
                "PEFT_DEMO_IMDB_FOLDER must be a folder with the data set's train and test "
                f"splits (columns text and label), got {source}."
            ) from error
        raise AssetError(
            f"{repository} could not be loaded: the Hugging Face Hub cannot be reached and the "
            "data set is not in its local cache. The built-in IMDB reviews need no network."
        ) from error


@hub.in_reach_or_offline()
def _from_hub(repository: str) -> Any:
    import datasets

    return datasets.load_dataset(repository)


def loading_code(repository: str) -> LoadingCode:
    """How exported code reads it."""
    return LoadingCode(
        "IMDB from the Hugging Face Hub or its local cache. Both of its parts are put together, "
        "because they are split anew below.",
        f"""\
from datasets import concatenate_datasets, load_dataset

parts = load_dataset("{repository}")
table = concatenate_datasets([parts["train"], parts["test"]])""",
    )
