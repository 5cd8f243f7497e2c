"""What browsers get when they poll, and what their buttons do."""

import json

import numpy as np
import pytest

from peft_demo import statistics
from peft_demo.errors import StoreError
from peft_demo.presets import REFERENCES
from peft_demo.runs import EpochMetrics, Progress, RunConfig, RunStatus, StepMetrics
from peft_demo.ui.board import CURVE_POINTS, Board, thinned, verdict_in_words
from peft_demo.ui.services import Services


@pytest.fixture
def services(tmp_path, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path / "home"))
    services = Services()
    yield services
    services.store.close()


@pytest.fixture
def board(services):
    return Board(services)


def poll(board, **request):
    answer = board.poll(request)
    return None if answer is None else json.loads(answer)


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
    assert first["curves"][run.run_id]["loss"] == [0.5]
    epoch = EpochMetrics(
        epoch=1, step=1, train_loss=0.5, eval_loss=0.6, eval_accuracy=0.75, seconds=1
    )
    services.store.report(run.run_id, epoch=epoch)
    seen = {"since": first["version"], "models": first["models"]["text"]}
    assert poll(board, **seen)["curves"] == {}
    assert poll(board, **seen, shown=[run.run_id])["curves"][run.run_id]["eval_accuracy"] == [0.75]


def test_viewers_share_the_json_of_a_run(board, services):
    run = services.store.submit(RunConfig(), "me")
    board.poll({"since": -1})
    built = board._summary(services.store.get(run.run_id))
    assert board._summary(services.store.get(run.run_id)) is built


def test_reference_runs_come_with_their_curves(board):
    answer = poll(board, since=-1, curves=["reference-lora-1"])
    curve = answer["curves"]["reference-lora-1"]
    assert curve["epochs"] == list(range(1, 11))
    assert curve["steps"] == list(range(1, 81))


def test_unknown_ids_are_no_error(board):
    assert poll(board, since=-1, curves=["run-999999", "../x"])["curves"] == {}


def test_long_curves_are_averaged_not_cut():
    steps = list(range(1, 1002))
    curve = thinned(steps, [float(step) for step in steps])
    assert len(curve["steps"]) <= CURVE_POINTS
    assert curve["steps"][-1] == 1001
    assert curve["loss"][0] == pytest.approx(np.mean(steps[: curve["steps"][0]]))


def test_buttons_stop_and_delete_and_tell_why_not(board, services):
    run = services.store.submit(RunConfig(), "me")
    assert "stop it before" in board.act({"run_id": run.run_id, "action": "delete"})
    assert board.act({"run_id": run.run_id, "action": "stop"}) == ""
    assert services.store.get(run.run_id).status is RunStatus.CANCELLED
    assert "is cancelled" in board.act({"run_id": run.run_id, "action": "stop"})
    assert board.act({"run_id": run.run_id, "action": "delete"}) == ""
    assert "run-000001" in board.act({"run_id": "run-000077", "action": "stop"})
    assert "cannot be deleted" in board.act({"run_id": "reference-ia3", "action": "delete"})
    assert "got explode" in board.act({"run_id": run.run_id, "action": "explode"})


def test_no_difference_between_the_assignments_presets_is_shown(board):
    ids = [f"reference-{preset}" for preset in ("lora-1", "lora-2", "lora-3", "ia3")]
    text = board.verdict({"run_ids": ids})
    assert text.startswith("No difference between the 4 selected runs is shown")
    assert "the same 1,000 test reviews" in text
    assert "overlap" not in text


def test_a_difference_that_is_there_is_named(board):
    text = board.verdict({"run_ids": ["reference-lora-1", "reference-recommended-lora"]})
    assert "LoRA, recommended is better than every other selected run" in text
    assert "No difference" not in text


def test_with_all_references_selected_the_assignments_four_are_still_named_alike(board):
    text = board.verdict({"run_ids": [f"reference-{preset}" for preset in REFERENCES]})
    together = text[text.index("No difference is shown between") :]
    for preset in ("LoRA 1", "LoRA 2", "LoRA 3", "IA3"):
        assert f"{preset} (assignment)" in together


def test_verdict_names_who_is_better_and_who_cannot_be_told_apart():
    wrong, right = np.zeros(200, bool), np.ones(200, bool)
    facts = statistics.compare({"a": wrong, "b": wrong, "c": right, "d": right})
    text = verdict_in_words(facts, {"a": "A", "b": "B", "c": "C", "d": "D"})
    assert "C is better than A and B." in text
    assert "No difference is shown between C and D; nor between A and B." in text


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
