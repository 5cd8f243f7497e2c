"""What the README says is what the program is."""

import re
from pathlib import Path

import pytest
import update_readme
import yaml

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", update_readme.GENERATED, ids=lambda path: path.name)
def test_what_is_generated_is_fresh(path):
    assert update_readme.updated(path) == path.read_text(encoding="utf-8"), "run make readme"


def test_the_row_in_contributing_is_a_real_one():
    assert f'+        id="{update_readme.EXAMPLE}",' in update_readme.example_row()


def test_spaces_front_matter_fits_the_pinned_gradio():
    front = yaml.safe_load(README.split("---")[1])
    pinned = re.search(r"^gradio==(\S+)", (ROOT / "requirements.txt").read_text(), re.M)
    assert front["sdk_version"] == pinned.group(1)
    assert (ROOT / front["app_file"]).exists()
    assert len(front["short_description"]) <= 60


def test_the_picture_and_every_file_that_is_named_exist():
    for path in re.findall(r"\]\((docs/[^)]+)\)", README):
        assert (ROOT / path).exists(), path
    names = re.findall(r"^  (\w+\.py)(?:, (\w+\.py))?", README, re.M)
    for name in filter(None, (name for pair in names for name in pair)):
        assert (ROOT / "peft_demo" / name).exists(), name


def test_committed_adapters_are_small_enough_for_the_hub():
    files = [path for path in (ROOT / "adapters").glob("reference-*/*") if path.is_file()]
    assert files
    assert max(path.stat().st_size for path in files) < 10_000_000
