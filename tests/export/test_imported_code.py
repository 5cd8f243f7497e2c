"""Exported code of an import has its real configuration, and tests it with the run's numbers."""

import json
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest
import torch
from small_runs import Recorder, small_config

from peft_demo import adapters, models, statistics
from peft_demo.adapters import importing
from peft_demo.data import SENTIMENT
from peft_demo.errors import InvalidFieldsError
from peft_demo.export import code
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE, FAMILY
from peft_demo.runs import ImportedConfig
from peft_demo.runs.matching import plain
from peft_demo.statistics import Predictions

PEFT = {
    "patterns": {
        "r": 320,
        "lora_alpha": 1_024,
        "target_modules": ["q_lin", "v_lin"],
        "layers_to_transform": [1, 4],
        "layers_pattern": "layer",
        "rank_pattern": {"layer.4.attention.q_lin": 3},
        "alpha_pattern": {"v_lin": 0.5},
    },
    "regular expression": {
        "r": 2,
        "lora_alpha": 0.5,
        "target_modules": r".*layer\.[45]\.attention\.out_lin",
        "bias": "all",
    },
}


def config(**peft_config) -> ImportedConfig:
    values = {"peft_type": "LORA", "task_type": "SEQ_CLS", **peft_config}
    return ImportedConfig(
        {
            "name": 'From "afar"\\',
            "method": "lora",
            "max_length": 24,
            "max_length_from": "tokenizer.json",
            "num_test_reviews": 50,
            "peft_config": values,
            **peft_config,
        }
    )


@pytest.mark.parametrize("options", PEFT.values(), ids=PEFT)
def test_it_has_the_real_configuration_and_no_training(options):
    text = code.export(config(**options), "script")
    compile(text, "test.py", "exec")
    call = re.search(r"^peft_config = (LoraConfig\((?:.|\n)*?^\))", text, re.MULTILINE)[1]
    import peft

    built = eval(call, {"LoraConfig": peft.LoraConfig})
    expected = peft.LoraConfig(task_type="SEQ_CLS", **options)
    assert built == expected
    for word in ("learning_rate", "num_train_epochs", "SEED", "trainer.train(", "NUM_REVIEWS"):
        assert word not in text
    assert "how is not" in text


def test_the_notebook_is_one():
    import nbformat

    found = nbformat.reads(code.export(config(**PEFT["patterns"]), "notebook"), 4)
    nbformat.validate(found)
    assert not any("train.py" in cell.source for cell in found.cells)
    assert code.file_name("notebook", config()) == "test.ipynb"


def test_it_is_formatted(tmp_path):
    text = code.export(config(**PEFT["regular expression"]), "script")
    (tmp_path / "test.py").write_text(text)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I"]
    done = subprocess.run([*ruff, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_an_earlier_version_imported_is_refused():
    old = ImportedConfig({"name": "Old", "method": "lora"})
    for kind in code.KINDS:
        with pytest.raises(InvalidFieldsError, match="import it again"):
            code.export(old, kind)


@pytest.mark.slow
@pytest.mark.parametrize("options", PEFT.values(), ids=PEFT)
def test_it_gives_the_runs_own_numbers(options, base: models.Base, tmp_path, monkeypatch, capsys):
    import peft

    monkeypatch.setenv("PEFT_DEMO_PRECISION", "float32")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = peft.get_peft_model(
            base.private(SENTIMENT),
            peft.LoraConfig(task_type="SEQ_CLS", modules_to_save=list(FAMILY.head), **options),
        )
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data += 0.05 * torch.randn_like(parameter)
    adapters.save(model, tmp_path / "made")
    folder = importing.unpack(tmp_path / "made", tmp_path)
    found = importing.describe(folder, "mine", base_model=BUILTIN_BASE, max_length=24)
    found = ImportedConfig({**found.flat(), "num_test_reviews": 50})
    result = importing.test(found, folder, Recorder())
    folder.rename(tmp_path / code.folder_name(found))
    (tmp_path / "test.py").write_text(code.export(found, "script"))
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path("test.py")
    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert told["test_accuracy"] == result.test_accuracy
    shares = statistics.softmax(names["predicted"].predictions)
    saved = Predictions.load(tmp_path / code.folder_name(found))
    assert np.abs(shares - saved.probabilities).max() < 1e-4


@pytest.mark.parametrize("method", [m for m, row in METHODS.items() if row.peft_config])
def test_every_methods_configuration_comes_back(method):
    import peft

    run = small_config(method)
    built = METHODS[method].peft_config(run.method_values, run.setting)
    given = json.loads(json.dumps(plain({**built.to_dict(), "inference_mode": True})))
    found = ImportedConfig({"name": "x", "method": method, "peft_config": given})
    text = code.export(found, "script")
    compile(text, "test.py", "exec")
    call = re.search(r"^peft_config = (\w+\((?:.|\n)*?^\))", text, re.MULTILINE)[1]
    again = eval(call, vars(peft))
    assert plain(again.to_dict()) == plain({**built.to_dict(), "inference_mode": True})
