"""The test texts of a data set as an evaluation set of a run."""

from __future__ import annotations

import re

from peft_demo import data
from peft_demo.data import DATASETS, LabelledTexts
from peft_demo.errors import InvalidFieldsError, NotFoundError, refuse
from peft_demo.fields import shown
from peft_demo.runs.known import KnownConfig


def set_of(dataset: str) -> str:
    """What evaluations on a data set's test texts are called."""
    return re.sub(r"[^a-z0-9_-]", "-", dataset.lower())


def texts_for(config: KnownConfig, dataset: str) -> LabelledTexts:
    """A data set's test texts, with the run's numbers of their labels, which go by their names.

    Raises:
        NotFoundError: there is no such data set.
        InvalidFieldsError: the texts have labels that the run did not learn, or were deleted.
        AssetError: the texts cannot be loaded.
    """
    if dataset not in DATASETS:
        raise NotFoundError(f"data must be the id of a data set, got {shown(dataset)}.")
    try:
        data.require_texts(dataset)
    except InvalidFieldsError as error:
        refuse("data", error.problems["dataset"].replace("dataset", "data", 1))
    numbers = {name.casefold(): number for number, name in enumerate(config.labels)}
    named = DATASETS[dataset].labels
    test = data.load(dataset).test
    strange = [named[n] for n in sorted({*test.labels}) if named[n].casefold() not in numbers]
    if strange:
        refuse(
            "data",
            f"data must have the labels that the run learned, {shown(list(config.labels))}, "
            f"got {shown(strange)}: name the labels when you add it.",
        )
    return LabelledTexts(
        test.texts, tuple(numbers[named[label].casefold()] for label in test.labels)
    )
