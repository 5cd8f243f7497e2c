"""The METHODS table as plain data, for command line and API."""

from __future__ import annotations

from typing import Any

from peft_demo.methods import METHODS
from peft_demo.runs import config_schema


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
            "fields": [
                {
                    "name": field.name,
                    "label": field.label,
                    "help": field.help,
                    "kind": field.kind,
                    "allowed": field.allowed,
                    "default": list(field.default)
                    if isinstance(field.default, tuple)
                    else field.default,
                    "minimum": field.minimum,
                    "maximum": field.maximum,
                    "choices": list(field.choices),
                }
                for field in method.fields
            ],
            "schema": config_schema(method.id),
        }
        for method in METHODS.values()
    ]
