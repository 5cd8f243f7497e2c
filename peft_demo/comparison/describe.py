"""What a run is beside others: its name, its settings in words, its costs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from peft_demo.comparison.evidence import Evidence
from peft_demo.comparison.facts import Difference, RunFacts
from peft_demo.data import DATASETS
from peft_demo.methods import METHODS
from peft_demo.models import BASES
from peft_demo.runs import METHOD, RUN_FIELDS, Run, RunConfig, RunKind, RunStatus

SEED_FIELDS = frozenset({"seed"})
"""What repeats of a configuration do not share."""

_KNOWN_OF_IMPORTED = frozenset(
    {"base_model", "dataset", "method", "max_length", "num_test_reviews"}
)
"""Nobody here knows how an imported adapter was trained."""


def unique_names(runs: Iterable[Run]) -> dict[str, str]:
    """Each run's name, with its id where another has the same name."""
    runs = list(runs)
    counts = Counter(run.config.name for run in runs)
    return {
        run.run_id: run.config.name
        if counts[run.config.name] == 1
        else f"{run.config.name} ({run.run_id})"
        for run in runs
    }


def describe(run: Run, name: str, evidence: Evidence) -> RunFacts:
    """The facts of one run."""
    result = run.result
    quality = evidence.quality(run) if result else None
    elsewhere = f"{run.config.method_label} · {run.kind.lower()}"
    return RunFacts(
        run_id=run.run_id,
        name=name,
        summary=run.config.summary if run.kind is RunKind.TRAINING else elsewhere,
        method=run.config.method_label,
        kind=run.kind,
        status=run.status,
        is_reference=run.is_reference,
        can_predict=run.can_predict,
        labels=label_names(run, len(quality.confusion)) if quality else run.config.labels,
        texts=texts_of(run),
        quality=quality,
        note=_note(run, name, quality is not None, evidence),
        num_adapter_parameters=result and result.num_adapter_parameters,
        num_head_parameters=result and result.num_head_parameters,
        file_bytes=result and result.file_bytes,
        training_seconds=result and result.train_output.get("train_runtime"),
        prediction_milliseconds=_prediction_milliseconds(run),
    )


def label_names(run: Run, count: int) -> tuple[str, ...]:
    """What a run's ``count`` labels are called; numbers if its data set is gone."""
    return run.config.labels or tuple(map(str, range(count)))


def texts_of(run: Run) -> str:
    """What the texts of a run's data set are called."""
    row = DATASETS.get(run.config.dataset)
    return row.nouns if row else "texts"


def settings(run: Run) -> dict[str, str]:
    """A run's settings as text, without its name; what is not known is left out."""
    flat = run.config.flat()
    if run.kind is RunKind.IMPORTED:
        known = _KNOWN_OF_IMPORTED | run.config.method_values.keys()
        flat = {name: value for name, value in flat.items() if name in known}
    return {name: written(value, name) for name, value in flat.items() if name != "name"}


def written(value: Any, field: str = "") -> str:
    """A setting's value as text."""
    if field == METHOD.name and value in METHODS:
        return METHODS[value].label
    if field == "base_model":
        return BASES[value].label if value in BASES else str(value)
    if field == "dataset" and value in DATASETS:
        return DATASETS[value].label
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if value >= 10_000 else str(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def differences(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """The settings, and what the runs were computed with, whose values differ."""
    labels = _labels(runs)
    rows = {run.run_id: {**settings(run), **_circumstances(run)} for run in runs}
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    found = [
        Difference(
            field=name,
            label=labels.get(name, name),
            values={run_id: row.get(name, "–") for run_id, row in rows.items()},
        )
        for name in names
    ]
    return tuple(row for row in found if len(set(row.values.values())) > 1)


def cell_key(config: RunConfig) -> str:
    """Equal for configurations that differ in nothing but seed and name."""
    left_out = SEED_FIELDS | {"name"}
    return json.dumps({k: v for k, v in config.flat().items() if k not in left_out}, sort_keys=True)


def _labels(runs: Sequence[Run]) -> dict[str, str]:
    labels = {field.name: field.label for field in (METHOD, *RUN_FIELDS)}
    for run in runs:
        labels |= {field.name: field.label for field in run.config.fields}
    return {**labels, "precision": "Computed in", "saved_as": "Saved as"}


def _circumstances(run: Run) -> dict[str, str]:
    """What times and digits depend on beside the configuration."""
    if run.result is None:
        return {}
    shown = {name: run.result.environment.get(name, "–") for name in ("processor", "threads")}
    return {"precision": run.result.precision, "saved_as": run.result.saved_as, **shown}


def _note(run: Run, name: str, has_quality: bool, evidence: Evidence) -> str:
    if run.problem is not None:
        return f"{name} can be shown, but not used any more: {run.problem}"
    if run.kind is RunKind.RANGE_TEST:
        return f"{name} is a learning-rate range test: it has no test result."
    if run.result is not None:
        if has_quality:
            return ""
        if evidence.evaluation(run) is None:
            return f"{name} has no predictions on the evaluation set {evidence.evaluation_set}."
        return f"The test predictions of {name} cannot be read, so it cannot be compared."
    if run.status is RunStatus.QUEUED:
        return f"{name} waits in the queue; its test result comes when it has finished."
    if run.status is RunStatus.RUNNING:
        return f"{name} is being trained; its test result comes when it has finished."
    done = f"after {len(run.epochs)} epochs" if run.epochs else "before its first epoch ended"
    return f"{name} {_ended(run.status)} {done}, so it has no test result."


def _ended(status: RunStatus) -> str:
    return (
        "was stopped"
        if status is RunStatus.CANCELLED
        else f"was {status}"
        if (status is RunStatus.INTERRUPTED)
        else str(status)
    )


def _prediction_milliseconds(run: Run) -> float | None:
    # Records of earlier versions have no test time.
    if run.result is None or not run.result.test_seconds:
        return None
    return 1000 * run.result.test_seconds / run.result.num_test_reviews
