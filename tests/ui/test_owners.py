"""Whose runs are whose: an owner's id never leaves the server, and every button passes it."""

import json
import shutil

import pytest
from asking import ask
from compared_runs import finished_group

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig
from peft_demo.settings import ADAPTERS
from peft_demo.ui.form.import_form import ImportForm
from peft_demo.ui.owners import acting, digest, issue
from peft_demo.ui.page import build
from peft_demo.ui.pages.board import Board
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.services import Services

ME = "0123456789abcdef" * 2


@pytest.fixture
def services(tmp_path, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path / "home"))
    services = Services()
    yield services
    services.close()


def test_what_a_browser_queues_belongs_to_it(services, tmp_path):
    adapter = shutil.copytree(ADAPTERS / "reference-ia3", tmp_path / "mine")
    for extra in adapter.iterdir():
        if not extra.name.startswith("adapter_"):
            extra.unlink()
    archive = shutil.make_archive(str(tmp_path / "mine"), "zip", adapter)
    *_, outcome = ImportForm(services).bring(ME, [archive], dataset="rotten_tomatoes")
    assert "is in the queue" in outcome
    assert services.store.runs()[0].config.dataset == "rotten_tomatoes"
    assert services.store.runs()[0].owner == ME


def test_the_digest_of_a_run_is_what_the_server_tells_its_owner_alone(services):
    services.store.submit(RunConfig(), ME)
    row = json.loads(ask(Board(services), "poll", {"since": -1}))["runs"][0]
    assert row["owner_digest"] == digest(ME)
    assert row["owner_digest"] not in (digest("f" * 32), digest("browser"), ME[:12])
    (header,) = (b for b in build(services).blocks.values() if getattr(b, "server_fns", None))
    (told,) = (fn for fn in header.server_fns if fn.__name__ == "owner_digest")
    assert told({"owner": ME}) == row["owner_digest"]


@pytest.mark.slow
def test_no_answer_tells_an_owners_id(services):
    store = services.store
    configs = [RunConfig({"r": r, "num_reviews": 40}) for r in (1, 2)]
    group, runs = finished_group(store, configs, (5, 9), {"r": [1, 2]}, owner=ME)
    assert {run.owner for run in runs} == {ME}
    ids = [run.run_id for run in runs]
    board, table, page = Board(services), RunsPage(services), ComparePage(services)
    answers = [
        ask(board, "poll", {"since": -1, "shown": ids, "curves": ids}),
        ask(table, "records", {"run_ids": ids, "kind": "json"}),
        ask(table, "records", {"run_ids": ids, "kind": "csv"}),
        ask(table, "details", {"run_id": ids[0]}),
        ask(page, "compare", {"run_ids": ids}),
        ask(page, "group", {"group": group.group_id}),
        ask(page, "groups"),
    ]
    calls = {"list_runs": (), "get_run": ids[:1], "get_group": (group.group_id,), "compare": (ids,)}
    for fn in build(services).fns.values():
        if fn.api_name in calls and fn.api_visibility == "public":
            answers.append(json.dumps(fn.fn(*calls[fn.api_name])))
    assert len(answers) == 7 + len(calls)
    for answer in answers:
        assert "error" not in answer[:9]
        assert ME not in answer
    assert json.loads(answers[1])[0]["owner"] == "guest 0123"


def test_only_ids_that_a_page_gave_act():
    assert acting(ME) == ME
    assert acting("") == acting(None) == "browser"
    for bad in ("api", ME.upper(), ME + "0", [], {"a": 1}, 5):
        with pytest.raises(InvalidFieldsError, match="owner must be an id of 32"):
            acting(bad)
        assert acting(issue(bad)) != "browser"
    assert issue(ME) == ME
