"""Folders and databases that cannot be used, and a database that several use at once."""

import sqlite3
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_runs import run_python
from stored_runs import damage, epoch, step, submit

from peft_demo.errors import StoreError
from peft_demo.runs import (
    Progress,
    RunStatus,
)
from peft_demo.storage import DATABASE, Store, database


class TestFoldersThatCannotBeUsed:
    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        store = Store(tmp_path / "file" / "runs")
        assert "PEFT_DEMO_HOME must be a folder" in store.problem
        assert str(tmp_path / "file" / "runs") in store.problem
        assert store.runs() == []
        assert store.version == 0
        with pytest.raises(StoreError, match="PEFT_DEMO_HOME"):
            submit(store)
        assert (tmp_path / "file").read_text() == "in the way"

    def test_a_file_that_is_no_database(self, home):
        home.mkdir()
        (home / DATABASE).write_text("precious " * 1000)
        store = Store(home)
        assert "is damaged (file is not a database)" in store.problem
        with pytest.raises(StoreError, match="is damaged"):
            submit(store)
        assert (home / DATABASE).read_text() == "precious " * 1000

    def test_works_as_soon_as_the_folder_does(self, tmp_path):
        blocked = tmp_path / "blocked"
        blocked.write_text("in the way")
        store = Store(blocked)
        assert store.problem
        blocked.unlink()
        (run_id,) = submit(store)
        assert store.problem is None
        assert store.ids() == [run_id]
        store.close()

    READER = """
import os, sys, tempfile
from pathlib import Path
from peft_demo.runs import RunConfig
from peft_demo.storage import Store
from peft_demo.errors import StoreError
# Everything is imported before the script may perhaps no longer read it.
with tempfile.TemporaryDirectory() as name:
    Store(Path(name)).submit(RunConfig(), "me")
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
store = Store(Path(sys.argv[1]))
print(store.problem)
print(store.ids())
try:
    store.submit(RunConfig(), "me")
except StoreError as error:
    print(error)
"""

    @pytest.mark.parametrize("runs", [[], ["run-000001"]], ids=["empty", "with runs"])
    @pytest.mark.slow
    def test_a_read_only_folder_shows_what_is_in_it(self, runs):
        # Not tmp_path: its parents are closed to the user that the script becomes.
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "runs"
            folder.mkdir()
            if runs:
                store = Store(folder)
                assert submit(store) == runs
                store.close()
            there = list(folder.iterdir())
            for path in (folder, folder.parent):
                path.chmod(0o555)
            try:
                done = run_python(self.READER, folder, str(folder))
            finally:
                for path in (folder.parent, folder):
                    path.chmod(0o755)
            assert list(folder.iterdir()) == there
        assert done.returncode == 0, done.stderr
        problem, ids, sentence = done.stdout.splitlines()
        assert problem == sentence
        assert sentence.startswith("PEFT_DEMO_HOME must be a folder with free space")
        assert str(folder) in sentence
        assert ids == str(runs)

    FILLER = """
import resource, sys
from pathlib import Path
from peft_demo.runs import RunConfig
from peft_demo.storage import Store
from peft_demo.errors import StoreError
store = Store(Path(sys.argv[1]))
ids = [store.submit(RunConfig(), "me").run_id]
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
largest = max(path.stat().st_size for path in Path(sys.argv[1]).iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 100_000, hard))
try:
    while len(ids) < 2_000:
        ids.append(store.submit(RunConfig(), "me").run_id)
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert sorted(store.ids()) == ids, (store.ids(), ids)
again = Store(Path(sys.argv[1]))
assert sorted(again.ids()) == ids
again.submit(RunConfig(), "me")
print(len(ids))
"""

    @pytest.mark.slow
    def test_a_full_disk_loses_nothing(self, home):
        done = run_python(self.FILLER, home, str(home))
        assert done.returncode == 0, done.stderr
        sentence, count = done.stdout.splitlines()
        assert sentence.startswith("PEFT_DEMO_HOME must be a folder with free space")
        assert str(home) in sentence
        assert 1 < int(count) < 2_000


class TestADamagedDatabase:
    def test_in_the_middle_is_told_and_left_alone(self, home):
        store = Store(home)
        submit(store, 40)
        store.close()
        damage(home)
        damaged = (home / DATABASE).read_bytes()
        again = Store(home)
        assert "is damaged" in again.problem
        assert again.runs() == []
        with pytest.raises(StoreError, match="doctor --mend"):
            submit(again)
        again.close()
        assert (home / DATABASE).read_bytes() == damaged

    def test_under_a_running_program_is_told_by_whatever_asks(self, home):
        store = Store(home)
        (run_id, *_) = submit(store, 40)
        store.close()  # its connections; the next question makes a new one
        damage(home)
        for ask in (store.runs, lambda: store.get(run_id), lambda: submit(store), store.claim):
            with pytest.raises(StoreError, match=r"runs\.sqlite3 is damaged .*doctor"):
                ask()
        store.close()

    def test_a_lost_one_leaves_the_numbers_of_the_files(self, home):
        store = Store(home)
        *_, last = submit(store, 3)
        store.folder_of(last).mkdir()
        store.close()
        for path in home.glob(f"{DATABASE}*"):
            path.unlink()
        again = Store(home)
        assert submit(again, 2) == ["run-000004", "run-000005"]
        again.close()


class TestLockedDatabase:
    @pytest.fixture(autouse=True)
    def short_wait(self, monkeypatch):
        monkeypatch.setattr(database, "LOCK_SECONDS", 0.2)

    @pytest.fixture
    def other(self, home):
        home.mkdir()
        Store(home).close()
        connection = sqlite3.connect(home / DATABASE, isolation_level=None)
        yield connection
        connection.close()

    def test_a_write_gives_a_sentence_and_loses_nothing(self, home, other):
        store = Store(home)
        first, waiting = submit(store, 2)
        store.claim()
        other.execute("BEGIN EXCLUSIVE")
        for write in (
            lambda: submit(store),
            store.claim,
            lambda: store.request_stop(first),
            lambda: store.report(first, Progress(step=1)),
            lambda: store.finish(first, RunStatus.COMPLETED),
        ):
            with pytest.raises(StoreError, match="is locked by another process") as caught:
                write()
            assert str(home / DATABASE) in str(caught.value)
        assert [run.status for run in store.runs()] == [RunStatus.QUEUED, RunStatus.RUNNING]
        other.execute("ROLLBACK")
        (last,) = submit(store)
        assert store.ids() == [last, waiting, first]
        store.close()

    def test_a_short_lock_is_waited_out(self, home, other, monkeypatch):
        monkeypatch.setattr(database, "LOCK_SECONDS", 30.0)
        store = Store(home)
        other.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor() as pool:
            submitted = pool.submit(submit, store)
            with pytest.raises(TimeoutError):
                submitted.result(timeout=0.3)
            other.execute("ROLLBACK")
            assert submitted.result(timeout=30) == ["run-000001"]
        store.close()

    def test_opening_never_fails(self, home, other):
        other.execute("BEGIN EXCLUSIVE")
        store = Store(home)
        assert store.runs() == []
        other.execute("ROLLBACK")
        (run_id,) = submit(store)
        assert store.ids() == [run_id]
        store.close()


class TestManyAtOnce:
    def test_submits_from_eight_threads(self, store):
        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(lambda _: submit(store)[0], range(40)))
        assert sorted(ids) == sorted(store.ids()) == [f"run-{n:06d}" for n in range(1, 41)]
        assert sorted(run.queue_position for run in store.runs()) == list(range(1, 41))

    @pytest.mark.slow
    def test_two_stores_never_claim_the_same_run(self, store, home):
        ids = submit(store, 24)
        stores = [Store(home), Store(home)]
        claimed: list[str] = []
        barrier = threading.Barrier(4)

        def claim_all(mine: Store) -> None:
            barrier.wait()
            while (run := mine.claim()) is not None:
                claimed.append(run.run_id)

        threads = [threading.Thread(target=claim_all, args=(mine,)) for mine in stores * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == ids
        for mine in stores:
            mine.close()

    def test_readers_see_whole_runs_while_others_write(self, store, home):
        (run_id,) = submit(store)
        store.claim()
        other = Store(home)
        stop = threading.Event()
        seen: list[int] = []

        def read() -> None:
            while not stop.is_set():
                epochs = [metrics.epoch for metrics in other.get(run_id).epochs]
                assert epochs == list(range(1, len(epochs) + 1))
                seen.append(len(epochs))

        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            for number in range(1, 41):
                store.report(run_id, Progress(step=number), [step(number)], epoch(number))
            stop.set()
            for reader in readers:
                reader.result()
        assert other.get(run_id).epochs[-1].epoch == 40
        assert seen
        other.close()
