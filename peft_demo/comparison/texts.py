"""The texts of a run or a data set: those it learned from, those it was validated and tested on."""

from __future__ import annotations

from dataclasses import dataclass

from peft_demo import data
from peft_demo.comparison.describe import texts_of, with_epochs
from peft_demo.comparison.evidence import collect, tested
from peft_demo.data import DATASETS, LabelledTexts
from peft_demo.errors import AssetError, InvalidFieldsError, NotFoundError, refuse
from peft_demo.fields import must_be, shown
from peft_demo.languages import _
from peft_demo.models import default_base
from peft_demo.runs import Run, RunConfig, draw, run_field
from peft_demo.runs.evaluation_sets import set_of, texts_for
from peft_demo.runs.sample import tested_texts
from peft_demo.statistics import TEST_SET, Predictions
from peft_demo.storage import Store

TRAINING, VALIDATION = "training", "validation"


@dataclass(frozen=True)
class Part:
    """Some of the texts of a run or a data set."""

    name: str
    """What the run or the data set is called."""
    dataset: str
    id: str
    """``training``, ``validation``, ``test``, or the data set that a run was tested on later."""
    texts: LabelledTexts
    labels: tuple[str, ...]
    nouns: str
    """What the texts are called: ``reviews``."""
    base_model: str
    max_length: int | None
    """Tokens that the run reads of each; None if all are read."""
    predictions: Predictions | None
    note: str
    """Why there are no predictions, or an empty text."""


def parts_of(store: Store, source: str) -> tuple[str, ...]:
    """The parts that a run or a data set has, by their ids.

    Raises:
        NotFoundError: there is no such run or data set.
    """
    if source in DATASETS:
        return (TRAINING, TEST_SET) if DATASETS[source].is_learned else (TEST_SET,)
    run = _run(store, source)
    drawn = (TRAINING, VALIDATION) if isinstance(run.config, RunConfig) else ()
    sets = {each.evaluation_set for each in store.evaluations(source)}
    known = [*DATASETS, *(one.dataset for one in store.datasets())]
    further = [dataset for dataset in dict.fromkeys(known) if set_of(dataset) in sets]
    return (*drawn, TEST_SET, *further)


def part_of(store: Store, source: str, part: str = TEST_SET) -> Part:
    """Some of the texts of a run or a data set, with what the run said of them.

    Raises:
        NotFoundError: there is no such run or data set.
        InvalidFieldsError: it has no such part.
        AssetError: its texts are not here.
    """
    parts = parts_of(store, source)
    if part not in parts:
        refuse("part", must_be("part", f"one of {', '.join(parts)}", shown(part)))
    if source in DATASETS:
        return _of_dataset(source, part)
    return _of_run(store, _run(store, source), part)


def text_at(store: Store, source: str, index: int, part: str = TEST_SET) -> tuple[str, str]:
    """The text at that place, and its label.

    Raises:
        NotFoundError: there is no such run, data set or place.
        InvalidFieldsError: it has no such part.
        AssetError: its texts are not here.
    """
    found = part_of(store, source, part)
    if not 0 <= index < len(found.texts):
        raise NotFoundError(f"index must be between 0 and {len(found.texts) - 1:,}, got {index}.")
    return found.texts.texts[index], found.labels[found.texts.labels[index]]


def tested_on(run: Run) -> LabelledTexts:
    """The texts that a run was tested on.

    Raises:
        AssetError: they are not here.
    """
    if run.config.dataset not in DATASETS:
        raise AssetError(f"{run.config.name} cannot be shown beside its texts: {run.problem}")
    texts = tested_texts(data.load(run.config.dataset), run.config)
    if run.result is None:
        return texts
    texts = texts.take(range(min(run.result.num_test_reviews, len(texts))))
    if texts.fingerprint != run.result.test_set:
        raise AssetError(f"The {texts_of(run)} here are not those that the runs were tested on.")
    return texts


def _run(store: Store, source: str) -> Run:
    try:
        return store.get(source)
    except NotFoundError as error:
        raise NotFoundError(
            f"source must be the id of a run or a data set, got {shown(source)}."
        ) from error


def _of_dataset(dataset: str, part: str) -> Part:
    row, pools = DATASETS[dataset], data.load(dataset)
    return Part(
        name=_(row.label),
        dataset=dataset,
        id=part,
        texts=pools.test if part == TEST_SET else pools.training,
        labels=row.labels,
        nouns=row.nouns,
        base_model=default_base(),
        max_length=run_field("max_length").default,
        predictions=None,
        note=_("Choose a run to see what it says of them."),
    )


def _of_run(store: Store, run: Run, part: str) -> Part:
    predictions, note = None, ""
    if part in (TRAINING, VALIDATION):
        texts = _drawn(run, part)
        note = _("A run's predictions are kept for what it was tested on, not for these.")
    else:
        is_test = part == TEST_SET
        texts = tested_on(run) if is_test else texts_for(run.config, part)
        (found,) = collect(store, [run], TEST_SET if is_test else set_of(part))
        each = tested([found]).get(run.run_id)
        if each is None:
            note = found.facts.note or _("There are no predictions before a run is finished.")
        elif each.fingerprint != texts.fingerprint:
            note = _("The predictions are of other texts than those that are here now.")
        else:
            predictions = each.predictions
    return Part(
        name=with_epochs(run, run.config.name),
        dataset=run.config.dataset if part in (TRAINING, VALIDATION, TEST_SET) else part,
        id=part,
        texts=texts,
        labels=run.config.labels,
        nouns=texts_of(run),
        base_model=run.config.base_model,
        max_length=run.config.max_length,
        predictions=predictions,
        note=note,
    )


def _drawn(run: Run, part: str) -> LabelledTexts:
    assert isinstance(run.config, RunConfig)
    if run.config.dataset not in DATASETS:
        raise AssetError(f"{run.config.name} cannot be shown beside its texts: {run.problem}")
    try:
        drawn = draw(data.load(run.config.dataset), run.config)
    except InvalidFieldsError as error:  # its data set is another today
        raise AssetError(str(error)) from error
    return drawn.train if part == TRAINING else drawn.validation
