"""The length that an import is tested at: what a person, or its files, say of it."""

import json

import pytest
from imported_adapters import IA3

from peft_demo.adapters import importing
from peft_demo.adapters.importing.lengths import TAKEN
from peft_demo.errors import InvalidFieldsError
from peft_demo.runs.imported import CHOSEN, LENGTH_UNKNOWN

pytestmark = pytest.mark.usefixtures("untried")

RUN = {"run.json": {"config": {"max_length": 70}}}
TRUNCATION = {"tokenizer.json": {"truncation": {"max_length": 90, "stride": 0}}}
TOKENIZER = {"tokenizer_config.json": {"model_max_length": 120}}


def described(copied, beside, **said):
    folder = copied(IA3)
    for name, values in beside.items():
        text = values if isinstance(values, str) else json.dumps(values)
        (folder / name).write_text(text)
    return importing.describe(folder, **said)


@pytest.mark.parametrize(
    ("beside", "length", "origin"),
    [
        (RUN | TRUNCATION | TOKENIZER, 70, "run.json"),
        (TRUNCATION | TOKENIZER, 90, "tokenizer.json"),
        (TOKENIZER, 120, "tokenizer_config.json"),
        ({"tokenizer.json": {"truncation": None}} | TOKENIZER, 120, "tokenizer_config.json"),
        ({}, TAKEN, LENGTH_UNKNOWN),
        ({"tokenizer_config.json": {"model_max_length": 10**30}}, TAKEN, LENGTH_UNKNOWN),
        ({"tokenizer_config.json": {"model_max_length": 2}}, TAKEN, LENGTH_UNKNOWN),
        ({"tokenizer_config.json": {"model_max_length": True}}, TAKEN, LENGTH_UNKNOWN),
        ({"tokenizer.json": "[" * 100_000}, TAKEN, LENGTH_UNKNOWN),
        ({"run.json": "[1]", "tokenizer.json": '{"truncation": 3}'}, TAKEN, LENGTH_UNKNOWN),
    ],
)
def test_its_files_say_it(copied, beside, length, origin):
    config = described(copied, beside)
    assert (config.max_length, config.max_length_from) == (length, origin)
    assert config.is_length_known is (origin != LENGTH_UNKNOWN)
    told = " ".join(config.notes)
    assert f"{length}" in told
    assert (origin if config.is_length_known else "not in the adapter's files") in told


def test_a_person_counts_more(copied):
    config = described(copied, RUN, max_length=33)
    assert (config.max_length, config.max_length_from, config.notes) == (33, CHOSEN, ())


@pytest.mark.parametrize("length", [7, 513, "many"])
def test_a_length_that_the_base_cannot_read(copied, length):
    with pytest.raises(InvalidFieldsError) as caught:
        described(copied, {}, max_length=length)
    assert list(caught.value.problems) == ["max_length"]
