"""Finished runs on the test texts of any data set that has their labels."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from peft_demo import data, models, statistics
from peft_demo.data import LabelledTexts
from peft_demo.errors import ConflictError, PeftDemoError
from peft_demo.inference.predictor import Predictor, changed_base
from peft_demo.runs import Evaluation, Run, RunConfig, draw
from peft_demo.runs.evaluation_sets import set_of, texts_for
from peft_demo.statistics import Predictions
from peft_demo.storage import Store


class SetEvaluation(Evaluation):
    """An evaluation, and what should make one doubt it."""

    run_id: str
    dataset: str
    num_trained_on: int | None
    """Texts of the set that the run was trained on; None where nobody knows."""
    doubt: str = ""
    """A sentence if the base is not as it was in the run's training."""


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
    texts = texts_for(run.config, dataset)
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
        doubt=changed_base(run, models.load(run.config.base_model)),
    )


def _num_trained_on(run: Run, texts: LabelledTexts) -> int | None:
    with suppress(PeftDemoError):
        if isinstance(run.config, RunConfig):
            drawn = draw(data.load(run.config.dataset), run.config)
            return len({*texts.texts} & {*drawn.train.texts, *drawn.validation.texts})
    return None
