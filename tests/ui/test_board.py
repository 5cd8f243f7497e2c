"""What browsers get when they poll, and what their buttons do."""

import csv
import html
import io
import json
import re

import numpy as np
import pytest
from asking import ask, file
from compared_runs import finished
from small_runs import small_config
from sqlalchemy import event

from peft_demo.comparison import curves
from peft_demo.data import DATASETS, DEFAULT_DATASET
from peft_demo.errors import StoreError
from peft_demo.execution.machines import Machine
from peft_demo.formats import percent
from peft_demo.runs import EpochMetrics, Progress, RunConfig, RunStatus, StepMetrics, links
from peft_demo.runs import run as run_module
from peft_demo.ui.browser_code import ASSETS
from peft_demo.ui.html import render
from peft_demo.ui.identity import acting
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.pages import board as board_page
from peft_demo.ui.pages.board import MOST_PLACES, Board, _frame
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.services import Services


@pytest.fixture
def board(services):
    return Board(services)


@pytest.fixture
def table(services):
    return RunsPage(services)


def act(board, action, *run_ids, **more):
    return ask(board, "act", {"action": action, "run_ids": list(run_ids), **more})


def cancelled(store, count):
    ids = [store.submit(RunConfig(seed=number), "me").run_id for number in range(count)]
    for run_id in ids:
        store.request_stop(run_id)
    return ids


def poll(board, **request):
    answer = ask(board, "poll", request)
    return None if answer is None else json.loads(answer)


def test_what_all_viewers_of_a_version_are_told_alike_is_read_once(board, services):
    store = services.store
    run = store.start(RunConfig(name="first"), "me")
    store.report(run.run_id, steps=[StepMetrics(step=1, loss=0.5, learning_rate=1e-3)])
    seen = {"since": store.version - 1, "shown": [run.run_id]}
    asked = []
    event.listen(store._engine, "before_cursor_execute", lambda *what: asked.append(what[2]))
    first = poll(board, **seen)
    num_first = len(asked)
    assert poll(board, **seen) == first
    # The version itself is all that the second one asks for.
    assert len(asked) == num_first + 1 < num_first * 2
    store.report(run.run_id, steps=[StepMetrics(step=2, loss=0.4, learning_rate=1e-3)])
    assert poll(board, **seen)["curves"][run.run_id]["by_step"]["steps"] == [1, 2]


def test_first_poll_brings_every_run_and_later_ones_only_changes(board, services):
    run = services.store.submit(RunConfig(name="first"), "me")
    first = poll(board, since=-1, models="")
    ids = [run["id"] for run in first["runs"]]
    assert ids[0] == run.run_id
    assert "reference-lora-1" in ids
    second = services.store.submit(RunConfig(name="second"), "me")
    later = poll(board, since=first["version"], models=first["models"]["text"])
    assert [run["id"] for run in later["runs"]] == [second.run_id]


def test_nothing_is_sent_when_nothing_changed(board):
    first = poll(board, since=-1, models="")
    assert poll(board, since=first["version"], models=first["models"]["text"]) is None


def test_the_warm_up_is_told_when_it_moves(board, services):
    first = poll(board, since=-1, models="")
    services.warm_up.text, services.warm_up.state = "Models ready", "ready"
    news = poll(board, since=first["version"], models=first["models"]["text"])
    assert news["models"] == {"state": "ready", "text": "Models ready"}
    assert news["runs"] == []


def test_curves_come_when_asked_for_and_again_when_a_shown_run_moves(board, services):
    run = services.store.start(RunConfig(), "me")
    step = StepMetrics(step=1, loss=0.5, learning_rate=0.1)
    services.store.report(run.run_id, Progress(step=1, max_steps=2), [step])
    first = poll(board, since=-1, models="", curves=[run.run_id])
    assert first["curves"][run.run_id]["by_step"]["loss"] == [0.5]
    epoch = EpochMetrics(
        epoch=1, step=1, train_loss=0.5, eval_loss=0.6, eval_accuracy=0.75, seconds=1
    )
    services.store.report(run.run_id, epoch=epoch)
    seen = {"since": first["version"], "models": first["models"]["text"]}
    assert poll(board, **seen)["curves"] == {}
    again = poll(board, **seen, shown=[run.run_id])["curves"][run.run_id]
    assert again["by_epoch"]["eval_accuracy"] == [0.75]


def test_what_takes_long_of_a_run_is_made_once_whatever_people_say_of_it(
    board, services, monkeypatch
):
    made = []
    summary = board_page.summary
    monkeypatch.setattr(board_page, "summary", lambda run: made.append(run) or summary(run))
    run = services.store.submit(RunConfig(), "me")
    for note in ("", "seen", "seen again"):
        services.store.annotate(run.run_id, note=note, is_starred=bool(note))
        (told,) = [each for each in poll(board, since=-1)["runs"] if each["id"] == run.run_id]
        assert (told["note"], told["is_starred"]) == (note, bool(note))
    assert [each.run_id for each in made].count(run.run_id) == 1
    services.store.annotate(run.run_id, name="another")
    assert {each["name"] for each in poll(board, since=-1)["runs"]} >= {"another"}


def test_reference_runs_come_with_their_curves(board):
    answer = poll(board, since=-1, curves=["reference-lora-1"])
    curve = answer["curves"]["reference-lora-1"]
    assert curve["by_epoch"]["epochs"] == list(range(1, 11))
    assert curve["by_step"]["steps"] == list(range(1, 81))


def test_a_diagnosis_comes_with_a_link_to_what_is_worth_trying(board, services):
    told = json.loads(ask(board, "diagnosis", {"run_id": "reference-lora-1"}))
    assert told["words"].startswith("Never left guessing")
    assert "Again with a learning rate of 0.001</button>" in told["again"]
    asked = json.loads(html.unescape(re.search('data-with="(.+?)"', told["again"])[1]))
    again = RunConfig(links.from_link(asked["query"]).values).flat()
    was = services.store.get("reference-lora-1").config.flat()
    changed = {name for name in again if again[name] != was[name]}
    assert changed == {"learning_rate", "name"}
    assert again["learning_rate"] == 0.001
    best = json.loads(ask(board, "diagnosis", {"run_id": "reference-recommended-head-only"}))
    assert best["again"] is None


def test_questions_say_how_long_they_take_before_any_run_and_by_this_machine_after(board, services):
    told = ask(board, "questions", {})
    shown = r'data-question="(.+?)".+?quiet">about \d+ (?:s|min) · (.+?)<'
    of_each = re.findall(shown, told)
    assert of_each == [("rate", "3 runs"), ("rank", "3 runs"), ("luck", "4 runs")]
    finished(services.store, "known", config={"num_train_epochs": 1})
    told = ask(board, "questions", {})
    assert " · 3 runs" in told
    assert "about" not in told


def test_the_verdict_links_no_word_that_the_page_links_above_it(board, services):
    assert str(glossed(_frame())[0]).count('popovertarget="pd-term-peft"') == 1
    told = json.loads(ask(board, "judge", {"run_id": "reference-lora-1"}))["html"]
    linked = re.findall(r'popovertarget="pd-term-(.+?)"', told)
    assert len(linked) == len(set(linked)) > 0
    assert not set(linked) & {"peft", "accuracy", "confidence-interval", "lora"}


def test_a_new_point_eases_in_where_motion_is_welcome():
    style = (ASSETS / "styles" / "board.css").read_text(encoding="utf-8")
    rule = style.partition("(prefers-reduced-motion: no-preference)")[2]
    assert rule.lstrip(" {\n").startswith(".pd-plot .points path {\n    animation:")


def test_machines_are_shown_with_their_load_and_what_is_there(board, services, monkeypatch):
    assert "None is known yet" in board.machines()
    run = services.store.submit(RunConfig(name="<mine>"), "me")
    lost = "lab-2 is not used: it could not be reached."
    told = [
        (Machine(name="lab-1", slots=2, load=0.5, precision="bfloat16"), [run.run_id, "run-gone"]),
        (Machine(name="lab-2", slots=1, trouble=lost), []),
    ]
    monkeypatch.setattr(services.engine, "machines", lambda: told)
    rows = re.findall(r"<tr>\s*(<th scope=\"row\">.*?)</tr>", board.machines(), re.S)
    first, second = (re.sub(r"\s+", " ", html.unescape(re.sub(r"<.*?>", " ", r))) for r in rows)
    assert "&lt;mine&gt;" in rows[0]
    assert first.split() == ["lab-1", "bfloat16", "<mine>", *percent(0.5).split(), "2"]
    assert lost in second


def test_unknown_ids_are_no_error(board):
    assert poll(board, since=-1, curves=["run-999999", "../x"])["curves"] == {}


def test_long_curves_are_averaged_not_cut():
    steps = list(range(1, 1002))
    places, losses = curves.thinned(steps, [float(step) for step in steps])
    assert len(places) <= curves.POINTS
    assert places[-1] == 1001
    assert losses[0] == pytest.approx(np.mean(steps[: places[0]]))


@pytest.mark.slow
def test_buttons_stop_and_delete_and_tell_why_not(board, services):
    run = services.store.submit(RunConfig(), "me")
    assert "stop it before" in act(board, "delete", run.run_id)
    assert act(board, "stop", run.run_id) == ""
    assert services.store.get(run.run_id).status is RunStatus.CANCELLED
    assert "is cancelled" in act(board, "stop", run.run_id)
    assert poll(board, since=-1)["runs"][0]["can"] == ["resume"]
    assert act(board, "resume", run.run_id) == ""
    assert services.store.get(run.run_id).status is RunStatus.QUEUED
    assert "run-000001 is queued" in act(board, "resume", run.run_id)
    assert "only of a running training" in act(board, "keep", run.run_id).lower()
    act(board, "stop", run.run_id)
    told = json.loads(act(board, "delete", run.run_id))
    assert told["toast"] == f"Deleted {run.config.name}."
    assert f"{run.run_id} was deleted" in act(board, "stop", run.run_id)
    assert "run-000001" in act(board, "stop", "run-000077")
    assert "cannot be deleted" in act(board, "delete", "reference-ia3")
    assert 'got "explode"' in act(board, "explode", run.run_id)


def test_a_deleted_run_disappears_from_every_browser_and_comes_back(board, table, services):
    ids = cancelled(services.store, 2)
    first = poll(board, since=-1)
    told = json.loads(act(board, "delete", *ids))
    assert told["toast"] == "Deleted 2 runs."
    seen = {"since": first["version"], "models": first["models"]["text"]}
    gone = poll(board, **seen)
    assert not set(ids) & set(gone["ids"])
    assert "was deleted" in json.loads(ask(table, "details", {"run_id": ids[0]}))["error"]
    undone = json.loads(ask(board, "act", told["undo"]))
    assert undone == {"toast": "2 runs restored."}
    back = poll(board, since=gone["version"], models=gone["models"]["text"])
    assert {run["id"] for run in back["runs"]} == set(ids)


def test_several_runs_get_stars_and_tags_at_once(board, services):
    ids = cancelled(services.store, 2)
    assert act(board, "star", *ids) == ""
    assert act(board, "tag", *ids, tags="class, week 3") == ""
    runs = {run["id"]: run for run in poll(board, since=-1)["runs"]}
    for run_id in ids:
        assert runs[run_id]["is_starred"]
        assert runs[run_id]["tags"] == ["class", "week 3"]
    assert "tags must be 1 to 30 characters" in act(board, "tag", *ids, tags="x" * 31)
    assert act(board, "unstar", ids[0]) == ""
    assert not services.store.get(ids[0]).is_starred


def test_name_tags_and_note_are_written_and_a_bad_one_is_told_at_its_field(board, table, services):
    (run_id,) = cancelled(services.store, 1)
    dialog = json.loads(ask(table, "edit", {"run_ids": [run_id]}))["dialog"]
    assert 'data-ask="annotate"' in dialog
    assert "aria-invalid" not in dialog
    bad = {"run_ids": [run_id], "name": "x" * 81, "tags": "<a>", "note": "y" * 2_001}
    form = ask(table, "annotate", bad)
    assert re.findall(r'id="pd-edit-(\w+)"[^>]*aria-invalid', form) == ["name", "note"]
    assert 'role="alert">name must be at most 80 characters' in form
    assert 'value="&lt;a&gt;"' in form
    changes = {"run_ids": [run_id], "name": "mine", "tags": "a, b", "note": "two\nlines"}
    assert ask(table, "annotate", changes) == ""
    run = services.store.get(run_id)
    assert (run.config.name, run.tags, run.note) == ("mine", ("a", "b"), "two\nlines")
    refused = json.loads(ask(table, "annotate", {**changes, "run_ids": ["reference-ia3"]}))
    assert "reference-ia3" in refused["error"]
    dialog = json.loads(ask(table, "edit", {"run_ids": [run_id]}))["dialog"]
    # A browser leaves out the first break within.
    assert ">\ntwo\nlines</textarea>" in dialog


def test_tags_are_added_to_several_in_their_dialog(table, services):
    ids = cancelled(services.store, 2)
    ask(table, "annotate", {"run_ids": ids[:1], "tags": "known"})
    dialog = json.loads(ask(table, "edit", {"run_ids": ids, "adds": True}))["dialog"]
    assert "Tag 2 runs" in dialog
    assert '<option value="known">' in dialog
    assert "pd-edit-name" not in dialog
    told = ask(table, "annotate", {"run_ids": ids, "tags": "x" * 31})
    assert "tags must be 1 to 30 characters" in told
    assert ask(table, "annotate", {"run_ids": ids, "tags": "more"}) == ""
    assert [services.store.get(each).tags for each in ids] == [("known", "more"), ("more",)]


def test_records_come_in_the_order_asked_for_without_what_is_gone(board, table, services):
    first, second, gone = cancelled(services.store, 3)
    act(board, "delete", gone)
    wanted = [second, gone, "reference-ia3", first]
    records = json.loads(file(table, "records", {"run_ids": wanted, "kind": "json"}))
    assert [record["run_id"] for record in records] == [second, "reference-ia3", first]
    assert records[1]["result"]["num_test_reviews"] == 1_000
    rows = list(
        csv.DictReader(io.StringIO(file(table, "records", {"run_ids": wanted, "kind": "csv"})))
    )
    assert [row["run_id"] for row in rows] == [second, "reference-ia3", first]


def test_the_verdict_on_a_run_names_what_it_is_measured_by_and_what_to_try(board):
    def judged(**request):
        return json.loads(ask(board, "judge", request))["html"].replace("\u00a0", " ")

    of_reference = judged(run_id="reference-recommended-lora")
    assert "is better than Head only, recommended by 13.8 points" in of_reference
    assert "Again with 4 epochs</button>" in of_reference
    assert 'data-run="reference-recommended-lora"' in of_reference
    pinned = judged(run_id="reference-recommended-lora", pinned="reference-recommended-ia3")
    assert "Head only" not in pinned
    assert "IA3, recommended" in pinned
    assert "what others are measured by" in judged(run_id="reference-recommended-head-only")


def test_what_has_no_result_has_no_verdict(board, services):
    (run_id,) = cancelled(services.store, 1)
    assert json.loads(ask(board, "judge", {"run_id": run_id}))["html"] == ""


def test_the_page_shows_task_and_charts_first_then_verdict_and_runs():
    page = render("board", dataset=DATASETS[DEFAULT_DATASET], labels=("negative", "positive"))
    places = ["tell negative from positive", "data-plot=", 'class="pd-panel pd-latest"', "pd-rows"]
    assert [page.index(place) for place in places] == sorted(map(page.index, places))


def test_a_locked_database_is_told_once_and_taken_back(board, services, monkeypatch):
    first = poll(board, since=-1, models="")
    seen = {"since": first["version"], "models": first["models"]["text"]}

    def locked(since):
        raise StoreError("locked")

    services.store.submit(RunConfig(), "me")
    with monkeypatch.context() as patch:
        patch.setattr(services.store, "runs", locked)
        assert poll(board, **seen)["problem"] == "locked"
        assert poll(board, **seen, problem="locked") is None
    assert poll(board, **seen, problem="locked")["problem"] is None


def test_a_folder_that_cannot_be_used_is_told_and_references_stay(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("PEFT_DEMO_HOME", str(blocked / "home"))
    services = Services()
    answer = poll(Board(services), since=-1)
    assert str(blocked / "home") in answer["problem"]
    assert "PEFT_DEMO_HOME" in answer["problem"]
    assert any(run["id"] == "reference-lora-1" for run in answer["runs"])
    services.store.close()


@pytest.mark.slow
def test_places_are_told_of_the_head_and_of_ones_own(board, services):
    """Else thirty students with a sweep each are sent all of the queue whenever a run begins."""
    others = [
        services.store.submit(small_config(seed=n), "other").run_id for n in range(MOST_PLACES + 2)
    ]
    mine = services.store.submit(small_config(), acting().owner).run_id
    first = poll(board, since=-1, models="")
    assert first["places"][others[0]] == "Next in the queue"
    assert first["places"][mine] == "Number 2 in the queue"
    assert len(first["places"]) == MOST_PLACES
    seen = {"since": first["version"], "models": first["models"]["text"]}
    begun = services.store.claim().run_id
    news = poll(board, **seen)
    assert [run["id"] for run in news["runs"]] == [begun]
    assert news["places"][mine] == "Next in the queue"
    later = [
        services.store.submit(small_config(seed=n), acting().owner).run_id
        for n in range(MOST_PLACES + 1)
    ]
    assert {*later} <= {*poll(board, **seen)["places"]}
    queued = next(run for run in first["runs"] if run["id"] == others[-1])
    assert queued["state"] == "Waits in the queue"


@pytest.mark.slow
def test_what_is_done_with_many_runs_asks_and_reads_as_often_as_with_few(
    board, services, monkeypatch
):
    """Each run's own question, or its configuration checked anew, took over a second for 500."""
    questions, readings = [], []
    engine = services.store._engine
    event.listen(engine, "before_cursor_execute", lambda *about: questions.append(about[2]))
    read = run_module.read_config
    monkeypatch.setattr(run_module, "read_config", lambda one: readings.append(one) or read(one))

    def work(*ids):
        seen = services.store.version
        del questions[:], readings[:]
        for action in ("star", "delete", "restore"):
            act(board, action, *ids)
        assert {run["id"] for run in poll(board, since=seen)["runs"]} == set(ids)
        return len(questions)

    ids = cancelled(services.store, 20)
    assert work(*ids) == work(ids[0])
    assert readings == []
