"""A disk that is full: who waits, what can be deleted, and that ends are recorded in the end."""

import logging
import os
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest
from small_runs import small_config, wait_until
from stored_runs import RESULT, finished, submit

from peft_demo.errors import NotFoundError, StoreError
from peft_demo.execution import Engine, recording
from peft_demo.execution.executor import Cancelled, Failed, Finished, Handle
from peft_demo.runs import EpochMetrics, RunStatus
from peft_demo.storage import Store, space

EPOCH = EpochMetrics(epoch=1, step=1, train_loss=0.7, eval_loss=0.6, eval_accuracy=0.5, seconds=1.0)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Store]:
    """A store on a disk of 110 MB, on machines that lend one to a test."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=110m", "tmpfs", str(disk)]
    if os.name != "posix" or os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("no disk of a test's own can be mounted")
    store = Store(disk / "runs")
    try:
        yield store
    finally:
        store.close()
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(store: Store) -> None:
    """To the last byte."""
    with (store.folder.parent / "filling").open("wb", buffering=0) as file:
        for size in (1_000_000, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


def used_up(write: Callable[[], object]) -> str:
    """Write until the pages that the database has are used up; what it said then."""
    for _ in range(2_000):
        try:
            write()
        except StoreError as error:
            return str(error)
    raise AssertionError("there was room")


class MadeUp:
    """An executor whose jobs tell what a test wants."""

    slots = 1

    def __init__(self, *events) -> None:
        self.events = events
        self.handles: list[Handle] = []

    def start(self, jobs):
        for job in jobs:
            self.handles.append(Handle())
            job.files.mkdir(exist_ok=True)
            for event in self.events:
                self.handles[-1].tell(event)
        return self.handles[-len(jobs) :]

    def close(self) -> None: ...


@pytest.fixture
def at_work() -> Iterator:
    engines = []

    def start(store: Store, executor: MadeUp) -> Engine:
        engines.append(Engine(store, lambda: executor))
        engines[-1].start()
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()


def test_at_no_byte_free_runs_are_seen_and_deleted_for_good(small_disk):
    first, second = finished(small_disk, 2)
    weights = small_disk.folder_of(first) / "adapter_model.safetensors"
    weights.write_bytes(b"w" * 30_000_000)
    fill(small_disk)
    assert "a folder with free space" in used_up(lambda: submit(small_disk))
    small_disk.close()
    reopened = Store(small_disk.folder)  # as a server that is started again
    assert {first, second} <= set(reopened.ids())
    reopened.delete(first)
    assert not weights.exists()  # somebody wants room now, not in an hour
    assert second in reopened.ids()
    reopened.delete(second)  # there is room again: it could be brought back
    reopened.restore(second)
    with pytest.raises(NotFoundError, match="for good"):
        reopened.restore(first)
    reopened.close()


def test_an_end_that_finds_no_room_is_recorded_once_there_is(
    small_disk, at_work, caplog, monkeypatch
):
    monkeypatch.setattr(recording, "PAUSE_SECONDS", 0.1)
    executor = MadeUp()
    engine = at_work(small_disk, executor)
    run_id = engine.submit(small_config(), "me").run_id
    wait_until(lambda: executor.handles)
    fill(small_disk)
    assert "full" in used_up(lambda: submit(small_disk, 20))
    with caplog.at_level(logging.WARNING):
        engine.cancel(run_id)  # stopping works all the same
        assert executor.handles[0].should_stop()
        executor.handles[0].tell(Cancelled())
        wait_until(lambda: "It is tried again" in caplog.text)
    assert small_disk.get(run_id).status is RunStatus.RUNNING
    assert caplog.text.count("It is tried again") == 1
    (small_disk.folder.parent / "filling").unlink()
    wait_until(lambda: small_disk.get(run_id).status is RunStatus.CANCELLED)


def test_who_needs_more_than_is_free_waits_and_says_so_while_others_go_on(
    store, at_work, monkeypatch
):
    free = [100_000_000]
    monkeypatch.setattr(space, "free_bytes", lambda folder: free[0])
    large = store.submit(small_config("full_ft"), "me").run_id
    small = store.submit(small_config(), "another").run_id
    at_work(store, MadeUp(Failed(reason="why")))
    wait_until(lambda: store.get(small).status is RunStatus.FAILED)
    assert store.get(small).error == "why"
    wait_until(lambda: store.get(large).error)
    waiting = store.get(large)
    assert waiting.status is RunStatus.QUEUED
    assert waiting.error == (
        "It needs about 0.9 GB of disk for its checkpoints and adapter, 0.1 GB are free."
    )
    free[0] = 2_000_000_000
    wait_until(lambda: store.get(large).status is RunStatus.FAILED)
    assert store.get(large).error == "why"


def test_an_epoch_that_cannot_be_recorded_does_not_keep_a_stop_waiting(store, monkeypatch):
    run = store.start(small_config(), "me")
    handle = Handle()

    def full(*_args, **_more):
        handle.cancel()
        raise StoreError("full")

    monkeypatch.setattr(store, "report", full)
    for event in (EPOCH, Cancelled()):
        handle.tell(event)
    recording.Recording(store, run).follow(handle, lambda: False)
    assert store.get(run.run_id).status is RunStatus.CANCELLED


def test_whoever_ends_the_program_does_not_wait_for_a_record(store, monkeypatch):
    run = store.start(small_config(), "me")
    handle = Handle()
    handle.tell(Finished(result=RESULT))
    is_closing = threading.Event()
    monkeypatch.setattr(store, "finish", lambda *_args, **_more: full())

    def full():
        is_closing.set()
        raise StoreError("full")

    store.partial_folder_of(run.run_id).mkdir()
    with pytest.raises(StoreError, match="full"):
        recording.Recording(store, run).follow(handle, is_closing.is_set)


def test_a_training_that_would_not_fit_on_the_disk_fails_with_numbers(home, monkeypatch):
    monkeypatch.setattr(space, "free_bytes", lambda folder: 1_000_000)
    with pytest.raises(
        StoreError, match=r"needs about \d+ MB of disk .*, 1 MB are free. Make room"
    ):
        space.require_room(small_config(), home / ".partial-run-000001")


def test_the_reserve_is_kept_once_and_taken_once(home):
    store = Store(home)
    reserve = home / space.RESERVE
    assert reserve.stat().st_blocks * 512 >= space.RESERVE_BYTES
    assert space.give_up_reserve(home)
    assert not space.give_up_reserve(home)
    submit(store)
    store.close()
    Store(home).close()
    assert reserve.exists()
