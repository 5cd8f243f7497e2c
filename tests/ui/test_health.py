"""What operators read of a server, and who may."""

import logging

import pytest
from asking import ask
from hostile import NOT_FOR_PEOPLE
from starlette.applications import Starlette
from starlette.testclient import TestClient
from stored_runs import damage, submit

from peft_demo.errors import NotAllowedError
from peft_demo.runs import RunConfig
from peft_demo.storage import DATABASE
from peft_demo.ui.counted import COUNTED
from peft_demo.ui.health import Health
from peft_demo.ui.identity import Visitor, acting_as, machines_owner
from peft_demo.ui.pages.board import Board
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.requests import page_function


@pytest.fixture
def server(services):
    app = Starlette(routes=Health(services).routes())
    return lambda address, at: TestClient(app, at, client=(address, 5))


@pytest.fixture
def here(server):
    return server("127.0.0.1", "http://localhost")


def poll() -> str:
    return "{}"


def test_prometheus_reads_runs_by_state_calls_and_refusals(services, here):
    with acting_as(Visitor("somebody")):
        run = services.changes.submit(RunConfig())
    name, labels = "peft_demo_call_seconds_count", {"function": "poll"}
    before = COUNTED.get_sample_value(name, labels) or 0
    page_function(poll)({})
    page_function(poll)([])
    with acting_as(Visitor("another")), pytest.raises(NotAllowedError):
        services.changes.stop(run.run_id)
    text = here.get("/metrics").text
    assert 'peft_demo_runs{state="queued"} 1.0' in text
    assert 'peft_demo_runs{state="running"} 0.0' in text
    assert f'{name}{{function="poll"}} {before + 2}' in text
    assert 'peft_demo_refused_total{why="owner"}' in text
    for name in ("peft_demo_faults_total", "peft_demo_dropped_total", "peft_demo_ready"):
        assert f"\n{name} " in text


def test_health_says_whether_it_is_well(services, here):
    assert here.get("/health").json() == {"ok": True, "models": "loading", "problem": ""}
    services.warm_up.state = "failed"
    ill = here.get("/health")
    assert (ill.status_code, ill.json()["ok"]) == (503, False)


def test_a_database_damaged_while_it_runs_is_told_in_sentences(services, here):
    """To whoever asks, and to the operator; nothing of SQL, and what was damaged is not touched."""
    submit(services.store, 40)
    services.store.close()  # its connections; the next question makes a new one
    damage(services.store.folder)
    before = (services.store.folder / DATABASE).read_bytes()
    with acting_as(Visitor("somebody")):
        board = Board(services)
        answers = [
            ask(board, "poll", {"since": -1}),
            ask(board, "act", {"action": "stop", "run_ids": ["run-000001"]}),
            ask(RunsPage(services), "records", {"run_ids": ["run-000001"], "kind": "csv"}),
        ]
    for answer in answers:
        assert "is damaged" in answer
        assert not NOT_FOR_PEOPLE.search(answer.replace(DATABASE, ""))
    # Where it lies is told at the machine.
    with acting_as(machines_owner()):
        assert str(services.store.folder) in ask(board, "poll", {"since": -1})
    ill = here.get("/health")
    assert (ill.status_code, ill.json()["ok"]) == (503, False)
    assert "doctor" in ill.json()["problem"]
    assert (services.store.folder / DATABASE).read_bytes() == before


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_they_answer_at_the_machine_only_unless_told_otherwise(server, monkeypatch, path):
    far = server("192.168.0.9", "http://192.168.0.1")
    proxied = server("127.0.0.1", "http://localhost")
    forwarded = {"x-forwarded-for": "203.0.113.5"}
    for answer in (far.get(path), proxied.get(path, headers=forwarded)):
        assert answer.status_code == 403
        assert "PEFT_DEMO_METRICS" in answer.text
        assert "peft_demo_runs" not in answer.text
    monkeypatch.setenv("PEFT_DEMO_METRICS", "everyone")
    assert far.get(path).status_code == 200


def test_the_log_holds_no_text_that_people_wrote(services, caplog):
    caplog.set_level(logging.INFO)
    with acting_as(Visitor("the owner's id")):
        services.changes.call_me("Somebody")
        run = services.changes.submit(RunConfig({"name": "a private name"}))
    with acting_as(Visitor("another")), pytest.raises(NotAllowedError, match="Somebody"):
        services.changes.annotate(run.run_id, note="a private note")
    assert [record.about["event"] for record in caplog.records] == ["queued", "refused"]
    for record in caplog.records:
        told = f"{record.getMessage()} {record.about}"
        for word in ("private", "Somebody", "the owner's id", "another"):
            assert word not in told
