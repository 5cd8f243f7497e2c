"""A mix of finished runs by peft's own combinations, as the files and configuration of a run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from peft_demo import models
from peft_demo.adapters import combining, importing
from peft_demo.inference.predictor import Predictor
from peft_demo.runs import NAME, MixedConfig
from peft_demo.runs.combinations import checked_mix
from peft_demo.runs.imported import PEFT_CONFIG
from peft_demo.runs.mixed import FIRST_PARENT
from peft_demo.storage import Store


def mixture(
    store: Store,
    predictor: Predictor,
    scratch: Path,
    run_ids: Sequence[str],
    weights: Sequence[object],
    combination: object,
    density: object,
    name: object,
) -> tuple[Path, MixedConfig]:
    """The mixed adapter's files in a new folder below ``scratch``, and its run's configuration.

    It is tested on the first one's test texts, as that reads them.

    Args:
        store: where the runs are.
        predictor: says which of them have an adapter.
        scratch: a folder of the caller's.
        run_ids: of two or more.
        weights: how much each of them counts.
        combination: by which of ``COMBINATIONS``.
        density: the share of entries that it keeps.
        name: how to call it; if it is empty, by how and of how many it is mixed.

    Raises:
        InvalidFieldsError: a sentence for each field that is not allowed, such as runs that cannot
            be mixed.
        NotFoundError: there is no such run.
        ConflictError: a run is not finished, or left no adapter.
        AssetError: an adapter's files are missing or damaged.
    """
    runs = predictor.finished(run_ids)
    counted, way, share = checked_mix(runs, weights, combination, density)
    called = str(NAME.check(name or ""))
    first = runs[0].config
    base = models.load(first.base_model)
    folder = Path(tempfile.mkdtemp(prefix="adapter-", dir=scratch))
    folders = [store.folder_of(run.run_id) for run in runs]
    peft_config = combining.combine(folders, folder, base, first.labels, counted, way, share)
    method = importing.row_of(peft_config)
    config = MixedConfig(
        {
            "name": called or f"{way.id} of {len(runs)} runs",
            "method": method.id,
            "base_model": first.base_model,
            "dataset": first.dataset,
            "max_length": first.max_length,
            "max_length_from": FIRST_PARENT,
            "num_test_reviews": first.num_test_reviews,
            PEFT_CONFIG: peft_config,
            **importing.options_told(peft_config, method, base.architecture),
            "parents": [run.run_id for run in runs],
            "parent_names": [run.config.name for run in runs],
            "weights": list(counted),
            "combination": way.id,
            **({} if share is None else {"density": share}),
        }
    )
    return folder, config
