"""The house: small files, and tests that mirror the rooms."""

import re

import pytest
from generated import house
from small_runs import ROOT

MOST_LINES = 400

CODE = [
    path
    for folder in ("peft_demo", "tests", "benchmarks", "scripts")
    for pattern in ("*.py", "*.js", "*.css", "*.html")
    for path in (ROOT / folder).rglob(pattern)
    if path.parent.name != "vendor"
]


def test_no_file_is_long():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    long = {str(path.relative_to(ROOT)) for path in lines if lines[path] > MOST_LINES}
    assert long == set()


def test_the_page_has_little_javascript_of_its_own():
    """Issue 13."""
    own = [path for path in CODE if path.suffix == ".js" and "assets" in path.parts]
    lines = [path.read_bytes().count(b"\n") for path in own]
    assert 2_000 < sum(lines) < 3_000


def test_every_folder_of_tests_is_a_room():
    folders = {
        path.name
        for path in (ROOT / "tests").iterdir()
        if path.is_dir() and path.name[0] not in "._"
    }
    assert folders <= {*house.rooms(), "app", "project"}


def test_every_room_is_in_the_contract_and_says_what_it_is():
    files = {path.stem for path in (ROOT / "peft_demo").glob("*.py")}
    folders = {path.parent.name for path in (ROOT / "peft_demo").glob("*/__init__.py")}
    assert files | folders == {*house.rooms(), "__init__", "__main__"}
    for room in house.rooms():
        assert house.sentence(room).endswith("."), room


def test_only_tests_of_the_project_import_benchmarks():
    importing = {
        path.parent.name
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^\s*(from|import) benchmarks", path.read_text(encoding="utf-8"), re.M)
    }
    assert importing == {"project"}


def test_scripts_in_strings_import_what_is_there():
    """Tests and benchmarks start processes with scripts that nothing else reads."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "peft_demo").rglob("*.py")
    }
    statement = re.compile(r"(?:from|import) (peft_demo(?:\.\w+)*)(?: import (\w+))?")
    for path in CODE:
        for module, name in statement.findall(path.read_text(encoding="utf-8")):
            assert module in modules, path
            assert module != "peft_demo" or not name or f"peft_demo.{name}" in modules, path


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_no_file_is_named_after_nothing(name):
    assert not [path for path in CODE if path.stem == name]


@pytest.mark.parametrize(
    "room", ["adapters", "execution", "models", "statistics", "storage", "training"]
)
def test_what_texts_and_labels_are_stands_in_the_rows_of_data_sets(room):
    known = r"imdb|rotten|review|film|movie|\bnegative\b|\bpositive\b"
    names = r"num_(train_|validation_|test_)?reviews"  # of a run's fields, for ever
    found = {
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "peft_demo" / room).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(known, re.sub(names, "", line), re.I)
    }
    assert found == set()


NAMES_OF_A_FAMILY = re.compile(
    r"distilbert|\b[qkv]_lin\b|\bout_lin\b|ffn\.lin\d|sa_layer_norm|output_layer_norm"
    r"|transformer\.layer|pre_classifier",
    re.IGNORECASE,
)

KNOW_A_FAMILY = {
    "peft_demo/settings.py": "names the variable of a local copy",
    "peft_demo/ui/api.py": "shows a call as an example",
}


def test_only_models_know_what_a_family_calls_its_parts():
    found = {
        str(path.relative_to(ROOT))
        for path in CODE
        if path.is_relative_to(ROOT / "peft_demo")
        and not path.is_relative_to(ROOT / "peft_demo" / "models")
        and NAMES_OF_A_FAMILY.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(KNOW_A_FAMILY)
