"""A run as files for others: its model card."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from peft_demo import hub
from peft_demo.comparison.describe import epochs_in_words
from peft_demo.data import DATASETS
from peft_demo.export.rendering import render
from peft_demo.methods import METHODS
from peft_demo.models import BASES
from peft_demo.runs import Run
from peft_demo.statistics import Predictions, Scores, scores

THIS_FOLDER = "THIS_FOLDER"
"""Where the card's code finds the files, until they have a place of their own."""


_LIBRARIES = ("peft", "transformers", "torch")
"""Whose versions the card tells."""


def write_model_card(run: Run, folder: Path) -> None:
    """A short README.md beside the adapter: what it is, how it was made, how good, how to load."""
    (folder / "README.md").write_text(model_card(run, folder), encoding="utf-8")


def model_card(run: Run, files: Path, place: str = THIS_FOLDER) -> str:
    """The model card of a completed run, in the Hub's format.

    Args:
        run: what the card is of.
        files: the folder with its predictions.
        place: a folder or a repository's id, from which the card's code loads it.
    """
    config = run.config
    if run.result is None:
        raise ValueError(f"{run.run_id} has no result to write a model card about")
    known = run.result.environment
    commit = run.result.base_revision or ""
    base, labels = BASES[config.base_model], config.labels
    return render(
        "model_card.md",
        config=config,
        result=run.result,
        epochs=" ".join(epochs_in_words(run)),
        method=METHODS[config.method],
        dataset=DATASETS[config.dataset],
        base=base,
        base_at="BASE" if base.note else base.id,
        commit=commit if hub.COMMIT.fullmatch(commit) else "",
        base_revision=commit,
        labels=labels,
        id2label=", ".join(f"{n}: {json.dumps(each)}" for n, each in enumerate(labels)),
        versions=", ".join(f"{name} {known[name]}" for name in _LIBRARIES if name in known),
        scores=_scores(files),
        folder=place,
    )


def _scores(files: Path) -> Scores | None:
    """What its predictions are worth; of two or more texts, if they can be read."""
    with suppress(OSError, ValueError):
        return scores(Predictions.load(files))
    return None
