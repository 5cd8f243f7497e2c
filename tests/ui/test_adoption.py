"""Folders of runs without a record: shown to teachers, adopted and put back."""

import json
import shutil

import pytest
from asking import ask
from stored_runs import change, purge_now, submit

from peft_demo import settings
from peft_demo.errors import NotAllowedError, NotFoundError
from peft_demo.inference import Predictor
from peft_demo.runs import RunStatus
from peft_demo.ui import adoption
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.you import You

LOST = "run-000007"
REFERENCE = settings.ADAPTERS / "reference-recommended-lora"
VISITOR = Visitor("b" * 32, "203.0.113.5")


@pytest.fixture
def panel(services):
    return You(services)


def lose(services, source, name=LOST):
    """A run's folder as it is once the database was lost."""
    return shutil.copytree(source, services.store.folder / name)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_lost_runs_folder_is_adopted_and_predicts(services, panel, trained):
    lost = lose(services, trained.folder("lora"))
    accuracy = trained.runs["lora"].result.test_accuracy
    told = ask(panel, "you")
    assert "1 folder without a record" in told
    assert f"Adopt {LOST}" in told
    assert "LORA, whole" in told
    assert f"{100 * accuracy:.1f}" in told
    told = ask(panel, "adopt", {"folder": LOST})
    assert "0 folders without a record" in told
    assert "1 folder was adopted" in told
    assert not lost.exists()
    (run,) = (run for run in services.store.runs() if not run.is_reference)
    assert (run.kind, run.status, run.config.name) == ("imported", "queued", LOST)
    quick = {**run.config.flat(), "num_test_reviews": 50, "max_length": 16}
    change(services.store.folder, run.run_id, config=json.dumps(quick))
    services.engine.run(services.store.claim())
    (answer,) = services.predictor.predict("A wonderful film.", [run.run_id])
    (own,) = Predictor(trained.store).predict("A wonderful film.", trained.ids("lora"))
    assert answer.probabilities == pytest.approx(own.probabilities, abs=1e-6)


@pytest.mark.slow
def test_it_can_be_undone_for_an_hour(services, panel):
    lost = lose(services, REFERENCE)
    before = content(lost)
    ask(panel, "adopt", {"folder": ""})
    assert not lost.exists()
    told = ask(panel, "unadopt")
    assert "1 folder without a record" in told
    assert "was adopted" not in told
    assert content(lost) == before
    assert [run for run in services.store.runs() if not run.is_reference] == []
    ask(panel, "adopt")
    run = services.store.claim()
    assert "1 runs are being stopped" in ask(panel, "unadopt")
    assert not lost.exists()
    services.store.finish(run.run_id, RunStatus.FAILED, error="Its data set is out of reach.")
    # Whatever the time, its only copy stays until its test is passed.
    purge_now(services.store)
    ask(panel, "unadopt")
    assert content(lost) == before


@pytest.mark.slow
def test_what_was_tested_is_dropped_after_an_hour(services, panel):
    lose(services, REFERENCE)
    ask(panel, "adopt")
    run = services.store.claim()
    services.store.finish(run.run_id, RunStatus.COMPLETED)
    services.store.purge()
    assert len(adoption.unrecorded.set_aside(services.store.folder)) == 1
    purge_now(services.store)
    assert adoption.unrecorded.set_aside(services.store.folder) == {}
    assert "without a record" not in ask(panel, "you")


def test_what_is_not_whole_is_shown_and_stays(services, panel):
    folder = services.store.folder
    for name in ("run-000007", "run-000008"):
        lose(services, REFERENCE, name)
    (folder / "run-000007/adapter_model.safetensors").write_bytes(b"\xff" * 100)
    config = folder / "run-000008/adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "r": -1}))
    (folder / "run-000009").mkdir()
    (folder / "run-12").mkdir()
    told = ask(panel, "you")
    assert "3 folders without a record" in told
    assert "configuration: whole, weights: damaged" in told
    assert "configuration: missing, weights: missing" in told
    assert "Adopt all" not in told
    runs, problems = services.adoption.adopt()
    assert (runs, [*problems]) == ([], ["run-000008"])
    assert 'id="pd-you-run-000008"' in ask(panel, "adopt", {"folder": "run-000008"})
    assert {path.name for path in folder.glob("run-*")} >= {*problems, "run-000007", "run-000009"}


def test_no_folder_but_those_can_be_named(services, tmp_path):
    shutil.copytree(REFERENCE, tmp_path / "run-000007")
    (known,) = submit(services.store)
    for name in ("../run-000007", str(tmp_path / "run-000007"), known, "", "run-000009"):
        with pytest.raises(NotFoundError, match="folder must be the name of one"):
            services.adoption.adopt([name])


def test_visitors_see_and_change_nothing(services, panel):
    lost = lose(services, REFERENCE)
    with acting_as(VISITOR):
        assert LOST not in ask(panel, "you")
        for ask_for in (services.adoption.found, services.adoption.adopt, services.adoption.undo):
            with pytest.raises(NotAllowedError, match="Only a teacher may"):
                ask_for()
        assert "Only a teacher may adopt folders" in ask(panel, "adopt", {"folder": LOST})
    assert services.changes.refused == 4
    assert lost.exists()


def test_the_log_tells_of_them_at_the_start(services, caplog):
    services.adoption.tell()
    assert caplog.messages == []
    for number in range(5, 9):
        (services.store.folder / f"run-{number:06d}").mkdir()
    services.adoption.tell()
    (told,) = caplog.messages
    assert "without a record: 4 (run-000005, run-000006, run-000007, …)" in told


def test_a_store_that_cannot_be_read_has_none(services, panel, monkeypatch):
    lose(services, REFERENCE)

    def refuse(*_):
        raise adoption.StoreError("The database is locked.")

    monkeypatch.setattr(services.store, "numbers", refuse)
    assert "without a record" not in ask(panel, "you")
