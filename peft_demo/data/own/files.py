"""Own data sets on disk: a folder each, called after what it holds.

``about.json`` says what runs need to be read: name, labels, sizes. It stays when the texts are
deleted; ``texts.parquet`` and ``report.json``, which quotes some, do not.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pydantic

from peft_demo import settings
from peft_demo.data.dataset import DataSet, Labelled, LoadingCode
from peft_demo.data.origin import Origin
from peft_demo.data.own import hub_code
from peft_demo.data.own.preparing import Prepared
from peft_demo.data.own.report import Report
from peft_demo.errors import AssetError, StoreError, refuse
from peft_demo.fields import shown

_ID = re.compile(r"own-[0-9a-f]{12}")

ABOUT = "about.json"

TEXTS = "texts.parquet"

REPORT = "report.json"

SCHEMA = 1
"""Of about.json."""


def is_own(dataset: object) -> bool:
    """Whether this could be the id of somebody's own data set."""
    return isinstance(dataset, str) and _ID.fullmatch(dataset) is not None


def folder_of(dataset: str) -> Path:
    """Where its files are, if there are any.

    Raises:
        ValueError: this cannot be such an id.
    """
    if not is_own(dataset):
        raise ValueError(dataset)
    return settings.home() / "datasets" / dataset


def dataset_of(dataset: object) -> DataSet | None:
    """The row of somebody's own texts, deleted ones too; None if there never were any."""
    if not is_own(dataset):
        return None
    path = folder_of(str(dataset)) / ABOUT
    try:
        state = path.stat().st_mtime_ns
    except OSError:
        return None
    kept = _ROWS.get(path)
    if kept is None or kept[0] != state:
        # Read once: who asks for a run's labels asks for this row.
        _ROWS[path] = kept = state, _read_row(path, str(dataset))
    return kept[1]


_ROWS: dict[Path, tuple[int, DataSet | None]] = {}


def _read_row(path: Path, dataset: str) -> DataSet | None:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        origin = about.get("origin") and Origin.model_validate(about["origin"])
        code = hub_code.loading_code(origin, about) if origin and about["numbers"] else None
        return DataSet(
            id=dataset,
            label=f"{about['name']} ({'Hugging Face Hub' if origin else 'own texts'})",
            source=f"{about['source']}, {origin.address}" if origin else str(about["source"]),
            licence=(origin and origin.licence) or "not stated",
            labels=tuple(about["labels"]),
            task="text-classification",
            most_texts=about["most_texts"],
            read=partial(_read_texts, path.parent, False),
            code=code or _loading_code(dataset, about["name"]),
            test_pool=about["test_texts"],
            rows=about["rows"],
            read_test=partial(_read_texts, path.parent, True) if about["has_own_test"] else None,
            is_raw=code is not None,
            origin=origin or None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def has_texts(dataset: str) -> bool:
    """Whether its texts are there, and were not deleted."""
    return (folder_of(dataset) / TEXTS).exists()


def texts_of(dataset: str) -> Path:
    """The file with its texts."""
    return folder_of(dataset) / TEXTS


def require_texts(dataset: str) -> None:
    """Refuse to begin with own texts that were deleted.

    Raises:
        InvalidFieldsError: they were.
    """
    if is_own(dataset) and not has_texts(dataset):
        row = dataset_of(dataset)
        name = row.name if row else dataset
        refuse(
            "dataset",
            f"dataset must have its texts, and those of {name} ({dataset}) were deleted: add them "
            "again.",
        )


def report_of(dataset: str) -> Report:
    """What was told of its texts when they were added.

    Raises:
        AssetError: there never were any, they were deleted, or the file is damaged.
    """
    if not is_own(dataset):
        raise AssetError(f"dataset must be the id of somebody's own texts, got {shown(dataset)}.")
    try:
        text = (folder_of(dataset) / REPORT).read_text(encoding="utf-8")
        return Report.model_validate_json(text)
    except (OSError, pydantic.ValidationError) as error:
        raise AssetError(f"There are no texts of {shown(dataset)} any more.") from error


def keep(prepared: Prepared) -> None:
    """Write its files, each elsewhere and moved; ``about.json`` is the last.

    Raises:
        StoreError: they cannot be written.
    """
    import pandas

    report = prepared.report
    folder = folder_of(prepared.id)
    training, test = prepared.pools.training, prepared.pools.test
    table = pandas.DataFrame(
        {
            "text": [*training.texts, *test.texts],
            "label": [*training.labels, *test.labels],
            "is_test": [False] * len(training) + [True] * len(test),
        }
    )
    about: dict[str, Any] = {
        "schema": SCHEMA,
        "name": report.name,
        "labels": report.labels,
        "source": prepared.source,
        "columns": {"text": report.text_column, "label": report.label_column},
        "kind": report.kind,
        "rows": report.rows,
        "most_texts": report.most_texts,
        "test_texts": report.test_texts,
        "has_own_test": report.has_own_test or report.most_texts == 0,
        "origin": report.origin and report.origin.model_dump(mode="json"),
        "numbers": prepared.numbers,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{TEXTS}.part"
        table.to_parquet(part, index=False)
        part.replace(folder / TEXTS)
        _write(folder / REPORT, report.model_dump_json())
        _write(folder / ABOUT, json.dumps(about, ensure_ascii=False))
    except OSError as error:
        raise StoreError(
            f"PEFT_DEMO_HOME must be a folder with free space that can be written to, got "
            f"{settings.home()} ({error.strerror})."
        ) from error


def let_go(dataset: str) -> None:
    """Delete its texts; its name and labels stay for the runs that learned from it."""
    for name in (TEXTS, REPORT):
        with suppress(FileNotFoundError):
            (folder_of(dataset) / name).unlink()


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _read_texts(folder: Path, is_test: bool) -> Labelled:
    """Texts and labels: those for testing, or all others.

    Raises:
        AssetError: they were deleted, or the file is damaged.
    """
    import pandas

    try:
        table = pandas.read_parquet(folder / TEXTS)
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if about["has_own_test"]:  # else both are put together, and split anew as ever
            table = table[table["is_test"] == is_test]
        return Labelled(table["text"].tolist(), table["label"].tolist())
    except FileNotFoundError as error:
        raise AssetError(f"The texts of {folder.name} were deleted: add them again.") from error
    except (OSError, ValueError, KeyError) as error:
        raise AssetError(f"The texts of {folder.name} are damaged: add them again.") from error


def _loading_code(dataset: str, name: str) -> LoadingCode:
    """How exported code reads it."""
    return LoadingCode(
        f"Own texts, called {name} in PEFT Demo: `python -m peft_demo data show {dataset}` names "
        f"their file. Put a copy beside this code, as `{dataset}.parquet`.",
        f"""\
import pandas as pd

table = pd.read_parquet("{dataset}.parquet")""",
        ("pyarrow",),
    )
