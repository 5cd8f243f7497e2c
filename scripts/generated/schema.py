"""The database's schema, from the tables that the storage room maps."""

import ast
import inspect
import textwrap
from typing import Any

from sqlalchemy import Column
from sqlalchemy.orm import Mapper

from peft_demo.storage.tables import Table


def schema() -> str:
    """A table for each of the database's, with its docstring above it."""
    mappers = sorted(Table.registry.mappers, key=lambda mapper: str(mapper.local_table))
    return "\n\n".join(_table(mapper) for mapper in mappers)


def _table(mapper: Mapper[Any]) -> str:
    mapped: Any = mapper.class_
    told = _told(mapped)
    rows = ["| column | type | what it is |", "|---|---|---|"]
    for column in mapped.__table__.columns:
        name = mapper.get_property_by_column(column).key
        rows.append(f"| `{column.name}` | {_kind(column)} | {told.get(name, '')} |")
    return "\n".join([f"### `{mapped.__tablename__}`", "", f"{inspect.getdoc(mapped)}", "", *rows])


def _kind(column: Column[Any]) -> str:
    words = [str(column.type).lower()]
    if column.primary_key:
        words.append("key")
    words += [f"of `{key.target_fullname}`" for key in column.foreign_keys]
    if column.nullable:
        words.append("or null")
    if column.index:
        words.append("indexed")
    return ", ".join(words)


def _told(mapped: Any) -> dict[str, str]:
    """What stands below each attribute in the class's source."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(mapped))).body
    assert isinstance(body, ast.ClassDef)
    told = {}
    for node, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            value = after.value if isinstance(after, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                told[node.target.id] = " ".join(value.value.split())
    return told
