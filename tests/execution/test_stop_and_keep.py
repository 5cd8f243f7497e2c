"""Stop and keep: a training that somebody stops is completed with its last whole epoch."""

import pytest
from small_runs import small_config

from peft_demo.errors import ConflictError
from peft_demo.execution import Engine, engine
from peft_demo.runs import StepMetrics


@pytest.mark.slow
@pytest.mark.parametrize("by", ["engine", "store"])
def test_to_stop_and_keep_completes_with_the_last_whole_epoch(store, base, monkeypatch, by):
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.01)

    def keep(run, event):
        if isinstance(event, StepMetrics) and event.step == 6:
            (working.keep if by == "engine" else store.request_keep)(run.run_id)

    working = Engine(store, listener=keep)
    run = working.run(store.start(small_config("head_only", num_train_epochs=40), "me"))
    early = run.stopped_early
    assert (run.status, early.why, early.num_train_epochs) == ("completed", "asked", 40)
    if by == "engine":  # else it is heard of some steps later
        assert early.epoch == 1
    # Of the steps after it there is nothing left.
    assert [epoch.epoch for epoch in run.epochs] == [*range(1, early.epoch + 1)]
    assert len(store.steps(run.run_id)) == run.result.train_output["global_step"]
    assert run.result.train_output["global_step"] == 4 * early.epoch
    assert [path.name for path in store.folder.iterdir() if run.run_id in path.name] == [run.run_id]
    card = (store.folder_of(run.run_id) / "README.md").read_text()
    assert f"Stopped early, as asked, after epoch {early.epoch} of 40." in card
    with pytest.raises(ConflictError, match="is completed"):
        working.keep(run.run_id)
