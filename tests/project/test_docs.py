"""README and docs/ say what the program is."""

import json
import re

import pytest
import typer.main
import update_readme
from generated import diffs, lab, lists, texts
from small_runs import ROOT

from peft_demo.cli.app import app

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", update_readme.GENERATED)
def test_what_is_generated_is_fresh(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert update_readme.updated(page) == text, "run make readme"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
class TestPage:
    def test_every_link_leads_somewhere(self, page):
        for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), link

    def test_every_variable_that_is_named_can_be_set(self, page):
        named = set(re.findall(r"PEFT_DEMO_[A-Z_]+", page.read_text(encoding="utf-8")))
        assert all(f"`{variable}`" in lists.settings() for variable in named)

    def test_every_command_that_is_shown_is_understood(self, page):
        commands = typer.main.get_command(app).commands
        text = page.read_text(encoding="utf-8")
        for name, rest in re.findall(r"python -m peft_demo ([a-z-]+)([^\n#`]*)", text):
            command = commands[name]
            if within := getattr(command, "commands", None):
                command = within[rest.split()[0]]
            options = {name for each in command.params for name in each.opts}
            assert set(re.findall(r"(?<=\s)--[a-z-]+", rest)) <= {*options, "--help"}, name

    def test_every_target_of_make_that_is_shown_exists(self, page):
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
        named = re.findall(r"(?:`|^)make ([a-z][a-z-]+)", page.read_text("utf-8"), re.M)
        assert set(named) <= set(targets)


def test_every_page_of_docs_can_be_reached_from_the_readme():
    for page in PAGES[2:]:
        assert f"(docs/{page.name})" in README


def test_what_the_review_lab_takes_is_told_as_it_was_kept(tmp_path, monkeypatch):
    told = {"date": "2026-11-28", "commit": "abc", "processor": "P", "cores": 2, "note": ""}
    way = {"first": 0.5, "all": 4.5, "cpu_seconds": 6.25}
    ways = {"leaving_out": way, "integrated_gradients": way}
    path = tmp_path / "explaining.json"
    path.write_text(json.dumps({"waits": {**told, "words": 100, "adapters": 4, "ways": ways}}))
    monkeypatch.setattr(lab, "PARTS", {"waits": path, "file": tmp_path / "none.json"})
    text = lab.speed()
    assert "until the first adapter is explained | 0.50 s | < 1 s | yes |" in text
    assert "until the last of 4 is explained | 4.50 s (6.25 s of one core) | < 4 s | no |" in text
    assert "(2026-11-28, 2 cores of P, commit `abc`)" in text
    assert text.endswith("Not measured since it last changed: file.")


def test_the_rows_that_are_shown_are_real_ones():
    assert f'+        id="{diffs.METHOD}",' in diffs.method()


def test_committed_adapters_are_small_enough_for_the_hub():
    files = [path for path in (ROOT / "adapters").glob("reference-*/*") if path.is_file()]
    assert files
    assert max(path.stat().st_size for path in files) < 10_000_000


def test_what_the_walks_say_to_press_stands_on_the_page():
    walks = README.partition("## Three walks")[2].partition("**A Space**")[0]
    pressed = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", walks))
    assert len(pressed) > 15
    assert pressed <= {message.id for message in texts.read("de")}
