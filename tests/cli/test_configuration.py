"""The command line's verbs about configurations."""

import json
import shutil

import pytest
from small_runs import SMALL

from peft_demo.runs import RunConfig
from peft_demo.settings import ADAPTERS


def settings(**values):
    return [
        argument
        for name, value in {**SMALL, **values}.items()
        for argument in ("--set", f"{name}={value}")
    ]


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


@pytest.mark.slow
def test_a_learning_rate_is_looked_for(command, base):
    done = command("find-rate", "--json", *settings(method="ia3"))
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["learning_rates"] == sorted(found["learning_rates"])
    assert found["is_sure"] or found["reason"]


@pytest.mark.parametrize("kind", ["script", "notebook"])
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
    file.write_text("LoraConfig(r=4, target_modules=['q_lin'], bias='all')")
    done = command("read-config", str(file))
    assert done.status == 0, done.err
    assert RunConfig(json.loads(done.out)).method_values["r"] == 4
    assert "bias" in done.err


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


def test_what_is_no_adapter_is_refused(command, tmp_path):
    done = command("import-adapter", str(tmp_path / "nothing.zip"))
    assert done.status == 2
    assert "adapter" in done.err
