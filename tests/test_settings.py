"""Environment variables: each has a row, a check and a sentence."""

import re

import pytest
from small_runs import ROOT

from peft_demo import settings
from peft_demo.errors import InvalidFieldsError
from peft_demo.settings import SETTINGS, Choice

CHOICES = [setting for setting in SETTINGS if isinstance(setting, Choice)]


def test_no_other_file_of_the_package_reads_a_variable_of_ours():
    for path in (ROOT / "peft_demo").rglob("*.py"):
        if path.name != "settings.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(environ|getenv)\W.*PEFT_DEMO", text), path


def test_every_row_is_in_the_table_once():
    names = ("Choice", "Folder", "Names", "Password", "RayAddress")
    kinds = tuple(getattr(settings, name) for name in names)
    rows = [*vars(settings).values(), *settings.most.values()]
    assert [row for row in rows if isinstance(row, kinds)] == list(SETTINGS)
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize("setting", CHOICES, ids=lambda setting: setting.variable)
class TestChoice:
    def test_the_first_holds_where_nothing_is_set(self, setting, monkeypatch):
        monkeypatch.delenv(setting.variable, raising=False)
        assert setting() == setting.choices[0]
        monkeypatch.setenv(setting.variable, "")
        assert setting() == setting.choices[0]

    def test_others_are_refused_in_a_sentence_that_names_what_is_allowed(
        self, setting, monkeypatch
    ):
        monkeypatch.setenv(setting.variable, "x" * 1_000)
        with pytest.raises(InvalidFieldsError) as refused:
            settings.check()
        sentence = str(refused.value)
        assert sentence.startswith(f"{setting.variable} must be {setting.choices[0]}")
        assert all(choice in sentence for choice in setting.choices)
        assert len(sentence) < 200


def test_folders(monkeypatch, tmp_path):
    monkeypatch.delenv("PEFT_DEMO_HOME")
    assert settings.home() == ROOT / "adapters" / "runs"
    assert settings.imdb_folder() is None
    monkeypatch.setenv("PEFT_DEMO_HOME", "~/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings.home() == tmp_path / "elsewhere"


def test_names(monkeypatch):
    assert settings.hosts() == ()
    monkeypatch.setenv("PEFT_DEMO_HOSTS", "Lab.School.example, peft , ")
    assert settings.hosts() == ("lab.school.example", "peft")
    monkeypatch.setenv("PEFT_DEMO_HOSTS", "lab, http://lab/")
    with pytest.raises(InvalidFieldsError, match=r"PEFT_DEMO_HOSTS must be names .*'http://lab/'"):
        settings.check()
