"""What a teacher does with the class in the panel."""

import json
import re

import pytest
from asking import ask
from compared_runs import finished
from small_runs import small_config

from peft_demo.logs import digest
from peft_demo.runs import RunStatus
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.pages.board import Board
from peft_demo.ui.you import You

ANNA, BEN = "a" * 32, "b" * 32


@pytest.fixture
def panel(services):
    return You(services)


def poll(services, owner=BEN):
    with acting_as(Visitor(owner)):
        return json.loads(ask(Board(services), "poll", {"since": -1}))


def test_everybody_is_told_of_a_paused_queue(services, panel):
    run_id = services.store.submit(small_config(), BEN).run_id
    assert "Pause the queue" in ask(panel, "you")
    version = services.store.version
    assert "Let the queue go on" in ask(panel, "set_queue", {"paused": "yes"})
    assert services.store.version > version  # so that browsers hear of it
    told = poll(services)
    assert told["you"]["paused"].startswith("The queue is paused")
    assert services.store.claim() is None
    assert "Pause the queue" in ask(panel, "set_queue", {"paused": ""})
    assert poll(services)["you"]["paused"] == ""
    assert services.store.claim().run_id == run_id


def test_each_is_told_when_his_run_begins(services, panel):
    done = finished(services.store, "12 s")
    first, second = (services.store.submit(done.config, who).run_id for who in (ANNA, BEN))
    services.store.claim()
    third = services.store.submit(done.config, BEN).run_id
    assert poll(services)["places"] == {
        second: "Next in the queue\u00a0· starts in about 12\u00a0s".replace("\u00a0·", " ·"),
        third: "Number 2 in the queue · starts in about 24\u00a0s",
    }
    ask(panel, "set_queue", {"paused": "yes"})
    assert poll(services)["places"][second] == "Next in the queue"
    assert services.store.get(first).status is RunStatus.RUNNING


def test_a_run_or_a_person_goes_first(services, panel):
    ids = [services.store.submit(small_config(seed=n), who).run_id for n, who in enumerate("abc")]
    board = Board(services)
    assert ask(board, "act", {"action": "first", "run_ids": [ids[2]]}) == ""
    assert [run_id for run_id, _ in services.store.queue()] == [ids[2], ids[0], ids[1]]
    assert "Put the next run of b first" in ask(panel, "let_first", {"owner": digest("b")})
    assert services.store.queue()[0] == (ids[1], "b")


def test_names_are_hidden_and_shown_again(services, panel):
    store = services.store
    runs = [store.submit(small_config(seed=n), who) for n, who in enumerate((BEN, ANNA, BEN))]
    store.call(ANNA, "Anna")
    shown = {run["id"]: run["owner"] for run in poll(services)["runs"]}
    assert shown[runs[1].run_id] == "Anna"
    version = store.version
    told = ask(panel, "set_names", {"hidden": "yes"})
    assert "Anna" not in told
    assert "Student 2" in told
    changed = {run.run_id: run.owner_name for run in store.runs(version)}
    assert changed == {
        runs[0].run_id: "Student 1",
        runs[1].run_id: "Student 2",
        runs[2].run_id: "Student 1",
    }
    with acting_as(Visitor(ANNA)):
        assert "You are <b><bdi>Student 2</bdi>" in ask(panel, "you")
    ask(panel, "set_names", {"hidden": ""})
    assert store.get(runs[1].run_id).owner_name == "Anna"


def test_the_class_is_cleared_and_brought_back(services, panel):
    store = services.store
    done = finished(store, "done")
    waiting = store.submit(small_config(), ANNA).run_id
    running = store.start(small_config(), BEN).run_id
    told = ask(panel, "clear_class")
    assert "1 runs are being stopped" in told
    assert re.search("2 runs were cleared", told)
    assert store.stop_requested(running)
    left = [run.run_id for run in store.runs() if not run.is_reference]
    assert left == [running]
    ask(panel, "unclear_class")
    left = {run.run_id for run in store.runs() if not run.is_reference}
    assert left == {done.run_id, waiting, running}
    assert store.get(waiting).status is RunStatus.CANCELLED
    assert "cleared" not in ask(panel, "you")


def test_what_is_refused_is_told_at_its_field_and_stays_there(services, panel):
    told = ask(panel, "set_limits", {"waiting": "5", "epochs": "0", "tokens": "7000000"})
    for name, value in (("epochs", "0"), ("tokens", "7000000")):
        assert f'value="{value}" placeholder="any" aria-invalid="true"' in told
        assert f'id="pd-you-{name}">{name} must be a whole number between' in told
    assert 'name="waiting" type="number" min="1" max="10000" value="5"' in told
    assert told.count("aria-invalid") == 2
    assert services.store.classroom().limits == {}
    told = ask(panel, "set_page", {"link": "?fix=nothing"})
    assert 'value="?fix=nothing" placeholder="all of the page" aria-invalid="true"' in told
    assert 'id="pd-you-link">fix must name' in told


def test_names_are_sorted_as_people_do(services, panel):
    names = ("Zoë", "Student 10", "Çelik", "Student 2", "Dora")
    for number, name in enumerate(names):
        owner = f"{number:032x}"
        services.store.call(owner, name)
        services.store.submit(small_config(), owner)
    told = re.findall(r'<th scope="row"><bdi>(.*?)</bdi></th>', ask(panel, "you"))
    assert told == ["Çelik", "Dora", "Student 2", "Student 10", "Zoë"]


def test_only_a_teacher_sees_and_does_it(services, panel):
    with acting_as(Visitor(ANNA)):
        for name, asked in {
            "set_queue": {"paused": "yes"},
            "set_names": {"hidden": "yes"},
            "set_limits": {"epochs": "1"},
            "let_first": {"owner": digest(BEN)},
            "clear_class": {},
            "unclear_class": {},
        }.items():
            told = ask(panel, name, asked)
            assert "Only a teacher may" in told
            assert "set_queue" not in told
