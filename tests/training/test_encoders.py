"""A BERT, a RoBERTa and an ALBERT with five labels go the whole way, import and export included."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from small_runs import few_modules
from tiny_encoders import save_tiny

from peft_demo import comparison
from peft_demo.adapters import importing
from peft_demo.execution import Engine
from peft_demo.export import code
from peft_demo.inference import Predictor
from peft_demo.models import own
from peft_demo.runs import RunConfig, RunStatus
from peft_demo.statistics import Predictions

FAMILIES = ("bert", "roberta", "albert")


@pytest.mark.slow
def test_the_whole_way_of_three_families(
    store, five, tmp_path, monkeypatch, forget_bases, in_float32
):
    ids = []
    for family in FAMILIES:
        folder = save_tiny(family, tmp_path / f"my-{family}")
        own.add(str(folder), may_be_folder=True)
        config = RunConfig(
            base_model=folder.name,
            dataset=five.id,
            **few_modules("lora"),
            **{"num_train_epochs": 2, "num_reviews": 50, "num_test_reviews": 50, "max_length": 16},
            base_dropout=0,
        )
        run = Engine(store).run(store.start(config, "tester"))
        assert run.status is RunStatus.COMPLETED, run.error
        ids.append(run.run_id)
    wanted = comparison.check_run_ids(store, ids)
    compared = comparison.compare(store, wanted)
    assert [each.run_id for each in compared.runs] == ids
    answers = Predictor(store).predict("we saw a hammer today", ids)
    assert [answer.run_id for answer in answers] == ids
    assert all(len(answer.probabilities) == 5 for answer in answers)
    for run_id in ids:
        run = store.get(run_id)
        described = importing.describe(
            _copied(store.folder_of(run_id), tmp_path / run_id), dataset=five.id
        )
        assert (described.base_model, described.method) == (run.config.base_model, "lora")
    # The script of one, in a process that has no peft_demo, by the folder's name.
    run = store.get(ids[0])
    (tmp_path / "train.py").write_text(code.export(run.config, "script"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "train.py"],
        cwd=tmp_path,
        env={**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    numbers = json.loads(done.stdout.splitlines()[-1])
    assert [row["Validation Loss"] for row in numbers["epochs"]] == pytest.approx(
        [epoch.eval_loss for epoch in run.epochs], abs=1e-4
    )
    assert numbers["test_accuracy"] == Predictions.load(store.folder_of(ids[0])).accuracy.value


def _copied(folder, destination):

    destination.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copy(folder / name, destination)
    return destination
