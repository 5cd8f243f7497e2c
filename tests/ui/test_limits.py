"""What one person may queue, by page, API, import and link alike."""

import json
import shutil

import gradio as gr
import pytest
from asking import ask
from compared_runs import finished
from small_runs import small_config

from peft_demo import settings
from peft_demo.errors import ConflictError, InvalidFieldsError
from peft_demo.runs import RunConfig, RunStatus, sweeps
from peft_demo.settings import ADAPTERS
from peft_demo.storage import Store
from peft_demo.ui.form.import_form import ImportForm
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.page import build
from peft_demo.ui.pages.learn import LearnPage
from peft_demo.ui.you import You

ME = Visitor("0123456789abcdef" * 2)


def limit(services, **limits):
    """As the teacher's form sends it."""
    return ask(You(services), "set_limits", {name: str(most) for name, most in limits.items()})


def test_a_person_has_room_for_so_many_runs(services, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_MOST_WAITING", "3")
    with acting_as(ME):
        services.changes.submit(RunConfig())
        with pytest.raises(ConflictError, match="At most 3 runs of one person may wait; 1"):
            services.changes.submit_plan(sweeps.plan({}, {"r": [1, 2, 4]}))
        services.changes.submit_plan(sweeps.plan({}, {"r": [1, 2]}))
        with pytest.raises(ConflictError, match="stop some"):
            services.changes.submit(RunConfig())
    services.changes.submit_plan(sweeps.plan({}, {"r": [1, 2, 4, 8]}))


@pytest.mark.parametrize(
    ("limits", "values", "sentence"),
    [
        ({"reviews": 100}, {"num_reviews": 200}, "num_reviews must be at most 100 here, got 200"),
        ({"epochs": 2}, {"num_train_epochs": 3}, "num_train_epochs must be at most 2 here, got 3"),
        ({"tokens": 32}, {"max_length": 64}, "max_length must be at most 32 here, got 64"),
    ],
)
def test_a_run_may_be_so_large(services, limits, values, sentence):
    limit(services, **limits)
    with acting_as(ME):
        with pytest.raises(InvalidFieldsError, match=sentence):
            services.changes.submit(small_config(**values))
        (name,) = values
        plan = sweeps.plan(small_config(**values).flat(), {"r": [1, 2]})
        with pytest.raises(InvalidFieldsError, match=sentence):
            services.changes.submit_plan(plan)
        allowed = small_config(**{name: next(iter(limits.values()))})
        assert services.changes.submit(allowed).run_id
    # A teacher may, and the command line is the machine's owner's.
    services.changes.submit(small_config(**values))


def test_a_configuration_may_be_repeated_so_often(services):
    limit(services, repeats=2)
    with acting_as(ME), pytest.raises(InvalidFieldsError, match="repeats must be at most 2 here"):
        services.changes.submit_plan(sweeps.plan({}, {"r": [1, 2]}, repeats=3))
    with acting_as(ME):
        services.changes.submit_plan(sweeps.plan({}, {"r": [1, 2]}, repeats=2))


def test_so_much_time_of_ones_runs_may_wait(services):
    """A sweep counts for what it costs, and not as one."""
    done = finished(services.store, "12 s", config={"num_train_epochs": 3})
    limit(services, minutes=1)
    config = done.config
    with acting_as(ME):
        four = sweeps.plan(config.flat(), {}, repeats=4)
        services.changes.submit_plan(four)
        sentence = "At most 1 min of one person's runs may wait; yours take about 48 s, and about"
        with pytest.raises(InvalidFieldsError, match=f"{sentence} 24 s would come"):
            services.changes.submit_plan(sweeps.plan(config.flat(), {}, repeats=2))
        services.changes.submit(config)
        stopped = services.store.runs()[0].run_id
        services.changes.stop(stopped)
        services.changes.submit(config)
        with pytest.raises(InvalidFieldsError, match="choose fewer runs"):
            services.changes.resume(stopped)


def test_a_new_machine_counts_as_the_one_of_the_reference_runs(services):
    limit(services, minutes=1)
    with acting_as(ME), pytest.raises(InvalidFieldsError, match="yours take about 0 s"):
        services.changes.submit(RunConfig(num_train_epochs=50, num_reviews=10_000))


@pytest.mark.slow
def test_all_ways_are_limited(services, tmp_path):
    """The form, the API, an import, a lesson's button and a resumed run."""
    page = build(services)
    endpoints = {fn.api_name: fn.fn for fn in page.fns.values() if fn.api_visibility == "public"}
    adapter = shutil.copytree(ADAPTERS / "reference-ia3", tmp_path / "mine")
    for extra in adapter.iterdir():
        if not extra.name.startswith("adapter_"):
            extra.unlink()
    archive = shutil.make_archive(str(tmp_path / "mine"), "zip", adapter)
    with acting_as(ME):
        stopped = services.changes.submit(small_config()).run_id
        services.changes.stop(stopped)
    limit(services, waiting=1)
    config = {"num_reviews": 40}
    with acting_as(ME):
        services.changes.submit(small_config())
        for name, asked in {
            "submit_run": (config,),
            "submit_sweep": (config, {"r": [1, 2]}, 1, False),
            "submit_lesson": ("better",),
            "find_learning_rate": (config,),
            "resume_run": (stopped,),
        }.items():
            with pytest.raises(gr.Error, match="At most 1 run of one person may wait"):
                endpoints[name](*asked)
        told = json.loads(
            ask(LearnPage(services), "queue_plan", {"lesson": "better", "plan": "four"})
        )
        *_, imported = ImportForm(services).bring([archive])
        for sentence in (told["error"], imported):
            assert "At most 1 run of" in sentence
    waiting = [run for run in services.store.runs() if run.status is RunStatus.QUEUED]
    assert len(waiting) == 1


def test_servers_on_one_store_share_the_limits(services):
    told = limit(services, waiting=5, epochs=7)
    assert 'name="waiting"' in told
    assert 'value="7"' in told
    other = Store(services.store.folder)
    assert other.classroom().limits == {"waiting": 5, "epochs": 7}
    assert other.classroom().most("waiting") == 5
    other.close()
    assert "must be a whole number between 1 and" in limit(services, waiting=0)
    limit(services)
    classroom = services.store.classroom()
    assert (classroom.limits, classroom.most("waiting"), classroom.most("epochs")) == ({}, 64, None)


def test_a_limit_in_the_environment_is_checked(monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_MOST_EPOCHS", "none")
    with pytest.raises(InvalidFieldsError, match="MOST_EPOCHS must be any or a whole number"):
        settings.check()
