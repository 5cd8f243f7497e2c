"""Train the adapters that come with the program, with the same code as any other run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from peft_demo.comparison import text_baseline
from peft_demo.data import DEFAULT_DATASET
from peft_demo.errors import PeftDemoError
from peft_demo.execution.engine import Engine
from peft_demo.formats import percent
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs import presets
from peft_demo.storage import Store, reference_runs

LARGEST_FILE = 10_000_000
"""Bytes; the Hugging Face Hub refuses larger files without large-file storage."""

OWNER = "reference"


def train_references(
    preset_ids: Sequence[str], destination: Path, tell: Callable[[str], None]
) -> None:
    """Train these presets on the built-in base and data, and put them into ``destination``.

    The text baselines that belong to them are measured and put there as well.

    Raises:
        NotFoundError: there is no such preset.
        PeftDemoError: a run did not complete; those before it are kept.
    """
    chosen = [presets.preset(preset_id) for preset_id in preset_ids]
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch))
        engine = Engine(store, largest_file=LARGEST_FILE)
        for preset in chosen:
            tell(f"Training {preset.id} …")
            config = preset.config(base_model=BUILTIN_BASE, dataset=DEFAULT_DATASET)
            run = engine.run(store.start(config, OWNER))
            if run.result is None:
                raise PeftDemoError(f"The reference run {preset.id} {run.status}: {run.error}")
            run_id = f"{reference_runs.PREFIX}{preset.id}"
            trained = store.folder_of(run.run_id)
            reference_runs.write_reference(
                run.model_copy(update={"run_id": run_id}), store.steps(run.run_id), trained
            )
            shutil.rmtree(destination / run_id, ignore_errors=True)
            shutil.move(trained, destination / run_id)
            text_baseline.measure(config, destination / text_baseline.PACKAGED.name)
            tell(f"{run_id}: test accuracy {percent(run.result.test_accuracy)}")
        store.close()
