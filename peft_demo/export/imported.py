"""An imported adapter as code: loaded and tested on plain transformers and peft, not trained."""

from __future__ import annotations

from typing import Any

from peft_demo.data import DATASETS
from peft_demo.errors import refuse
from peft_demo.export.peft_call import peft_call_of
from peft_demo.export.rendering import render
from peft_demo.methods import METHODS
from peft_demo.models import BASES, hardware
from peft_demo.runs import ImportedConfig, MixedConfig

KINDS = {"script": "test.py", "notebook": "test.ipynb"}
"""What can be exported, and the name of its file."""


def script(config: ImportedConfig, **facts: Any) -> str:
    """The import's test as a Python script in the percent format, its imports where they are used.

    Prints the test accuracy with its interval, and at last the numbers as one line of JSON.

    Args:
        config: what is known of the adapter.
        facts: what every exported script is filled with.

    Raises:
        InvalidFieldsError: the version that imported it did not keep its configuration.
    """
    if not config.peft_config:
        refuse(
            "config",
            "config must hold the adapter's own peft configuration to be exported, and the version "
            f"that imported {config.name} did not keep it: import it again.",
        )
    dataset = DATASETS[config.dataset]
    return render(
        "imported.py",
        config=config,
        summary=summary(config),
        file=KINDS["script"],
        method=METHODS[config.method],
        base=BASES[config.base_model],
        dataset=dataset,
        peft_config=peft_call_of(config.peft_config, config.method_values),
        pool_size=dataset.test_pool // len(config.labels),
        device=hardware.device(),
        precision=hardware.prediction_precision(),
        **facts,
    )


def summary(config: ImportedConfig) -> str:
    """What the code does, for its first lines."""
    base = BASES[config.base_model].label.partition(" (")[0]
    came = "trained elsewhere: how is not known"
    if isinstance(config, MixedConfig):
        came = f"mixed by {config.combination} of {', '.join(config.parents)}"
    return (
        f"{METHODS[config.method].label} on the base model {base}, {came}, so nothing is trained "
        f"here. Its adapter is loaded and tested on "
        f"{DATASETS[config.dataset].name}, as PEFT Demo tested it, to the same accuracy but for "
        "rounding, which may turn a text whose labels are about equally likely."
    )
