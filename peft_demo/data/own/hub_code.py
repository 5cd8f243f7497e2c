"""How exported code reads texts that were added from the Hub: by id and commit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from peft_demo.data.dataset import LoadingCode
from peft_demo.data.origin import Origin, Part


def loading_code(origin: Origin, about: Mapping[str, Any]) -> LoadingCode:
    """Code that leaves a ``table`` as ``own.files`` does, unchecked rows and all.

    Args:
        origin: what it reads.
        about: the data set's ``about.json``: its ``columns``, the ``numbers`` of what stands in its
            column of labels, and whether it ``has_own_test`` texts.
    """
    columns = [about["columns"]["text"], about["columns"]["label"]]
    parts = [origin.training]
    if about["has_own_test"]:
        # What is in both is to test on: of a text that comes twice the first label counts.
        parts = [*([origin.test] if origin.test else []), origin.training]
    tested = {part.split: part is not origin.training or not about["most_texts"] for part in parts}
    read = "\n".join(_read(origin, part) for part in parts)
    marked = ""
    if about["has_own_test"]:
        marked = "".join(f'{_variable(part)}["is_test"] = {tested[part.split]}\n' for part in parts)
    together = ", ".join(map(_variable, parts))
    together = f"pd.concat([{together}])" if len(parts) > 1 else together
    return LoadingCode(
        f"{origin.repository} from the Hugging Face Hub or its local cache, at the commit that was "
        "read in PEFT Demo. Rows without text or label are left out, and of a text that comes "
        "twice the first one counts.",
        f"""\
import pandas as pd
from datasets import load_dataset

COLUMNS = {_quoted(dict(zip(columns, ("text", "label"), strict=True)))}
NUMBERS = {_numbers(about["numbers"])}  # of what stands in the column of labels
{read}
{marked}table = {together}.rename(columns=COLUMNS)
table["label"] = table["label"].map(NUMBERS)
table = table.dropna()[::-1]""",
        ("datasets",),
    )


def _variable(part: Part) -> str:
    return "".join(c if c.isidentifier() else "_" for c in f"rows_of_{part.split}")


def _read(origin: Origin, part: Part) -> str:
    name = _variable(part)
    said = [
        _quoted(origin.repository),
        _quoted(origin.config),
        f"split={_quoted(part.split)}",
        f'revision="{origin.commit}"',
    ]
    if not part.rows_of_each:
        arguments = "".join(f"    {one},\n" for one in said)
        return f"""\
{name} = load_dataset(
{arguments}).select_columns([*COLUMNS]).to_pandas()"""
    arguments = "".join(f"    {one},\n" for one in [*said, "streaming=True"])
    return f"""\
# It is large: some rows of each group are read, from all over it.
stream = load_dataset(
{arguments}).shard({part.every_file}, 0, contiguous=False).reshard()
stream = stream.shard({part.every_group}, 0, contiguous=False).select_columns([*COLUMNS])
groups = [stream.shard(stream.num_shards, n) for n in range(stream.num_shards)]
{name} = pd.DataFrame([row for group in groups for row in group.take({part.rows_of_each})])"""


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _numbers(pairs: list[tuple[Any, int]]) -> str:
    """A mapping, whose keys may be numbers, and yes or no."""
    entries = (
        f"{_quoted(raw) if isinstance(raw, str) else repr(raw)}: {number}" for raw, number in pairs
    )
    return f"{{{', '.join(entries)}}}"
