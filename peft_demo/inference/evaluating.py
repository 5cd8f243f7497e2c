"""Finished runs on the test texts of any data set that has their labels."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np

from peft_demo import data, statistics
from peft_demo.data import DATASETS, LabelledTexts
from peft_demo.errors import ConflictError, InvalidFieldsError, NotFoundError, PeftDemoError, refuse
from peft_demo.fields import shown
from peft_demo.inference.predictor import Predictor
from peft_demo.runs import Evaluation, Run, RunConfig, draw
from peft_demo.statistics import Predictions
from peft_demo.storage import Store


class SetEvaluation(Evaluation):
    """An evaluation, and what should make one doubt it."""

    run_id: str
    dataset: str
    num_trained_on: int | None
    """Texts of the set that the run was trained on; None where nobody knows."""


def set_of(dataset: str) -> str:
    """What evaluations on a data set's test texts are called."""
    return re.sub(r"[^a-z0-9_-]", "-", dataset.lower())


def evaluate(store: Store, predictor: Predictor, run_id: str, dataset: str) -> SetEvaluation:
    """Test a finished run on another data set's test texts, and record it with the run.

    Labels go by their names, so that data sets that number them otherwise can be used.

    Raises:
        NotFoundError: there is no such run or data set.
        ConflictError: the run is a reference, which stays as it is, or cannot predict.
        InvalidFieldsError: the texts have labels that the run did not learn, or were deleted.
        AssetError: the texts or the adapter cannot be loaded.
    """
    run = store.get(run_id)
    if run.is_reference:
        raise ConflictError(f"{run_id} is a reference run and cannot be changed.")
    texts = _texts_for(run, dataset)
    probabilities = predictor.shares(run_id, texts.texts).astype(np.float32)
    labels = np.asarray(texts.labels, dtype=np.int8)
    predictions = Predictions(probabilities, labels)
    found = Evaluation(
        evaluation_set=set_of(dataset),
        fingerprint=texts.fingerprint,
        num_texts=len(texts),
        accuracy=predictions.accuracy.value,
        low=predictions.accuracy.low,
        high=predictions.accuracy.high,
        loss=statistics.log_loss(probabilities, labels),
    )
    predictions.save(store.folder_of(run_id), found.evaluation_set)
    store.add_evaluation(run_id, found)
    return SetEvaluation(
        **found.model_dump(),
        run_id=run_id,
        dataset=dataset,
        num_trained_on=_num_trained_on(run, texts),
    )


def _texts_for(run: Run, dataset: str) -> LabelledTexts:
    """A data set's test texts, with the run's numbers of their labels."""
    if dataset not in DATASETS:
        raise NotFoundError(f"data must be the id of a data set, got {shown(dataset)}.")
    try:
        data.require_texts(dataset)
    except InvalidFieldsError as error:
        refuse("data", error.problems["dataset"].replace("dataset", "data", 1))
    numbers = {name.casefold(): number for number, name in enumerate(run.config.labels)}
    named = DATASETS[dataset].labels
    test = data.load(dataset).test
    strange = [named[n] for n in sorted({*test.labels}) if named[n].casefold() not in numbers]
    if strange:
        refuse(
            "data",
            f"data must have the labels that the run learned, {shown(list(run.config.labels))}, "
            f"got {shown(strange)}: name the labels when you add it.",
        )
    return LabelledTexts(
        test.texts, tuple(numbers[named[label].casefold()] for label in test.labels)
    )


def _num_trained_on(run: Run, texts: LabelledTexts) -> int | None:
    with suppress(PeftDemoError):
        if isinstance(run.config, RunConfig):
            drawn = draw(data.load(run.config.dataset), run.config)
            return len({*texts.texts} & {*drawn.train.texts, *drawn.validation.texts})
    return None
