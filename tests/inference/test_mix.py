"""Mix: the ends are the runs, it is kept, and what has no line is refused."""

import pytest

from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.inference import Mixes, Predictor, mix
from peft_demo.runs.mix import Mix, MixPoint


@pytest.fixture
def mixes(trained, tmp_path):
    store = trained.copy(tmp_path / "home", "lora", "ia3", "prompt_tuning")
    yield Mixes(store, Predictor(store))
    store.close()


@pytest.mark.slow
def test_the_ends_are_the_runs_and_it_is_kept(mixes, trained, in_float32, monkeypatch):
    monkeypatch.setattr(mix, "LINE", (0.0, 1.0))
    lora, ia3 = trained.ids("lora", "ia3")
    found = mixes.between([lora, ia3])
    assert found.run_ids == (lora, ia3)
    assert [point.at for point in found.points] == [0, 1]
    assert found.num_texts == trained.runs["lora"].result.num_test_reviews
    # The training computed in its own type of number: one text of 50 may fall otherwise.
    for point, method in ((found.points[0], "lora"), (found.points[-1], "ia3")):
        accuracy = trained.runs[method].result.test_accuracy
        assert point.accuracy == pytest.approx(accuracy, abs=0.021)
        assert point.low < point.accuracy < point.high
    monkeypatch.setattr(mixes, "_mix", lambda *_: pytest.fail("computed again"))
    assert mixes.between([lora, ia3]) == found


def test_what_has_no_line_is_refused(mixes, trained):
    lora, prompt = trained.ids("lora", "prompt_tuning")
    with pytest.raises(InvalidFieldsError, match=r"merged into their base, got .*: Prompt tuning"):
        mixes.between([lora, prompt])
    with pytest.raises(InvalidFieldsError, match="run_ids must be two runs to mix, got 1"):
        mixes.between([lora, lora])
    with pytest.raises(NotFoundError):
        mixes.between([lora, "run-999999"])


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("base_model", "another", "two runs of one base, got runs of .* and another"),
        ("labels", ("a", "b"), "two runs with the same labels, got runs of .* and a, b"),
    ],
)
def test_another_base_or_other_labels_are_refused(mixes, trained, field, value, told, monkeypatch):
    class Other:
        def __init__(self, run):
            self._run = run

        def __getattr__(self, name):
            return value if name == field else getattr(self._run, name)

    first, second = mixes._predictor.finished(trained.ids("lora", "ia3"))

    class Run:
        run_id, config = second.run_id, Other(second.config)

    monkeypatch.setattr(mixes._predictor, "finished", lambda _: [first, Run])
    with pytest.raises(InvalidFieldsError, match=told):
        mixes.between([first.run_id, second.run_id])


def test_a_barrier_is_measured_from_the_line_between_both_ends():
    accuracies = {0.0: 0.8, 0.25: 0.7, 0.5: 0.68, 1.0: 0.6}
    points = [MixPoint(at=t, accuracy=a, low=a, high=a) for t, a in accuracies.items()]
    found = Mix(run_ids=("a", "b"), num_texts=10, points=points)
    assert found.lowest.at == 0.25
    assert found.barrier == pytest.approx(0.05)
