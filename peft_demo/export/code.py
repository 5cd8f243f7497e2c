"""A run as code for others: a script and a notebook on plain transformers and peft.

Executed, they give the run's own numbers. So what training, models, data and adapters do stands
in ``templates/train.py.jinja`` once more, as short as a reader wants it; the tests train both ways
and compare.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from peft_demo import settings
from peft_demo.data import DATASETS
from peft_demo.errors import refuse
from peft_demo.export import imported
from peft_demo.export.peft_call import peft_call
from peft_demo.export.rendering import WIDTH, render
from peft_demo.fields import shown
from peft_demo.methods import METHODS
from peft_demo.methods.baselines import NO_MODULES
from peft_demo.models import BASES, hardware
from peft_demo.runs import PART_SEEDS, ImportedConfig, KnownConfig, Run, RunConfig

PYTHON = ">=3.11,<3.15"
"""The versions of Python that the pinned packages are built for."""

KINDS = {"script": "train.py", "notebook": "train.ipynb"}
"""What can be exported, and the name of its file."""


@dataclass(frozen=True)
class Computed:
    """How a finished run was computed; nothing of it is said where there is none."""

    forward_pass: str | None = None
    """See ``settings.forward``; None for as a run would now."""
    base_revision: str = ""
    dataset_revision: str = ""


def of_run(run: Run, kind: str) -> str:
    """A run as code, with the states of its base and texts that it was computed with.

    Raises:
        InvalidFieldsError: as ``export``.
    """
    if run.result is None:
        return export(run.config, kind)
    base, texts = run.result.base_revision or "", run.result.dataset_revision or ""
    return export(run.config, kind, Computed(run.forward_pass, base, texts))


def export(config: KnownConfig, kind: str, computed: Computed = Computed()) -> str:
    """The run as code of one of the ``KINDS``; an import is tested, not trained.

    Args:
        config: what to train, or what was imported.
        kind: ``script`` or ``notebook``.
        computed: how it was, if it is done.

    Raises:
        InvalidFieldsError: there is no such kind, or today's rules refuse the configuration.
    """
    config.require_valid()
    text = script(config, computed)
    return text if _checked(kind) == "script" else _notebook(text, _introduction(config))


def file_name(kind: str, config: KnownConfig | None = None) -> str:
    """What the code's file is called.

    Raises:
        InvalidFieldsError: there is no such kind.
    """
    kinds = imported.KINDS if isinstance(config, ImportedConfig) else KINDS
    return kinds[_checked(kind)]


def _checked(kind: str) -> str:
    if kind not in KINDS:
        refuse("kind", f"kind must be one of {', '.join(KINDS)}, got {shown(kind)}.")
    return kind


def script(config: KnownConfig, computed: Computed = Computed()) -> str:
    """The run as a Python script in the percent format, with its packages as PEP 723 has them.

    Prints the epochs' table, the test accuracy with its interval, and at last the numbers as one
    line of JSON; saves the adapter in a folder named after the run.
    """
    common = {
        "python": PYTHON,
        "packages": _packages(config),
        "folder": folder_name(config),
        "labels": _labels(config.labels),
        "base_code": BASES[config.base_model].code.pinned(computed.base_revision),
        "dataset_code": DATASETS[config.dataset].code.pinned(computed.dataset_revision),
    }
    if isinstance(config, ImportedConfig):
        return _imports_first(imported.script(config, **common))
    facts = _facts(config.for_training(), computed.forward_pass or settings.forward())
    return _imports_first(render("train.py", **facts, **common))


def _notebook(text: str, introduction: str) -> str:
    """The script as a Jupyter notebook (nbformat 4): each of its cells is a text and code."""
    from nbformat import v4, writes

    head, *parts = re.split(r"^# %% ", text, flags=re.MULTILINE)
    packages = " ".join(re.findall(r'^#     "(.+)",$', head, re.MULTILINE))
    cells = [
        v4.new_markdown_cell(introduction),
        v4.new_code_cell(f"# On a new machine, once:\n# %pip install {packages}"),
    ]
    for part in parts:
        title, comment, code = _PART.fullmatch(part).groups()  # type: ignore[union-attr]
        text = " ".join(line.removeprefix("# ") for line in comment.splitlines())
        cells += [
            v4.new_markdown_cell(f"## {title}\n\n{text}".strip()),
            v4.new_code_cell(code.strip()),
        ]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # drawn at random otherwise
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return writes(v4.new_notebook(cells=cells, metadata=metadata))


_PART = re.compile(r"(.+)\n((?:# .+\n)*)((?:.|\n)*)")


def folder_name(config: KnownConfig) -> str:
    """The folder that the code saves into, from the run's name: ``lora-r-8-lr-0.001``."""
    return re.sub(r"[^a-z0-9.]+", "-", config.name.lower())[:64].strip("-.") or config.method


# What the template is filled with


def _facts(config: RunConfig, forward_pass: str) -> dict[str, Any]:
    from peft_demo.models.fast_forward import dropout_mask
    from peft_demo.models.frozen_blocks import set_dropout

    base, dataset = BASES[config.base_model], DATASETS[config.dataset]
    patience = config.early_stopping_patience
    return {
        "config": config,
        "method": METHODS[config.method],
        "base": base,
        "dataset": dataset,
        "summary": _summary(config),
        "file": KINDS["script"],
        "own_seeds": {
            part: config.seed_of(part) for part in PART_SEEDS if getattr(config, part) is not None
        },
        "peft_config": peft_call(config),
        "no_layer": NO_MODULES,
        "pool_size": dataset.test_pool // len(config.labels),
        "is_fast": forward_pass == "fast",
        "device": hardware.device(),
        "precision": hardware.training_precision(),
        "callbacks": [
            *(["EachStep()"] if METHODS[config.method].each_step else []),
            *([f"EarlyStoppingCallback({patience})", "BestEpoch()"] if patience else []),
        ],
        "guessing_loss": math.log(len(config.labels)),
        "dropout_mask": dropout_mask,
        "set_dropout": set_dropout,
        "source_of": lambda function: inspect.getsource(function).strip(),
    }


def _packages(config: KnownConfig) -> list[str]:
    """What the code needs, pinned to the installed versions: ``peft==0.21.2``."""
    names = {"accelerate", "datasets", "numpy", "pandas", "scipy", "torch", "transformers"}
    names.update(BASES[config.base_model].code.packages, DATASETS[config.dataset].code.packages)
    if METHODS[config.method].peft_config is not None:
        names.add("peft")
    return [f"{name}=={_installed(name)}" for name in sorted(names)]


@cache
def _installed(name: str) -> str:
    # Without "+cpu", which names a build and is not known to the package index.
    return version(name).partition("+")[0]


def _summary(config: KnownConfig) -> str:
    if isinstance(config, ImportedConfig):
        return imported.summary(config)
    base = BASES[config.base_model].label.partition(" (")[0]  # "(built in)" is nothing here
    return (
        f"{METHODS[config.method].label} on the base model {base}, trained on "
        f"{DATASETS[config.dataset].name}. With the same packages on the same machine it computes "
        "the same numbers as this run in PEFT Demo but for rounding, which shows in the last "
        "digits of a loss in float32 and in the third in bfloat16; another machine may round "
        "otherwise too."
    )


def _introduction(config: KnownConfig) -> str:
    method = METHODS[config.method]
    name = re.sub(r"([^\w\s])", r"\\\1", config.name, flags=re.ASCII)
    return (
        f"# {name}\n\n{_summary(config)}\n\n"
        f"**{method.label}** ([{method.paper}]({method.paper_url}), {method.year}). "
        f"{method.summary} With a frozen weight $W$, its input $x$ and its output $h$:\n\n"
        f"$${method.formula}$$"
    )


def _labels(labels: Sequence[str]) -> str:
    """The labels by their numbers, on one line if they fit."""
    entries = [f"{n}: {json.dumps(label, ensure_ascii=False)}" for n, label in enumerate(labels)]
    line = f"{{{', '.join(entries)}}}"
    if len(f"LABELS = {line}") <= WIDTH:
        return line
    return "\n".join(["{", *(f"    {entry}," for entry in entries), "}"])


# Imports


_IMPORT = re.compile(r"^(?:from (\S+) )?import (.+)\n+", re.MULTILINE)


def _imports_first(text: str) -> str:
    """The script with every cell's imports in the first cell, which is there for them."""
    block = _import_block(_IMPORT.findall(text))
    return _IMPORT.sub("", text).replace("# %% Imports\n", f"# %% Imports\n{block}\n", 1)


def _import_block(statements: Iterable[tuple[str, str]]) -> str:
    """Import statements, each a module and its names, sorted and merged as ruff and isort do."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for module, listed in statements:
        names[module].update(listed.split(", "))
    lines = [(module, f"import {module}") for module in sorted(names.pop("", ()))]
    lines += [(module, _from_import(module, names[module])) for module in sorted(names)]
    groups = (
        [line for module, line in lines if _is_standard(module) is own] for own in (True, False)
    )
    return "\n\n".join("\n".join(group) for group in groups)


def _from_import(module: str, names: set[str]) -> str:
    # Constants, then classes, then functions.
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])


def _is_standard(module: str) -> bool:
    return re.split(r"\W", module)[0] in sys.stdlib_module_names
