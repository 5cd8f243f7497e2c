"""An import once more, with its two labels the other way round."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from peft_demo.adapters import files
from peft_demo.adapters.importing.labels import reorder_labels, swapped
from peft_demo.errors import ConflictError
from peft_demo.models import BASES
from peft_demo.runs import NAME, ImportedConfig, Run

SUFFIX = " · labels swapped"
"""Of the name of the run that comes of it; taken off again when that one is swapped."""


def swap(run: Run, source: Path, scratch: Path) -> tuple[Path, ImportedConfig]:
    """Files and configuration of a new run that tests an imported adapter with swapped labels.

    The run itself stays as it is: a result never changes.

    Args:
        run: an import that was tested.
        source: its folder.
        scratch: a folder of the caller's, in which the new one is made.

    Raises:
        ConflictError: it is no import with an adapter.
        InvalidFieldsError: there are not two labels, or the head has no such order.
    """
    config = run.config
    if not isinstance(config, ImportedConfig) or not run.can_predict:
        raise ConflictError(
            f"Only the labels of a tested import can be swapped; {run.run_id} is none."
        )
    order = swapped(config.label_order, config.labels)
    folder = Path(tempfile.mkdtemp(prefix="adapter-", dir=scratch))
    for name in (files.CONFIG, files.WEIGHTS):
        shutil.copyfile(source / name, folder / name)
    reorder_labels(folder, (1, 0), BASES[config.base_model].architecture.head[-1])
    values = {**config.flat(), "label_order": order, "name": _name(config.name)}
    return folder, ImportedConfig(values)


def _name(name: str) -> str:
    if name.endswith(SUFFIX):
        return name.removesuffix(SUFFIX)
    return f"{name[: NAME.maximum - len(SUFFIX)]}{SUFFIX}"
