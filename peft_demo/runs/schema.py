"""METHODS and their runs as plain data and JSON schema, for command line and API."""

from __future__ import annotations

from typing import Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict

from peft_demo.methods import METHODS
from peft_demo.runs.run_fields import fields_of


def config_schema(method_id: str) -> dict[str, Any]:
    """JSON schema of the flat configuration of one method's runs."""
    fields: dict[str, Any] = {
        field.name: (
            field.annotation,
            pydantic.Field(default=field.default, title=field.label, description=field.help),
        )
        for field in fields_of(method_id)
    }
    fields["method"] = (Literal[method_id], method_id)
    model: type[BaseModel] = pydantic.create_model(
        f"{method_id}_run", __config__=ConfigDict(extra="forbid"), **fields
    )
    return model.model_json_schema()


_DESCRIBED = (
    "id",
    "label",
    "summary",
    "year",
    "paper",
    "paper_url",
    "learning_rate",
    "baseline",
    "writes_to_base",
    "merges",
    "formula",
    "note",
)
"""A row's attributes that anybody may want to know."""


def describe_methods() -> list[dict[str, Any]]:
    """Every method with its fields (limits, defaults, help) and the JSON schema of its runs."""
    return [
        {
            **{name: getattr(method, name) for name in _DESCRIBED},
            "each_step": method.each_step is not None,
            "fields": [field.described() for field in method.fields],
            "schema": config_schema(method.id),
        }
        for method in METHODS.values()
    ]
