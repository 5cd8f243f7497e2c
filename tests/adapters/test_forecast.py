"""What is known about a run before it starts."""

from datetime import UTC, datetime

import pytest
from small_runs import SMALL, small_config

from peft_demo.adapters.forecast import expected_seconds, forecast, seconds_elsewhere
from peft_demo.methods import measured_rates
from peft_demo.runs import Run, RunKind, RunStatus
from peft_demo.settings import ADAPTERS
from peft_demo.storage.reference_runs import read_references


def finished(seconds, kind=RunKind.TRAINING, **changes):
    """A finished run of this machine that took so long."""
    result = next(iter(read_references(ADAPTERS).values())).result
    output = {**result.train_output, "train_runtime": seconds}
    return Run(
        run_id="run-000001",
        kind=kind,
        config=small_config(**changes),
        owner="me",
        status=RunStatus.COMPLETED,
        created_at=datetime.now(UTC),
        result=result.model_copy(update={"train_output": output}),
    )


def test_before_the_first_run_the_time_is_unknown():
    assert expected_seconds(small_config(), []) is None


def test_reference_runs_and_imported_adapters_tell_nothing_about_this_machine():
    references = read_references(ADAPTERS).values()
    assert expected_seconds(small_config(), [*references, finished(3, RunKind.IMPORTED)]) is None


def test_reference_runs_tell_about_their_own_machine():
    references = list(read_references(ADAPTERS).values())
    took = seconds_elsewhere([small_config()], references)
    assert seconds_elsewhere([small_config(), small_config()], references) == 2 * took > 0
    assert seconds_elsewhere([small_config()], [finished(3)]) is None


def test_the_same_run_again_is_expected_to_take_as_long():
    low, high = expected_seconds(small_config(), [finished(10.0)])
    assert low < 10 < high
    assert high / low < 1.5


def test_time_grows_with_reviews_epochs_and_length():
    runs = [finished(10.0)]
    low, high = expected_seconds(small_config(), runs)
    for name in ("num_train_epochs", "max_length", "num_reviews"):
        twice = small_config(**{name: 2 * SMALL[name]})
        assert expected_seconds(twice, runs) == pytest.approx((2 * low, 2 * high))


def test_runs_of_the_same_method_count_alone():
    runs = [finished(10.0), finished(100.0, method="ia3")]
    _low, high = expected_seconds(small_config(), runs)
    assert high < 20
    assert expected_seconds(small_config("head_only"), runs)[1] > 100


def test_another_methods_time_is_told_with_a_wider_range():
    runs = [finished(10.0)]
    own = expected_seconds(small_config(), runs)
    other = expected_seconds(small_config("ia3"), runs)
    assert other[0] < own[0] < own[1] < other[1]


def test_a_forecast_has_counts_time_and_the_warning_of_the_rate(monkeypatch):
    monkeypatch.setattr(measured_rates, "warning", lambda method, label, rate: f"{label} {rate:g}")
    known = forecast(small_config(learning_rate=2e-5), [])
    assert known.warning == "LoRA 2e-05"
    plain = known.plain()
    assert plain["num_adapter_parameters"] == known.counts.num_adapter_parameters > 0
    assert plain["expected_seconds"] is None
