"""JSON as people keep it, and files that are not what they are taken for."""

import json

import pytest

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import reading
from peft_demo.runs.reading.files import decoded


@pytest.mark.parametrize(
    "text",
    [
        '{"peft_type": "LORA", "r": 3, "target_modules": ["v_lin",],}',
        '{\n  // mine\n  "peft_type": "LORA", # LoRA\n  "r": 3, /* three\n */ '
        '"target_modules": ["v_lin"]\n}',
        "{“peft_type”: “LORA”, “r”: 3, “target_modules”: [“v_lin”]}",
        'My adapter_config.json is\n\n{\n  "peft_type": "LORA", "inference_mode": true,\n'
        '  "r": 3, "modules_to_save": null, "target_modules": ["v_lin"]\n}\n\nand it isn\'t good.',
        '```json\n{"peft_type": "LORA", "r": 3, "target_modules": ["v_lin"]}\n```',
        '\ufeff{"peft_type": "LORA", "r": 3, "target_modules": ["v_lin"]}',
        'ï»¿{"peft_type": "LORA", "r": 3, "target_modules": ["v_lin"]}',
        "{'peft_type': 'LORA', 'r': 3, 'target_modules': ('v_lin',)}",
        '{"r": 3, "lora_alpha": 8, "method": "lora", "target_modules": ["v_lin"]}',
        '{"run_id": "run-1", "config": {"r": 3, "method": "lora", "target_modules": ["v_lin"]}}',
    ],
)
def test_is_read_as_it_is_meant(text):
    imported = reading.read(text)
    assert (imported.values["r"], imported.values["target_modules"]) == (3, ["v_lin"])
    assert imported.notes == ()


def test_slashes_and_commas_in_texts_stay():
    text = '{"method": "lora", "name": "a // b, ] /* c */ # d",}'
    assert reading.read(text).values["name"] == "a // b, ] /* c */ # d"


def test_options_of_lora_that_have_lost_their_peft_type():
    text = '{"r": 3, "lora_alpha": 8, "bias": "none", "target_modules": ["v_lin"]}'
    imported = reading.read(text)
    assert (imported.values["method"], imported.values["r"]) == ("lora", 3)
    assert "peft_type is not given" in imported.notes[0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"config": {"architecture": "lora", "r": 8}, "model_name": "x"}, ("AdapterHub",)),
        ({"config": None, "model_class": "BertAdapterModel", "version": "adapters.1.0.1"},
         ("AdapterHub",)),
        ({"architectures": ["X"], "model_type": "bert"}, ("config.json", "adapter_config.json")),
        ({"log_history": [], "epoch": 2}, ("trainer_state.json",)),
        ({"output_dir": "x", "per_device_train_batch_size": 3}, ("training_args.json",)),
        ({"tokenizer_class": "X"}, ("tokenizer_config.json",)),
        ({"metadata": {}, "weight_map": {}}, ("weights",)),
    ],
)  # fmt: skip
def test_another_file_is_told_as_what_it_is(values, words):
    with pytest.raises(InvalidFieldsError) as caught:
        reading.read(json.dumps(values))
    assert set(caught.value.problems) == {"config"}
    for word in words:
        assert word in caught.value.problems["config"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n"peft_type": "LORA"\n"r": 8}', ("JSON", "',' delimiter", "line 3")),
        ('{"peft_type": "LORA", "r": 8', ("JSON", "line 1")),
        ('{"a": 1, "a": 2,}', ("twice",)),
        ('{"cells": [{"cell_type": "code", "source": "x = 1"', ("JSON", "line 1")),
    ],
)
def test_what_is_no_json_says_where(text, words):
    with pytest.raises(InvalidFieldsError) as caught:
        reading.read(text)
    for word in words:
        assert word in caught.value.problems["config"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_bytes_are_text_in_what_their_mark_says(encoding):
    assert decoded("größe".encode(encoding)) == "größe"
    with pytest.raises(UnicodeDecodeError):
        decoded(b"\x80\x81")
