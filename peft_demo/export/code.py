"""A run as code for others: a script and a notebook on plain transformers and peft."""

from __future__ import annotations

import re
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import version

from peft_demo import settings
from peft_demo.data import DATASETS
from peft_demo.errors import InvalidFieldsError
from peft_demo.export import code_steps
from peft_demo.export.section import WIDTH, Section
from peft_demo.fields import shown
from peft_demo.methods import METHODS
from peft_demo.models import BASES
from peft_demo.runs import RunConfig

PYTHON = ">=3.11,<3.15"
"""The versions of Python that the pinned packages are built for."""


KINDS = {"script": "train.py", "notebook": "train.ipynb"}
"""What can be exported, and the name of its file."""


def export(config: RunConfig, kind: str, forward_pass: str | None = None) -> str:
    """The run as code of one of the ``KINDS``.

    Args:
        config: what to train.
        kind: ``script`` or ``notebook``.
        forward_pass: how a finished run's network computed, see ``settings.forward``; None for
            as a run's would now.

    Raises:
        InvalidFieldsError: there is no such kind, or today's rules refuse the configuration.
    """
    config.require_valid()
    return {"script": script, "notebook": notebook}[_checked(kind)](config, forward_pass)


def file_name(kind: str) -> str:
    """What the code's file is called.

    Raises:
        InvalidFieldsError: there is no such kind.
    """
    return KINDS[_checked(kind)]


def sections(config: RunConfig, forward_pass: str | None = None) -> list[Section]:
    """The steps of a run in their order, imports first; ``forward_pass`` as for ``export``."""
    steps = code_steps.steps(config, forward_pass or settings.forward())
    statements = [statement for step in steps for statement in step.imports]
    return [Section("Imports", "", _import_block(statements)), *steps]


def script(config: RunConfig, forward_pass: str | None = None) -> str:
    """The run as a Python script, with its packages in inline metadata (PEP 723).

    Prints the epochs' table, the test accuracy with its interval, and at last the numbers as one
    line of JSON; saves the adapter in a folder named after the run.
    """
    steps = sections(config, forward_pass)
    imports, *others = (
        "".join([f"# %% {step.title}\n", *_comment(step.explanation), step.code]) for step in steps
    )
    head = f"{_metadata(steps)}\n{_docstring(config)}\n\n{imports}\n\n"
    return head + "\n\n\n".join(others) + "\n"


def notebook(config: RunConfig, forward_pass: str | None = None) -> str:
    """The run as a Jupyter notebook (nbformat 4): each section is a text and a code cell."""
    from nbformat import v4, writes

    steps = sections(config, forward_pass)
    cells = [
        v4.new_markdown_cell(_introduction(config)),
        v4.new_code_cell(f"# On a new machine, once:\n# %pip install {' '.join(_packages(steps))}"),
    ]
    for step in steps:
        text = "\n\n".join(filter(None, [f"## {step.title}", step.explanation]))
        cells += [v4.new_markdown_cell(text), v4.new_code_cell(step.code)]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # drawn at random otherwise
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return writes(v4.new_notebook(cells=cells, metadata=metadata))


def _checked(kind: str) -> str:
    if kind not in KINDS:
        raise InvalidFieldsError(
            {"kind": f"kind must be one of {', '.join(KINDS)}, got {shown(kind)}."}
        )
    return kind


def _packages(steps: list[Section]) -> list[str]:
    """What the code needs, pinned to the installed versions: ``peft==0.21.2``."""
    modules = {_module(statement) for step in steps for statement in step.imports}
    names = {module.partition(".")[0] for module in modules if not _is_standard(module)}
    names.update(package for step in steps for package in step.packages)
    # Without "+cpu", which names a build and is not known to the package index.
    return [f"{name}=={version(name).partition('+')[0]}" for name in sorted(names)]


def _metadata(steps: list[Section]) -> str:
    pinned = "\n".join(f'#     "{package}",' for package in _packages(steps))
    return f"""# /// script
# requires-python = "{PYTHON}"
# dependencies = [
{pinned}
# ]
# ///"""


def _docstring(config: RunConfig) -> str:
    paragraphs = (config.name, f"{_description(config)} {_PROMISE}", _HOW_TO_RUN)
    text = "\n\n".join(textwrap.fill(paragraph, WIDTH - 3) for paragraph in paragraphs)
    # A name may hold anything, and must not end the docstring.
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"""{text}\n"""'


def _introduction(config: RunConfig) -> str:
    method = METHODS[config.method]
    name = re.sub(r"([^\w\s])", r"\\\1", config.name, flags=re.ASCII)
    return "\n\n".join(
        [
            f"# {name}",
            f"{_description(config)} {_PROMISE}",
            f"**{method.label}** ([{method.paper}]({method.paper_url}), {method.year}). "
            f"{method.summary} With a frozen weight $W$, its input $x$ and its output $h$:",
            f"$${method.formula}$$",
        ]
    )


def _description(config: RunConfig) -> str:
    # Without "(built in)", which is nothing here.
    base, dataset = BASES[config.base_model].label.partition(" (")[0], DATASETS[config.dataset].name
    return f"{METHODS[config.method].label} on the base model {base}, trained on {dataset}."


_PROMISE = (
    "With the same packages on the same machine it computes the same numbers as this run in PEFT "
    "Demo but for rounding, which shows in the last digits of a loss in float32 and in the third "
    "in bfloat16; another machine may round otherwise too."
)


_HOW_TO_RUN = (
    "Run it with `uv run {file}`, which installs the packages named above, or install them with "
    "pip and run `python {file}`."
).format(file=KINDS["script"])


def _comment(text: str) -> list[str]:
    lines = textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")
    return [f"{line}\n" for line in lines]


def _import_block(statements: Iterable[str]) -> str:
    """Import statements, sorted and merged as ruff and isort do."""
    plain: set[str] = set()
    names: defaultdict[str, set[str]] = defaultdict(set)
    for statement in statements:
        if statement.startswith("import "):
            plain.add(statement)
        else:
            names[_module(statement)].add(statement.partition(" import ")[2])
    lines = [*sorted(plain), *(_from_import(module, names[module]) for module in sorted(names))]
    groups = (
        [line for line in lines if _is_standard(_module(line)) is own] for own in (True, False)
    )
    return "\n\n".join("\n".join(group) for group in groups if group)


def _from_import(module: str, names: set[str]) -> str:
    # Constants, then classes, then functions.
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])


def _module(statement: str) -> str:
    return statement.split()[1]


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
