"""The commands about configurations, and about files brought in or taken away."""

import io
import json
import shutil

import pytest
from imported_adapters import SMALL

from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs import RunConfig
from peft_demo.runs.schema import describe_methods
from peft_demo.settings import ADAPTERS


@pytest.mark.slow
def test_a_configuration_is_counted_without_training(command):
    done = command("count", "--json", "--set", "method=lora", "--set", "r=16")
    assert done.status == 0, done.err
    counts = json.loads(done.out)
    assert counts["num_adapter_parameters"] == 663_552
    assert counts["num_head_parameters"] == 148_610
    assert counts["expected_seconds"] is None
    assert "num_adapter_parameters" in command("count", "--preset", "lora-1").out


def test_a_bad_value_is_refused_by_its_field(command):
    done = command("count", "--set", "method=oft", "--set", "oft_block_size=33")
    assert done.status == 2
    assert "oft_block_size must divide" in done.err
    assert "got 33" in done.err


@pytest.mark.parametrize("kind", ["script", "notebook"])
@pytest.mark.slow
def test_code_of_a_preset_and_of_a_run(command, kind):
    for source in (["--preset", "ia3"], ["--run", "reference-ia3"]):
        done = command("code", kind, *source)
        assert done.status == 0, done.err
        assert "IA3Config(" in done.out


def test_another_kind_of_code_is_refused(command):
    done = command("code", "poem")
    assert done.status == 2
    assert "kind must be" in done.err


def test_somebody_elses_configuration_is_read(command, tmp_path):
    file = tmp_path / "config.py"
    file.write_text("LoraConfig(r=4, target_modules=['q_lin'], use_qalora=True)")
    done = command("read-config", str(file))
    assert done.status == 0, done.err
    assert RunConfig(json.loads(done.out)).method_values["r"] == 4
    assert "use_qalora" in done.err


def test_values_and_notes_come_as_json(command, tmp_path):
    file = tmp_path / "notebook.ipynb"
    cell = {"cell_type": "code", "source": ["!pip install peft\n", "LoraConfig(r=4, bias=b)"]}
    file.write_text(json.dumps({"cells": [cell], "nbformat": 4}), encoding="utf-16")
    done = command("read-config", str(file), "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert set(told) == {"values", "notes"}
    assert RunConfig(told["values"]).method_values["r"] == 4
    assert "bias=b in cell 1, line 2" in told["notes"][0]
    assert done.err == ""


def test_one_of_several_configurations_is_chosen(command, tmp_path):
    file = tmp_path / "script.py"
    file.write_text("LoraConfig(r=4)\nLoraConfig(r=2)")
    done = command("read-config", str(file))
    assert done.status == 2
    assert "2. LoraConfig in line 2 (r=2)" in done.err
    done = command("read-config", str(file), "--choice", "2")
    assert RunConfig(json.loads(done.out)).method_values["r"] == 2


def test_a_configuration_comes_on_standard_input(command, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"LoraConfig(r=4)")))
    done = command("read-config", "-")
    assert RunConfig(json.loads(done.out)).method_values["r"] == 4


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_refused(command, tmp_path, content):
    file = tmp_path / "config.py"
    if content is not None:
        file.write_bytes(content)
    done = command("read-config", str(file))
    assert done.status == 2
    assert "FILE must be a text file" in done.err


@pytest.mark.slow
def test_an_adapter_from_elsewhere_is_tested_and_predicts(command, tmp_path, base):
    archive = shutil.make_archive(str(tmp_path / "mine"), "zip", ADAPTERS / "reference-ia3")
    done = command("import-adapter", archive, "--name", "from a friend")
    assert done.status == 0, done.err
    run_id = done.out.split()[0]
    assert command("predict", "A fine film.", "--run", run_id).status == 0
    # At the length that its run.json has, it is as right as the reference run itself.
    reference, again = (
        json.loads(command("show", each, "--json").out) for each in ("reference-ia3", run_id)
    )
    assert again["config"]["max_length"] == reference["config"]["max_length"]
    accuracies = (each["result"]["test_accuracy"] for each in (reference, again))
    assert next(accuracies) == pytest.approx(next(accuracies), abs=0.004)


def test_what_is_no_adapter_is_refused(command, tmp_path):
    done = command("import-adapter", str(tmp_path / "nothing.zip"))
    assert done.status == 2
    assert "adapter" in done.err


class TestMethods:
    def test_json_is_the_catalogue(self, command):
        assert json.loads(command("methods", "--json").out) == json.loads(
            json.dumps(describe_methods())
        )

    def test_text_names_every_field_with_its_limits(self, command):
        text = command("methods").out
        for method in METHODS.values():
            assert method.summary in text
            for field in method.fields:
                assert field.name in text
                assert field.allowed in text


class TestExportBase:
    def test_writes_a_folder(self, command, tmp_path, base):
        done = command("export-base", str(tmp_path / "base"))
        assert done.status == 0, done.err
        names = {path.name for path in (tmp_path / "base").iterdir()}
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= names

    def test_a_file_in_the_way_is_told(self, command, tmp_path, base):
        (tmp_path / "file").write_text("precious")
        done = command("export-base", str(tmp_path / "file"))
        assert done.status != 0
        assert "DIR must be a folder that can be written to" in done.err
        assert (tmp_path / "file").read_text() == "precious"


def test_import_adapter_asks_which_of_several(command, tmp_path):
    for folder in ("checkpoint-5", "checkpoint-10"):
        (tmp_path / "out" / folder).mkdir(parents=True)
        for name, data in SMALL.items():
            (tmp_path / "out" / folder / name).write_bytes(data)
    done = command("import-adapter", str(tmp_path / "out"))
    assert done.status == 2
    assert 'one of those that are there: "checkpoint-5", "checkpoint-10".' in done.err
    done = command("import-adapter", str(tmp_path / "out"), "--adapter", "checkpoint-10")
    assert done.status == 2
    assert "peft_type" in done.err  # of the one that was chosen


def test_import_adapter_asks_what_it_was_trained_on(command, tmp_path):
    copied = shutil.copytree(ADAPTERS / "reference-ia3", tmp_path / "mine")
    path = copied / "adapter_config.json"
    path.write_text(path.read_text().replace(BUILTIN_BASE, "./out/base"))
    done = command("import-adapter", str(copied))
    assert done.status == 2
    assert f'names the folder "./out/base", which could hold any: what fits is {BUILTIN_BASE}' in (
        done.err
    )
    done = command("import-adapter", str(copied), "--base-model", "gpt2")
    assert done.status == 2
    assert "base_model must be" in done.err
