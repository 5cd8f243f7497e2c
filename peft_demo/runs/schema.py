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
        "method": (Literal[method_id], method_id),
    }
    fields |= {
        field.name: (
            field.annotation,
            pydantic.Field(default=field.default, title=field.label, description=field.help),
        )
        for field in fields_of(method_id)
        if field.name != "method"
    }
    model: type[BaseModel] = pydantic.create_model(
        f"{method_id}_run", __config__=ConfigDict(extra="forbid"), **fields
    )
    return model.model_json_schema()


def describe_methods() -> list[dict[str, Any]]:
    """Every method with its fields (limits, defaults, help) and the JSON schema of its runs."""
    return [
        {
            "id": method.id,
            "label": method.label,
            "summary": method.summary,
            "year": method.year,
            "paper": method.paper,
            "paper_url": method.paper_url,
            "learning_rate": method.learning_rate,
            "baseline": method.baseline,
            "writes_to_base": method.writes_to_base,
            "merges": method.merges,
            "each_step": method.each_step is not None,
            "formula": method.formula,
            "note": method.note,
            "fields": [field.described() for field in method.fields],
            "schema": config_schema(method.id),
        }
        for method in METHODS.values()
    ]
