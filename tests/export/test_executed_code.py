"""Exported code, executed, gives the run's own numbers."""

import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import own_process
import pandas
import pytest
from nbclient import NotebookClient
from safetensors.torch import load_file
from small_runs import Recorder, small_config

from peft_demo.data import HUB_IMDB, ROTTEN_TOMATOES
from peft_demo.export.code import export, folder_name, script
from peft_demo.formats import percent
from peft_demo.models import HUB_BASE
from peft_demo.runs import PART_SEEDS, RunConfig
from peft_demo.training.loop import train

COLUMNS = ["Epoch", "Training Loss", "Validation Loss", "Accuracy"]

PLAIN = "plain"
"""Trained with PEFT_DEMO_FORWARD=transformers."""

HALF = "bfloat16"
"""Trained with PEFT_DEMO_PRECISION=bfloat16, the others in float32."""

EXECUTED = {
    # Before the others, whose scripts replace PyTorch's dropout in their common process.
    PLAIN: small_config("lora", name=PLAIN, num_train_epochs=2),
    HALF: small_config("lora", name=HALF, num_train_epochs=1),
    "lora": small_config("lora"),  # twelve steps, so that the table has a Training Loss too
    "prompt_tuning": small_config("prompt_tuning", dataset=ROTTEN_TOMATOES, num_train_epochs=1),
    "full_ft": small_config("full_ft", num_train_epochs=1),
    "pvera": small_config("pvera", num_train_epochs=1),
    "lily": small_config("lily", num_train_epochs=2),
    "head_only": small_config("head_only", num_train_epochs=2),
    # At this rate the first epoch is the best, and no checkpoint's last two has it in the end.
    # AdaLoRA does something in each step.
    "early": small_config(
        "adalora", name="early", learning_rate=0.01, num_train_epochs=5, early_stopping_patience=2
    ),
    "seeds": small_config(
        "shira",
        name="seeds",
        num_train_epochs=1,
        **{part: number for number, part in enumerate(PART_SEEDS, start=1)},
    ),
    "options": small_config(
        "lora",
        name="options",
        num_train_epochs=1,
        init_lora_weights="orthogonal",
        bias="lora_only",
        layers_to_transform="2-5",
        rank_pattern="q_lin: 4",
        alpha_pattern="v_lin: 32",
    ),
    # The second epoch reads what the frozen blocks remember of the first.
    "still": small_config(
        "lora", name="still", num_train_epochs=2, base_dropout=0, layers_to_transform="3-5"
    ),
    "hub": small_config(
        "lora", name="hub", base_model=HUB_BASE, dataset=HUB_IMDB, num_train_epochs=1
    ),
}


def executed_in_one_process(scripts: dict[str, str], folder: Path) -> dict[str, list[str]]:
    """The lines that each script prints, in a process that cannot import peft_demo."""
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    code = """
import contextlib, functools, gc, io, json, runpy, sys
import pandas, peft, scipy.stats, transformers
transformers.Trainer
gc.freeze()  # what is loaded stays; each training would look through it for garbage
tables, read = {}, pandas.read_csv

def read_once(path, **how):
    if path not in tables:
        tables[path] = read(path, **how)
    return tables[path]

pandas.read_csv = read_once
printed = {}
for name in sys.argv[1:]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(f"{name}.py", run_name="__main__")
    printed[name] = out.getvalue().splitlines()
assert "peft_demo" not in sys.modules
print(json.dumps(printed))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *scripts],  # isolated: the checkout is not on its path
        cwd=folder,
        env={**os.environ, "HF_DATASETS_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@dataclass(frozen=True)
class Executed:
    """One configuration, trained by the program and by its exported script."""

    config: RunConfig
    recorder: Recorder
    result: Any
    printed: list[str]
    own_folder: Path
    script_folder: Path

    @property
    def numbers(self) -> dict[str, Any]:
        return json.loads(self.printed[-1])


@pytest.fixture(scope="module")
def hub(tmp_path_factory, distilbert_folder) -> dict[str, Path]:
    """What stands in for the Hub's base and reviews."""
    folder = tmp_path_factory.mktemp("imdb")
    for part, first in (("train", 0), ("test", 4_500)):
        numbers = range(first, first + 4_500)
        texts = [f"The film was {'good' if n % 2 else 'bad'}, number<br />{n}" for n in numbers]
        table = pandas.DataFrame({"text": texts, "label": [n % 2 for n in numbers]})
        table.to_parquet(folder / f"{part}-00000-of-00001.parquet")
    return {HUB_BASE: distilbert_folder, HUB_IMDB: folder}


@pytest.fixture(scope="module")
def all_executed(tmp_path_factory, hub) -> dict[str, Executed]:
    scripts_folder = tmp_path_factory.mktemp("scripts")
    places = {
        "PEFT_DEMO_DISTILBERT_FOLDER": str(hub[HUB_BASE]),
        "PEFT_DEMO_IMDB_FOLDER": str(hub[HUB_IMDB]),
        "HF_DATASETS_CACHE": str(scripts_folder / "cache"),
    }
    scripts, trained = {}, {}
    # As the scripts are: what this process has done before moves the last digit.
    with (
        pytest.MonkeyPatch.context() as patch,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process,
    ):
        for name, value in places.items():
            patch.setenv(name, value)
        for name, config in EXECUTED.items():
            environment = {
                **places,
                "PEFT_DEMO_FORWARD": "transformers" if name == PLAIN else "fast",
                "PEFT_DEMO_PRECISION": HALF if name == HALF else "float32",
            }
            for variable, value in environment.items():
                patch.setenv(variable, value)
            scripts[name] = script(config)
            folder = tmp_path_factory.mktemp(config.method)
            # The others are loaded as the one before.
            anew = name in (PLAIN, HALF, "lora")
            job = partial(own_process.trained, config.flat(), folder, environment, loads_anew=anew)
            trained[name] = (*process.submit(job).result(), folder)
    for hub_id, folder in hub.items():
        scripts["hub"] = scripts["hub"].replace(f'"{hub_id}"', json.dumps(str(folder)))
    printed = executed_in_one_process(scripts, scripts_folder)
    return {
        name: Executed(
            config,
            *trained[name][:2],
            printed[name],
            trained[name][2],
            scripts_folder / folder_name(config),
        )
        for name, config in EXECUTED.items()
    }


def same_numbers(
    numbers: dict[str, Any], recorder: Recorder, result: Any, rounding: float = 1e-6
) -> None:
    """The exported code's numbers are the run's own."""
    # A review may change sides where losses are as coarse as that.
    sides = 0.0 if rounding < 1e-3 else 0.15
    assert [row["Epoch"] for row in numbers["epochs"]] == [e.epoch for e in recorder.epochs]
    for row, epoch, own in zip(
        numbers["epochs"], recorder.epochs, result.training_table, strict=True
    ):
        assert row["Validation Loss"] == pytest.approx(epoch.eval_loss, abs=rounding)
        assert row["Accuracy"] == pytest.approx(epoch.eval_accuracy, abs=sides)
        if own["Training Loss"] == "No log":
            assert row["Training Loss"] == "No log"
        else:
            assert row["Training Loss"] == pytest.approx(own["Training Loss"], abs=2 * rounding)
    assert numbers["test_accuracy"] == pytest.approx(result.test_accuracy, abs=sides)
    assert numbers["test_interval"] == pytest.approx(result.test_interval, abs=sides or None)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXECUTED)
class TestAnExecutedScript:
    @pytest.fixture
    def executed(self, all_executed, name) -> Executed:
        return all_executed[name]

    def test_gives_the_runs_own_numbers(self, executed):
        early = executed.result.stopped_early
        done = early.epoch if early else executed.config.num_train_epochs
        assert len(executed.recorder.epochs) == done
        assert executed.result.kept_epoch == (1 if early else done)
        assert (early is None) == (executed.config.early_stopping_patience == 0)
        rounding = 5e-3 if executed.config.name == HALF else 1e-6
        same_numbers(executed.numbers, executed.recorder, executed.result, rounding)
        assert (executed.result.precision == HALF) == (executed.config.name == HALF)
        is_plain = executed.config.name == PLAIN
        assert executed.result.environment["forward"] == ("transformers" if is_plain else "fast")

    def test_saves_the_runs_own_weights(self, executed):
        (own,) = executed.own_folder.glob("*model.safetensors")
        saved = executed.script_folder / own.name
        if executed.config.name == PLAIN:
            # Not in one line: pytest would look for where megabytes differ until its time is over.
            is_the_same = saved.read_bytes() == own.read_bytes()
            assert is_the_same
        weights = load_file(saved)
        for name, tensor in load_file(own).items():
            # The last layer's products are of other sizes here, and so are their roundings. A
            # key's bias has no gradient but roundings, which AdamW makes as large as any other.
            # In bfloat16 the run's and the script's are each a fifth away from those in float32.
            if not name.endswith("k_lin.bias"):
                difference = (weights.pop(name).float() - tensor.float()).norm()
                rounding = 0.3 if executed.config.name == HALF else 1e-3
                assert difference <= rounding * tensor.float().norm(), name
        assert all(name.endswith("k_lin.bias") for name in weights)

    def test_ends_with_the_table_the_accuracy_and_the_numbers(self, executed):
        start = next(n for n, line in enumerate(executed.printed) if "Validation Loss" in line)
        epochs = len(executed.recorder.epochs)
        assert [name for name in COLUMNS if name in executed.printed[start]] == COLUMNS
        rows = [line.split() for line in executed.printed[start + 1 : start + 1 + epochs]]
        assert [(row[0], row[-2], row[-1]) for row in rows] == [
            (str(row["Epoch"]), f"{row['Validation Loss']:.6f}", f"{row['Accuracy']:.6f}")
            for row in executed.numbers["epochs"]
        ]
        numbers = executed.numbers
        value, low, high = map(percent, (numbers["test_accuracy"], *numbers["test_interval"]))
        assert executed.printed[start + 1 + epochs :] == [
            f"Test accuracy {value} on 50 reviews (95 % Wilson interval {low} to {high})",
            executed.printed[-1],
        ]


@pytest.mark.slow
def test_a_training_loss_is_among_the_numbers(all_executed):
    losses = [row["Training Loss"] for row in all_executed["lora"].numbers["epochs"]]
    assert losses[:2] == ["No log", "No log"]
    assert losses[2] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("in_float32")
def test_an_executed_notebook_gives_the_runs_own_numbers(tmp_path, monkeypatch, base):
    # The kernel "python3" that is found must be this interpreter's.
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": command, "display_name": "Python 3", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    config = small_config("lora", num_train_epochs=2, per_device_train_batch_size=8)
    recorder = Recorder()
    result = train(config, tmp_path, recorder)
    book = nbformat.reads(export(config, "notebook"), as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.text
        for cell in book.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )
    same_numbers(json.loads(printed.splitlines()[-1]), recorder, result)
    assert (tmp_path / folder_name(config) / "adapter_model.safetensors").exists()
