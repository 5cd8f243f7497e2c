"""What the README says is what the program is."""

import re
from pathlib import Path

import update_readme
import yaml

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_tables_are_fresh():
    assert update_readme.updated(README) == README, "run make readme"


def test_spaces_front_matter_fits_the_pinned_gradio():
    front = yaml.safe_load(README.split("---")[1])
    pinned = re.search(r"^gradio==(\S+)", (ROOT / "requirements.txt").read_text(), re.M)
    assert front["sdk_version"] == pinned.group(1)
    assert (ROOT / front["app_file"]).exists()
    assert len(front["short_description"]) <= 60


def test_the_picture_and_every_file_that_is_named_exist():
    for path in re.findall(r"\]\((docs/[^)]+)\)", README):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"^  (\w+\.py)", README, re.M):
        assert (ROOT / "peft_demo" / name).exists(), name


def test_committed_adapters_are_small_enough_for_the_hub():
    files = [path for path in (ROOT / "adapters").glob("reference-*/*") if path.is_file()]
    assert files
    assert max(path.stat().st_size for path in files) < 10_000_000
