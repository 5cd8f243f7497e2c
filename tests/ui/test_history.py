"""A stored run that today's rules refuse blanks no page: it is shown, and says why."""

import csv
import io
import json

import pytest
from asking import ask, file
from compared_runs import finished, finished_group
from markupsafe import escape
from small_runs import small_config
from stored_runs import OLD, change, stored

from peft_demo import comparison
from peft_demo.adapters.forecast import forecast
from peft_demo.errors import ConflictError, InvalidFieldsError
from peft_demo.export import code
from peft_demo.ui.pages.board import Board
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.run_table import COLUMNS
from peft_demo.ui.services import Services


@pytest.fixture
def services(home):
    services = Services()
    yield services
    services.store.close()


@pytest.fixture(params=OLD)
def old(request, services, home) -> str:
    """A finished run of an earlier version."""
    run_id = finished(services.store, "Mine", range(20)).run_id
    change(home, run_id, config=stored({"name": "Mine", **OLD[request.param]}))
    return run_id


@pytest.fixture
def good(services) -> str:
    return finished(services.store, "Good", range(40)).run_id


class TestBoard:
    @pytest.mark.slow
    def test_cards_and_table_have_it(self, services, good, old):
        board = Board(services)
        request = {"since": -1, "models": "", "curves": [old]}
        answer = json.loads(ask(board, "poll", request))
        shown = {run["id"]: run for run in answer["runs"]}
        assert shown[old]["name"] == "Mine"
        assert services.store.get(old).problem in shown[old]["state"]
        for key in COLUMNS:
            request = {"columns": list(COLUMNS), "sort": key}
            table = json.loads(ask(RunsPage(services), "table", request))
            assert {old, good} < set(table["ids"])
            assert f'data-run="{old}"' in table["html"]
        assert answer["curves"][old]
        details = json.loads(ask(RunsPage(services), "details", {"run_id": old}))["dialog"]
        assert escape(services.store.get(old).problem) in details

    @pytest.mark.slow
    def test_files_have_it(self, services, good, old):
        table = RunsPage(services)
        request = {"run_ids": [old, good]}
        rows = list(csv.DictReader(io.StringIO(file(table, "records", {**request, "kind": "csv"}))))
        assert [row["problem"] for row in rows] == [services.store.get(old).problem, ""]
        assert [
            run["run_id"] for run in json.loads(file(table, "records", {**request, "kind": "json"}))
        ]


class TestCompare:
    @pytest.mark.slow
    def test_it_is_compared_as_far_as_it_can_be(self, services, good, old, monkeypatch):
        page = ComparePage(services)
        monkeypatch.setattr(page._baselines, "get", lambda config: {})
        answer = json.loads(ask(page, "compare", {"run_ids": [old, good], "key": ""}))
        assert set(answer["run_ids"]) == {old, good}
        assert "Mine 90.0" in answer["figures"]["accuracy"]["label"]
        assert escape(services.store.get(old).problem) in answer["parts"]["verdict"]

    @pytest.mark.slow
    def test_its_baselines_are_missing_with_the_sentence(self, services, good, old):
        facts = comparison.compare(services.store, [old, good], measure=None)
        problem = services.store.get(old).problem
        assert any("baselines of Mine" in told and problem in told for told in facts.problems)

    @pytest.mark.slow
    def test_where_they_disagree_is_told(self, services, good, old):
        found = comparison.disagreements(services.store, [old, good])
        assert found.num_split == 20

    def test_its_group_is_shown(self, services, home):
        configs = [small_config(name="", r=rank) for rank in (2, 4)]
        group, runs = finished_group(services.store, configs, [20, 40], {"r": [2, 4]})
        change(home, runs[0].run_id, config=stored({"r": 100_000}))
        facts = comparison.group_facts(services.store, group.group_id, measure=lambda config: {})
        assert len(facts.runs) == 2


class TestWhatItCannotDo:
    def test_predicting_says_why(self, services, old):
        problem = services.store.get(old).problem
        with pytest.raises(ConflictError) as caught:
            services.predictor.predict("a film", [old])
        assert problem in str(caught.value)
        assert old not in [run.run_id for run in services.runs().values() if run.can_predict]

    def test_code_and_forecast_say_why(self, services, old):
        run = services.store.get(old)
        for use in (lambda: code.export(run.config, "script"), lambda: forecast(run.config, [])):
            with pytest.raises(InvalidFieldsError) as caught:
                use()
            assert str(caught.value) == run.problem
        with pytest.raises(InvalidFieldsError):
            RunsPage(services).code("script", run_id=old)

    @pytest.mark.slow
    def test_other_forecasts_do_without_it(self, services, good, old):
        assert forecast(small_config(), services.store.runs()).seconds


@pytest.mark.slow
def test_the_command_line_lists_it(command, services, old):
    problem = services.store.get(old).problem
    assert problem in command("runs").out
    assert problem in command("show", old).out
    listed = {run["run_id"]: run for run in json.loads(command("runs", "--json").out)}
    assert listed[old]["problem"] == problem
    assert json.loads(command("show", old, "--json").out)["problem"] == problem
    refused = command("code", "script", "--run", old)
    assert (refused.status, problem in refused.err) == (2, True)
