"""A training that ends early keeps whole epochs only, with the numbers that these had."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_runs import Recorder, numbers_in, numbers_of, small_config
from stored_runs import write_checkpoint
from transformers import EarlyStoppingCallback

from peft_demo.errors import AssetError, RunCancelledError
from peft_demo.models.fast_forward import FrozenBody
from peft_demo.runs import EpochMetrics, RunResult, StoppedEarly, checkpoints
from peft_demo.statistics import Predictions
from peft_demo.training.callback import Monitor
from peft_demo.training.keeping import go_back, stopped_early
from peft_demo.training.loop import train

CLOCK = {"train_runtime", "train_samples_per_second", "train_steps_per_second"}


def computed(folder, recorder: Recorder, result: RunResult) -> list[object]:
    """All that a training left, without what a clock measured."""
    (weights,) = folder.glob("*model.safetensors")
    output = {name: value for name, value in result.train_output.items() if name not in CLOCK}
    kept = recorder.steps[: result.train_output["global_step"]]
    return [
        numbers_of(kept, recorder.epochs, result),
        output,
        result.training_table,
        result.reload_difference,
        weights.read_bytes(),
        Predictions.load(folder).probabilities.tolist(),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["adalora", "head_only"])
def test_what_is_kept_in_the_middle_of_an_epoch_is_the_epoch_before_to_the_last_digit(
    tmp_path, trained, method
):
    """AdaLoRA keeps more than parameters, and head only what it has computed."""
    within, after = tmp_path / "within", tmp_path / "after"
    late, early = Recorder(keep_after=10), Recorder(keep_after=8)
    kept = train(small_config(method), within, late)
    assert len(late.steps) > 8
    # Asked at the end of the epoch, nothing has to be taken back.
    expected = train(small_config(method), after, early)
    assert len(early.steps) == 8
    assert computed(within, late, kept) == computed(after, early, expected)
    assert kept.stopped_early == StoppedEarly(epoch=2, num_train_epochs=3, why="asked")
    assert (kept.kept_epoch, kept.train_output["global_step"]) == (2, 8)
    whole = trained.runs[method]
    assert list(whole.epochs[:2]) == [
        mine.model_copy(update={"seconds": theirs.seconds})
        for mine, theirs in zip(late.epochs, whole.epochs, strict=False)
    ]
    assert (whole.result.kept_epoch, whole.result.stopped_early) == (3, None)


@pytest.mark.slow
def test_head_only_goes_on_with_the_features_of_its_checkpoint(tmp_path, trained, monkeypatch):
    """Each text's features have the last digits of the batch that it was first computed in."""
    with pytest.raises(RunCancelledError):
        train(small_config("head_only"), tmp_path, Recorder(stop_after=6))
    recorder, new = Recorder(), 0
    compute = FrozenBody.forward

    def count(body, *arguments, **more):
        nonlocal new
        known = len(body.features)
        answer = compute(body, *arguments, **more)
        if recorder.progresses[-1].phase == "Training":
            new += len(body.features) - known
        return answer

    monkeypatch.setattr(FrozenBody, "forward", count)
    result = train(small_config("head_only"), tmp_path, recorder)
    assert new == 0
    whole = numbers_in(trained.store, trained.runs["head_only"])
    assert numbers_of(recorder.steps, recorder.epochs, result) == whole[4:12] + whole[13:]


def epochs_of(losses: list[float]) -> list[EpochMetrics]:
    return [
        EpochMetrics(
            epoch=n, step=4 * n, train_loss=1, eval_loss=loss, eval_accuracy=0.5, seconds=n
        )
        for n, loss in enumerate(losses, start=1)
    ]


def monitor_of(patience: int, losses: list[float]) -> Monitor:
    monitor = Monitor(small_config(early_stopping_patience=patience), Recorder())
    monitor.epochs = epochs_of(losses)
    return monitor


@given(st.lists(st.sampled_from([0.4, 0.5, 0.6]), min_size=1, max_size=6), st.integers(1, 4))
def test_patience_is_over_when_transformers_own_callback_says_so(losses, patience):
    theirs = EarlyStoppingCallback(patience)
    args = SimpleNamespace(metric_for_best_model="eval_loss", greater_is_better=False)
    state, control = SimpleNamespace(best_metric=None), SimpleNamespace(should_training_stop=False)
    for done, loss in enumerate(losses, start=1):
        theirs.on_evaluate(args, state, control, {"eval_loss": loss})
        state.best_metric = min(loss, state.best_metric or loss)
        assert monitor_of(patience, losses[:done]).is_patience_over == control.should_training_stop
        if control.should_training_stop:
            return


def test_without_patience_no_epoch_is_one_too_many():
    assert not monitor_of(0, [0.4, 0.5, 0.6, 0.7]).is_patience_over


def test_a_training_that_goes_on_after_its_patience_was_over_ends_at_once():
    control = SimpleNamespace(should_training_stop=False, should_evaluate=True, should_save=True)
    monitor, state = monitor_of(1, [0.4, 0.5]), SimpleNamespace(epoch=2.25)
    monitor.on_step_end(None, state, control)
    assert control.should_training_stop
    monitor.on_epoch_end(None, state, control)
    assert not control.should_evaluate
    assert not control.should_save


def test_the_best_epochs_checkpoint_stays_beside_the_last_two(tmp_path):
    for step in (4, 8, 12, 16):
        write_checkpoint(tmp_path, step, best=4)
    found = {path.name for path in checkpoints.folder_of(tmp_path).glob("checkpoint-*")}
    assert found == {"checkpoint-4", "checkpoint-12", "checkpoint-16"}
    assert checkpoints.at(tmp_path, 4).name == "checkpoint-4"
    (tmp_path / "checkpoints" / "checkpoint-4" / "model.pt").write_bytes(b"damaged")
    assert checkpoints.at(tmp_path, 4) is None
    assert checkpoints.at(tmp_path, 8) is None


class Model:
    """A trainer after its training, of which only what is loaded counts."""

    def __init__(self, step: int) -> None:
        self.state = SimpleNamespace(global_step=step)
        self.loaded: list[str] = []

    def _load_from_checkpoint(self, path: str) -> None:
        self.loaded.append(Path(path).name)


@pytest.mark.parametrize(
    ("patience", "damaged", "kept", "loaded"),
    [
        (0, False, 3, []),
        (2, False, 1, ["checkpoint-4"]),
        (2, True, 3, []),
    ],
)
def test_with_patience_the_best_epoch_is_kept_else_the_last(
    tmp_path, patience, damaged, kept, loaded
):
    for step in (4, 8, 12):
        write_checkpoint(tmp_path, step, best=4)
    if damaged:
        shutil.rmtree(tmp_path / "checkpoints" / "checkpoint-4")
    monitor, model = monitor_of(patience, [0.4, 0.5, 0.6]), Model(12)
    config = small_config(early_stopping_patience=patience, num_train_epochs=6)
    assert go_back(model, monitor, config, tmp_path) == kept
    assert model.loaded == loaded
    why = "patience" if patience else "asked"
    assert stopped_early(monitor, config) == StoppedEarly(epoch=3, num_train_epochs=6, why=why)
    assert stopped_early(monitor, small_config()) is None


def test_without_any_checkpoint_half_an_epoch_is_not_kept(tmp_path):
    with pytest.raises(AssetError, match="no epoch can be kept"):
        go_back(Model(14), monitor_of(0, [0.4, 0.5, 0.6]), small_config(), tmp_path)
