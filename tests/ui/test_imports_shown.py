"""What the page tells of an import: its file's settings, how it was read, and nothing made up."""

import csv
import io
import json

import pytest
from asking import ask, file
from compared_runs import finish, probabilities
from small_runs import small_config

from peft_demo.runs import ImportedConfig, RunKind
from peft_demo.runs.imported import LENGTH_UNKNOWN
from peft_demo.ui.pages.board import Board
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.run_states import fields
from peft_demo.ui.run_table import RunTable
from peft_demo.ui.services import Services

TRAINING = ("learning_rate", "num_train_epochs", "num_reviews", "seed", "data_seed")

VALUES = {
    "name": "From afar",
    "method": "lora",
    "max_length": 200,
    "max_length_from": "tokenizer.json",
    "num_test_reviews": 200,
    "r": 320,
    "lora_alpha": 0.5,
    "use_rslora": True,
    "target_modules": r".*layer\.[45].*q_lin",
    "rank_pattern": {"layer.5.attention.q_lin": 2},
    "peft_config": {"peft_type": "LORA", "r": 320},
}


@pytest.fixture
def services(home):
    services = Services()
    yield services
    services.store.close()


def an_import(services, wrong=20, **changes):
    config = ImportedConfig({**VALUES, **changes})
    run = services.store.start(config, "me", RunKind.IMPORTED)
    return finish(services.store, run, probabilities(range(wrong)), reload_difference=None).run_id


def card(services, run_id):
    answer = json.loads(ask(Board(services), "poll", {"since": -1, "models": "", "curves": []}))
    return {run["id"]: run for run in answer["runs"]}[run_id]


class TestTheCard:
    def test_has_the_files_settings(self, services):
        shown = card(services, an_import(services))
        assert shown["summary"] == "LoRA · imported adapter · read at 200 tokens"
        run = services.store.get(shown["id"])
        assert fields(run) == (
            r"r 320 · alpha 0.5 · use_rslora · target_modules .*layer\.[45].*q_lin · "
            "rank_pattern layer.5.attention.q_lin 2"
        )
        table = RunTable([run], "me", ())
        unknown = ("reviews", "epochs", "rate", "seed")
        assert [table.value(key, run) for key in unknown] == [None] * len(unknown)

    def test_says_that_a_length_is_not_known(self, services):
        shown = card(services, an_import(services, max_length_from=LENGTH_UNKNOWN))
        assert "read at 200 tokens, the length of its training is not known" in shown["summary"]


class TestDetails:
    def test_has_what_is_known_and_can_be_done(self, services):
        run_id = an_import(services, 180)
        html = json.loads(ask(RunsPage(services), "details", {"run_id": run_id}))["dialog"]
        told_of_length = "max_length 200 is taken from tokenizer.json."
        for told in ("320", "rank_pattern", told_of_length, "are its labels swapped?"):
            assert told in html
        for made_up in (*TRAINING, "Saved and loaded again", "TrainOutput", "peft_config"):
            assert made_up not in html
        assert 'data-action="swap"' in html
        assert 'data-code="script"' in html

    def test_code(self, services):
        run_id = an_import(services)
        answer = json.loads(RunsPage(services).code("script", run_id=run_id))
        assert answer["file"]["name"] == "test.py"
        assert "r=320" in answer["file"]["text"]

    def test_five_labels_are_not_swapped(self, services, five):
        """Of more than two there is no other way round."""
        run_id = an_import(services, dataset=five.id)
        html = json.loads(ask(RunsPage(services), "details", {"run_id": run_id}))["dialog"]
        assert 'data-action="swap"' not in html


def test_files_leave_empty_what_is_not_known(services):
    run_id = an_import(services)
    table = RunsPage(services)
    text = file(table, "records", {"run_ids": [run_id], "kind": "csv"})
    (row,) = csv.DictReader(io.StringIO(text))
    assert not any(row.get(name) for name in TRAINING)
    assert (row["r"], row["lora_alpha"], row["max_length (tokens)"]) == ("320", "0.5", "200")
    assert json.loads(row["rank_pattern"]) == VALUES["rank_pattern"]
    (record,) = json.loads(file(table, "records", {"run_ids": [run_id], "kind": "json"}))
    assert record["config"]["peft_config"] == VALUES["peft_config"]
    assert not set(TRAINING) & set(record["config"])


def test_compare_has_a_row_for_the_length(services, monkeypatch):
    one, other = an_import(services), an_import(services, 60, name="Other", max_length=50)
    page = ComparePage(services)
    answer = json.loads(ask(page, "compare", {"run_ids": [one, other], "key": ""}))
    assert "Read at 200 and 50 tokens" in answer["parts"]["pairs"]
    assert "at different lengths" in answer["parts"]["verdict"]
    assert "no run from here trained on" in answer["parts"]["results"]
    assert "Text length" in answer["parts"]["results"]


def test_swapping_what_is_no_import_is_refused(services):
    run = services.store.submit(small_config(), "me")
    answer = json.loads(ask(RunsPage(services), "swap_labels", {"run_id": run.run_id}))
    assert "tested import" in answer["error"]
