"""A training that this machine has no memory for is refused with the numbers, everywhere."""

import sys
from types import ModuleType

import pytest
from small_runs import LONG, set_options, small_config
from stored_runs import RESULT

from peft_demo import memory
from peft_demo.errors import InvalidFieldsError
from peft_demo.execution.executor import Job
from peft_demo.execution.jobs import do
from peft_demo.models import FAMILY, hardware
from peft_demo.runs import Reporter, RunConfig, RunKind, RunStatus, footprint, sweeps
from peft_demo.storage import Store

LARGE = {"per_device_train_batch_size": 128, "max_length": 512, "num_reviews": 1000}
WORDS = (
    r"per_device_train_batch_size 128 with max_length 512 needs about \d\d\.\d GB of memory "
    r"\(estimated\), 6\.2 GB are free: one of them must be smaller\."
)


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """One with 6.2 GB, of which the program has one already."""
    monkeypatch.setattr(memory, "free_bytes", lambda: 5_200_000_000)
    monkeypatch.setattr(memory, "held_bytes", lambda: 1_000_000_000)


def test_whatever_queues_a_run_refuses_it(store):
    config = small_config(**LARGE)
    config.require_valid()  # elsewhere it can be trained: its code is still exported
    for queue in (
        lambda: store.submit(config, "me"),
        lambda: store.start(config, "me"),
        lambda: store.submit(config, "me", RunKind.RANGE_TEST),
        lambda: store.submit_plan(sweeps.plan(config.flat(), {}, repeats=2), "me"),
    ):
        with pytest.raises(InvalidFieldsError, match=WORDS) as refused:
            queue()
        assert list(refused.value.problems) == ["per_device_train_batch_size"]
    assert store.runs() == []
    assert store.submit(small_config(), "me").status is RunStatus.QUEUED


def took(store, memory_bytes, **changes):
    """A run of this machine's own that trained alone in a process, and took that."""
    run_id = store.start(small_config(**changes), "me").run_id
    result = RESULT.model_copy(update={"memory_bytes": memory_bytes})
    return store.finish(run_id, RunStatus.COMPLETED, result=result)


TELLING = {"per_device_train_batch_size": 16, "max_length": 128}


def test_a_forecast_follows_what_was_measured(store):
    config = small_config(**TELLING)
    estimate = footprint.training_bytes(config, "float32")
    assert forecast_of(store, config) == (estimate, 0)
    took(store, estimate * 7 // 10, **TELLING)
    took(store, estimate // 2, method="ia3", **TELLING)
    took(store, None, **TELLING)
    assert forecast_of(store, config) == (estimate, 1)  # one is not enough to promise less
    took(store, estimate * 6 // 10, seed=2, **TELLING)
    took(store, estimate * 8 // 10, seed=3, **TELLING)
    assert forecast_of(store, config) == (pytest.approx(0.8 * estimate, rel=1e-6), 3)
    took(store, estimate * 12 // 10, seed=4, **TELLING)
    assert forecast_of(store, config) == (pytest.approx(1.2 * estimate, rel=1e-6), 4)
    took(store, estimate * 50, seed=5, **TELLING)
    assert forecast_of(store, config) == (2 * estimate, 5)


def forecast_of(store, config):
    """Beyond program and base, and from how many runs."""
    known = footprint.measured(config, store.runs())
    whole = footprint.peak_bytes(config, "float32", known)
    beside = footprint.peak_bytes(config, "float32") - footprint.training_bytes(config, "float32")
    return whole - beside, len(known.pairs)


def test_small_trainings_tell_the_least_that_others_take_and_nothing_of_their_size(store):
    """What every training takes, whatever its batch, is most of theirs."""
    small, larger = small_config(), small_config(**TELLING)
    estimate = footprint.training_bytes(small, "float32")
    assert estimate < footprint.LEAST_TELLING
    took(store, estimate + 300_000_000)
    assert forecast_of(store, small) == (estimate + 300_000_000, 1)
    assert forecast_of(store, larger)[0] == footprint.training_bytes(larger, "float32")
    took(store, estimate + 900_000_000, seed=2)
    assert forecast_of(store, small) == (estimate + footprint.LARGEST_EXCESS, 2)


@pytest.mark.usefixtures("in_float32")
def test_a_refusal_says_what_it_goes_by_and_a_start_keeps_to_it(store, monkeypatch):
    monkeypatch.setattr("peft_demo.storage.runs.LATELY_SECONDS", -1.0)  # what has just ended, too
    config = small_config(**TELLING)
    estimate = footprint.training_bytes(config, "float32")
    beside = footprint.peak_bytes(config, "float32") - estimate
    monkeypatch.setattr(memory, "held_bytes", lambda: 0)
    monkeypatch.setattr(memory, "free_bytes", lambda: beside + estimate * 9 // 10)
    with pytest.raises(InvalidFieldsError, match=r"GB of memory \(estimated\)"):
        store.submit(config, "me")
    monkeypatch.setattr(memory, "free_bytes", lambda: beside + estimate * 2)
    for seed in range(3):
        took(store, estimate * 7 // 10, seed=seed, **TELLING)
    monkeypatch.setattr(memory, "free_bytes", lambda: beside + estimate * 9 // 10)
    assert store.submit(config, "me").status is RunStatus.QUEUED
    config.require_startable(footprint.measured(config, store.runs()))
    monkeypatch.setattr(memory, "free_bytes", lambda: beside + estimate * 6 // 10)
    words = r"GB of memory \(measured on runs here: 3\), "
    with pytest.raises(InvalidFieldsError, match=words):
        store.submit(config, "me")


def test_the_command_line_refuses_it(command, home):
    done = command("train", *set_options(**LARGE))
    assert (done.status, done.out) == (2, "")
    assert "6.2 GB are free" in done.err
    assert Store(home).runs() == []


def test_what_no_longer_fits_when_its_turn_comes_fails_with_the_numbers(home):
    job = Job(kind=RunKind.TRAINING, config=small_config(**LARGE).flat(), files=home)
    ended = do(job, Reporter())
    assert "6.2 GB are free" in ended.reason
    assert not ended.is_defect


def test_what_fits_needs_no_torch_which_another_thread_may_be_loading(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    footprint.require_memory(small_config())


def test_what_was_measured_is_within_the_forecast():
    """Peaks in MB on one machine; `benchmarks/NOTES.md` says how they were found."""
    rows = [("bfloat16", {}, *row) for row in MEASURED]
    rows += [("float32", {}, *row) for row in IN_FLOAT32]
    rows += [("bfloat16", *row) for row in OF_SOME_LAYERS]
    for precision, layers, method, batch, length, measured in rows:
        config = RunConfig(
            {
                **LONG,
                **layers,
                "method": method,
                "per_device_train_batch_size": batch,
                "max_length": length,
                "num_reviews": 200,
            }
        )
        forecast = footprint.peak_bytes(config, precision) / 1e6
        found = (precision, layers, method, batch, length)
        assert 0.98 * measured < forecast < 1.5 * measured, found


MEASURED = (
    ("lora", 8, 50, 933),
    ("lora", 16, 128, 1516),
    ("lora", 64, 128, 3449),
    ("lora", 128, 128, 5885),
    ("lora", 64, 256, 6424),
    ("lora", 16, 512, 4883),
    ("head_only", 64, 256, 1357),
    ("full_ft", 64, 128, 2569),
    ("prompt_tuning", 64, 128, 2638),
    ("dora", 64, 128, 4523),
    ("boft", 16, 128, 1909),
    ("oft", 64, 128, 2970),
    ("vera", 64, 128, 3565),
    ("hra", 64, 128, 2899),
    ("ia3", 64, 128, 2829),
    ("adalora", 64, 128, 3371),
    ("beft", 64, 128, 2377),
    ("boft", 64, 128, 3205),
    ("head_only", 64, 128, 1128),
    ("ln_tuning", 64, 128, 2076),
    ("lokr", 64, 128, 3021),
)
OF_SOME_LAYERS = (
    ({"layers_to_transform": "4-5", "base_dropout": 0}, "lora", 64, 128, 1811),
    ({"layers_to_transform": "3-5"}, "lora", 64, 128, 2270),
    ({"layers_to_transform": "4-5"}, "lora", 16, 128, 966),
    ({"target_modules": FAMILY.linear}, "boft", 16, 128, 1690),
    ({"target_modules": FAMILY.linear}, "boft", 64, 128, 3954),
)
IN_FLOAT32 = (
    ("lora", 8, 50, 952),
    ("lora", 16, 128, 1915),
    ("lora", 64, 128, 5452),
    ("lora", 16, 512, 7926),
)


def test_what_nobody_has_found_out_is_forecast_as_what_takes_more(monkeypatch):
    """Until torch is loaded, nobody knows whether this machine computes in bfloat16."""
    monkeypatch.delenv("PEFT_DEMO_PRECISION", raising=False)
    monkeypatch.setattr(hardware, "_faster", {})
    config = small_config(per_device_train_batch_size=64, max_length=256)
    unknown = footprint.peak_bytes(config, hardware.known_precision())
    assert unknown == footprint.peak_bytes(config, "float32")
    # Only what would not fit is worth finding out; in bfloat16 it fits.
    room = footprint.peak_bytes(config, "bfloat16")
    monkeypatch.setattr(memory, "free_bytes", lambda: room)
    monkeypatch.setattr(memory, "held_bytes", lambda: 0)
    monkeypatch.setattr(hardware, "_faster_precision", lambda kind: "bfloat16")
    footprint.require_memory(config)
    assert hardware.known_precision() == "bfloat16"
    monkeypatch.setenv("PEFT_DEMO_PRECISION", "float32")
    with pytest.raises(InvalidFieldsError, match="GB of memory"):
        footprint.require_memory(config)
