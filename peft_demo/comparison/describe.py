"""What a run is beside others: its name, its settings in words, its costs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from peft_demo.comparison.facts import Difference, RunFacts
from peft_demo.comparison.words import sentences
from peft_demo.data import DATASETS
from peft_demo.formats import number
from peft_demo.languages import _, gettext_noop
from peft_demo.methods import METHODS
from peft_demo.models import BASES
from peft_demo.runs import METHOD, KnownConfig, Run, RunKind
from peft_demo.statistics import Scores

_LABELS = {
    "max_length_from": gettext_noop("Text length from"),
    "label_order": gettext_noop("Order of its labels"),
    "precision": gettext_noop("Computed in"),
    "saved_as": gettext_noop("Saved as"),
    "base_revision": gettext_noop("State of the base model"),
    "dataset_revision": gettext_noop("State of the texts"),
}
"""Of what differs and is no field of a form."""

_ROWS: Mapping[str, Mapping[Any, Any]] = {
    METHOD.name: METHODS,
    "base_model": BASES,
    "dataset": DATASETS,
}
"""Fields whose values are the ids of rows with labels."""

_BETWEEN = " · "
"""Between the parts of the names that runs are given."""


def unique_names(runs: Iterable[Run]) -> dict[str, str]:
    """Each run's name, with its id where another has the same name."""
    return told_apart(((run, run.config.name) for run in runs), _its_id)


def _its_id(run: Run) -> str:
    return f" ({run.run_id})"


def short_names(runs: Sequence[Run]) -> dict[str, str]:
    """The same without the parts that all names have beside their first: what differs is left."""
    parts = [run.config.name.split(_BETWEEN) for run in runs]
    first, *others = map(set, parts or [[]])
    shared = first.intersection(*others)
    if all(shared.issuperset(rest) for __, *rest in parts):
        return unique_names(runs)
    kept = ([start, *(part for part in rest if part not in shared)] for start, *rest in parts)
    return told_apart(zip(runs, map(_BETWEEN.join, kept), strict=True), _its_id)


def told_apart(names: Iterable[tuple[Run, str]], more: Callable[[Run], str]) -> dict[str, str]:
    """Names of runs by id, with ``more`` after those that several have."""
    named = [(run, with_epochs(run, name)) for run, name in names]
    counts = Counter(name for _, name in named)
    return {run.run_id: name + (more(run) if counts[name] > 1 else "") for run, name in named}


def with_epochs(run: Run, name: str) -> str:
    """A run's name, with its epochs where it trained fewer than it was to."""
    if not (early := run.stopped_early):
        return name
    told = {"name": name, "epoch": early.epoch, "most": early.num_train_epochs}
    return _("%(name)s (%(epoch)s of %(most)s epochs)") % told


def was_cut(run: Run) -> bool:
    """Whether a person ended it early: then it is no repeat of others with its settings."""
    return bool(run.stopped_early and run.stopped_early.why == "asked")


def epochs_in_words(run: Run) -> list[str]:
    """Whether a training stopped early, which epoch is kept, and which was the best."""
    if run.kind is not RunKind.TRAINING or not run.result or not run.best_epoch:
        return []
    last = run.epochs[-1].epoch
    return sentences(
        "epochs",
        config=run.config,
        early=run.stopped_early,
        best=run.best_epoch,
        last=last,
        kept=run.result.kept_epoch or last,
        texts=texts_of(run),
    )


def describe(run: Run, name: str, untested: str, scores: Scores | None = None) -> RunFacts:
    """The facts of one run.

    Args:
        run: what they are of.
        name: unlike every other name in the comparison.
        untested: why a run with a result has no scores, in one sentence.
        scores: what it did on the evaluation set.
    """
    result, config = run.result, run.config
    test_of_rates = f"{config.method_label} · {run.kind.lower()}"
    # Numbers, where the data set is gone.
    numbers = tuple(map(str, range(len(scores.confusion)))) if scores else ()
    # Records of earlier versions have no test time.
    test_seconds = result and result.test_seconds
    return RunFacts(
        run_id=run.run_id,
        name=name,
        summary=test_of_rates if run.kind is RunKind.RANGE_TEST else config.summary,
        method=config.method_label,
        kind=run.kind,
        status=run.status,
        is_reference=run.is_reference,
        can_predict=run.can_predict,
        labels=config.labels or numbers,
        texts=texts_of(run),
        max_length=config.max_length,
        quality=scores,
        note=" ".join(sentences("note", run=run, name=name, untested=untested)),
        num_adapter_parameters=result and result.num_adapter_parameters,
        num_head_parameters=result and result.num_head_parameters,
        file_bytes=result and result.file_bytes,
        training_seconds=result and result.training_seconds,
        prediction_milliseconds=1000 * test_seconds / result.num_test_reviews
        if result and test_seconds
        else None,
    )


def texts_of(run: Run) -> str:
    """What the texts of a run's data set are called."""
    row = DATASETS.get(run.config.dataset)
    return row.nouns if row else "texts"


def settings(run: Run) -> dict[str, str]:
    """A run's settings as text, without its name; what is not known is left out."""
    told = run.config.told()
    return {name: written_as(value, name) for name, value in told.items() if name != "name"}


def labels_of(runs: Iterable[Run]) -> dict[str, str]:
    """The labels of the fields that runs have, by name."""
    return {field.name: _(field.label) for run in runs for field in run.config.fields}


def differences(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """The settings, and what the runs were computed with, whose values differ."""
    labels = {**labels_of(runs), **{name: _(label) for name, label in _LABELS.items()}}
    rows = {run.run_id: {**settings(run), **_circumstances(run)} for run in runs}
    found = [
        Difference(
            field=name,
            label=labels.get(name, name),
            values={run_id: row.get(name, "–") for run_id, row in rows.items()},
        )
        for name in dict.fromkeys(name for row in rows.values() for name in row)
    ]
    return tuple(row for row in found if len(set(row.values.values())) > 1)


def cell_key(config: KnownConfig) -> str:
    """Equal for configurations that differ in nothing but seed and name."""
    return json.dumps({**config.flat(), "seed": None, "name": None}, sort_keys=True)


def written_as(value: Any, field: str) -> str:
    """A field's value in a table: the label of a row, or what it says."""
    rows = _ROWS.get(field)
    return str(rows[value].label) if rows and value in rows else written(value)


def written(value: Any) -> str:
    """A setting's value in a table."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items()) or _("none")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or _("none")
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return number(value) if isinstance(value, (int, float)) else str(value)


def _circumstances(run: Run) -> dict[str, str]:
    """What times and digits depend on beside the configuration."""
    if run.result is None:
        return {}
    environment = {name: run.result.environment.get(name, "–") for name in ("processor", "threads")}
    return {
        "precision": run.result.precision,
        "saved_as": run.result.saved_as,
        "base_revision": run.result.base_revision or "–",
        "dataset_revision": run.result.dataset_revision or "–",
        **environment,
    }
