"""Parquet as a table; names that the ``datasets`` library gave to numbers are kept."""

from __future__ import annotations

import io
import json
from typing import Any

from peft_demo.data.own.tables import MOST_ROWS, Table
from peft_demo.errors import cause, refuse

MARK = b"PAR1"
"""What such a file begins with."""

_MOST_BYTES = 400_000_000
"""Of values in memory: a small file may unfold to anything."""


def read(content: bytes, field: str) -> Table:
    """The columns of a file that hold texts, numbers, or yes and no.

    Raises:
        InvalidFieldsError: it is damaged, or holds too much.
    """
    import pyarrow
    from pyarrow import parquet, types

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        kept = [
            column.name
            for column in file.schema_arrow
            if types.is_string(column.type)
            or types.is_large_string(column.type)
            or types.is_dictionary(column.type)
            or types.is_primitive(column.type)
        ]
        rows: list[tuple[int, tuple[Any, ...]]] = []
        size = 0
        for batch in file.iter_batches(batch_size=10_000, columns=kept):
            size += batch.nbytes
            if size > _MOST_BYTES or len(rows) + len(batch) > MOST_ROWS:
                refuse(
                    field,
                    f"{field} must have at most {MOST_ROWS:,} rows and {_MOST_BYTES:,} bytes of "
                    "values, got more.",
                )
            columns = [batch.column(name).to_pylist() for name in kept]
            rows += enumerate(zip(*columns, strict=True), start=len(rows) + 1)
    except (pyarrow.ArrowException, OSError) as error:
        refuse(field, f"{field} must be a whole Parquet file, got a damaged one: {cause(error)}.")
    names = _label_names(file.schema_arrow.metadata or {})
    return Table(tuple(kept), rows, kind="Parquet", label_names=names)


def _label_names(metadata: dict[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """Of each column of the type ClassLabel."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {
            column: tuple(feature["names"])
            for column, feature in features.items()
            if feature.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
