"""A training that this machine has no memory for is refused with the numbers, everywhere."""

import sys
from types import ModuleType

import pytest
from small_runs import LONG, set_options, small_config

from peft_demo import memory
from peft_demo.errors import InvalidFieldsError
from peft_demo.execution.executor import Job
from peft_demo.execution.jobs import do
from peft_demo.runs import Reporter, RunConfig, RunKind, RunStatus, footprint, sweeps
from peft_demo.storage import Store

LARGE = {"per_device_train_batch_size": 128, "max_length": 512, "num_reviews": 1000}
WORDS = (
    r"per_device_train_batch_size 128 with max_length 512 needs about \d\d\.\d GB of memory, "
    r"6\.2 GB are free: one of them must be smaller\."
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
    """Peaks in MB on one machine, in bfloat16; `benchmarks/NOTES.md` says how they were found."""
    for method, batch, length, measured in MEASURED:
        config = RunConfig(
            {
                **LONG,
                "method": method,
                "per_device_train_batch_size": batch,
                "max_length": length,
                "num_reviews": 200,
            }
        )
        assert 0.98 * measured < footprint.peak_bytes(config) / 1e6 < 1.5 * measured, (
            method,
            batch,
            length,
        )


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
)
