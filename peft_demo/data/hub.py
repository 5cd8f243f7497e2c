"""IMDB from the Hugging Face Hub."""

from __future__ import annotations

from typing import Any

from peft_demo import hub, settings
from peft_demo.data.dataset import Labelled, LoadingCode
from peft_demo.errors import AssetError


def load_imdb(repository: str) -> Labelled:
    """Texts and labels of both of its splits, from the setting's folder or the Hub."""
    import datasets

    folder = settings.imdb_folder()
    try:
        from_folder = folder and (datasets.load_dataset(str(folder)), "")
        parts, commit = from_folder or _from_hub(repository)
        table = datasets.concatenate_datasets([parts["train"], parts["test"]])
        return Labelled(table["text"][:], table["label"][:], commit)
    except Exception as error:  # datasets raises a dozen kinds, from HTTP to parquet
        if folder:
            raise AssetError(
                "PEFT_DEMO_IMDB_FOLDER must be a folder with the data set's train and test "
                f"splits (columns text and label), got {folder}."
            ) from error
        raise AssetError(
            f"{repository} could not be loaded: the Hugging Face Hub cannot be reached and the "
            "data set is not in its local cache. The built-in IMDB reviews need no network."
        ) from error


def _from_hub(repository: str) -> tuple[Any, str]:
    """Its splits, and their commit: the newest, or the last that came where the Hub is gone."""
    import datasets

    commit = None
    with hub.in_reach_or_offline() as is_in_reach:
        if is_in_reach:
            # Before datasets would, which tells nobody how much has come.
            commit = hub.download(repository, ["*.parquet"], kind="dataset").name
        builder = datasets.load_dataset_builder(repository, revision=commit)
        builder.download_and_prepare()
        return builder.as_dataset(), commit or str(builder.hash)


def loading_code(repository: str) -> LoadingCode:
    """How exported code reads it."""

    def code(commit: str = "") -> str:
        pinned = f', revision="{commit}"' if commit else ""
        return f"""\
from datasets import concatenate_datasets, load_dataset

parts = load_dataset("{repository}"{pinned})
table = concatenate_datasets([parts["train"], parts["test"]])"""

    return LoadingCode(
        "IMDB from the Hugging Face Hub or its local cache. Both of its parts are put together, "
        "because they are split anew below.",
        code(),
        at=code,
    )
