"""What the strip and the lists say of a run in each state of its life."""

import pytest
from compared_runs import probabilities, result

from peft_demo.runs import (
    EpochMetrics,
    Progress,
    Run,
    RunConfig,
    RunKind,
    RunStatus,
    StoppedEarly,
)
from peft_demo.ui.run_states import called, now, state, waits

EPOCH = EpochMetrics(epoch=1, step=1, train_loss=0.7, eval_loss=0.6, eval_accuracy=0.5, seconds=1.0)


def run(status, **values):
    return Run(
        run_id="run-000001",
        config=RunConfig({"num_train_epochs": 3}),
        owner="me",
        status=status,
        created_at="2026-01-01T00:00:00Z",
        **values,
    )


def plain(text):
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("place", "words"),
    [(None, "Waits in the"), (1, "Next in the queue"), (3, "Number 3 in the")],
)
def test_a_waiting_run_says_where_it_waits(place, words):
    assert now(run(RunStatus.QUEUED, queue_position=place)).startswith(words)
    begins = plain(waits(place, 240.0))
    assert begins.endswith("· starts in about 4 min") == (place is not None)
    assert waits(place, 0.0) == waits(place)


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (
            Progress(phase="Training", step=5, max_steps=30, seconds_left=61),
            "step 5 of 30 · 61 s left",
        ),
        (Progress(phase="Loading"), "Loading …"),
        (Progress(), "Starting …"),
    ],
)
def test_a_running_run_says_how_far_it_is(progress, words):
    assert plain(now(run(RunStatus.RUNNING, progress=progress))) == words


def test_a_finished_run_says_what_it_reached_and_beside_that_how_long_it_took():
    done = run(RunStatus.COMPLETED, result=result(probabilities(range(100))))
    assert plain(now(done)) == (
        "Test accuracy 50.0 % (95 %: 43.1 % to 56.9 %) on 200 reviews · trained in 10 s, "
        "12 s in all"
    )
    assert plain(state(done)) == "trained in 10 s"


def test_an_import_whose_labels_seem_swapped_is_asked_about():
    found = run(RunStatus.COMPLETED, result=result(probabilities(range(150))))
    assert "swapped?" in state(found.model_copy(update={"kind": RunKind.IMPORTED}))


def test_a_run_that_ended_early_says_why():
    assert now(run(RunStatus.FAILED, error="It is too large.")) == "It is too large."
    assert now(run(RunStatus.CANCELLED, epochs=(EPOCH, EPOCH))) == "Stopped after 2 of 3 epochs"
    assert now(run(RunStatus.CANCELLED)) == "Stopped before the first epoch ended"


def test_a_run_that_was_kept_early_says_so_wherever_it_is_listed():
    early = StoppedEarly(epoch=1, num_train_epochs=3, why="asked")
    kept = {**result(probabilities(range(100))).model_dump(), "stopped_early": early}
    done = run(RunStatus.COMPLETED, result=kept, epochs=(EPOCH,))
    assert "Stopped after 1 of 3 epochs" in plain(now(done))
    assert plain(state(done)) == "Stopped after 1 of 3 epochs · trained in 10 s"
    assert called(done) == "stopped early"
