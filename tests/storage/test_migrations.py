"""Databases of all earlier versions open and show everything; newer ones are refused."""

import os
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import killed_stores
import pytest
from small_runs import small_config
from sqlalchemy import create_engine, inspect
from stored_runs import judged

from peft_demo.errors import StoreError
from peft_demo.runs import Run, RunKind, RunStatus
from peft_demo.storage import DATABASE, Store, migrations
from peft_demo.storage.migrations import MIGRATIONS, SCHEMA, copy_of
from peft_demo.storage.tables import Table

FIXTURES = {path.stem: path for path in (Path(__file__).parent / "fixtures").glob("*.sqlite3")}

WITH_GROUPS = ("groups", "before-schemas")


@pytest.fixture(params=FIXTURES)
def earlier(request, home) -> str:
    """A database of an earlier version in the home; its name."""
    home.mkdir()
    shutil.copy(FIXTURES[request.param], home / DATABASE)
    return request.param


def ask(path: Path, question: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def test_all_fixtures_are_there():
    assert set(FIXTURES) == {"first-0.1.0", "kinds", *WITH_GROUPS}


class TestADatabaseOfAnEarlierVersion:
    def test_shows_everything(self, earlier, store):
        assert store.problem is None
        by_name = {run.run_id: run for run in store.runs()}
        assert all(run.problem is None for run in by_name.values())
        first, failed = by_name["run-000001"], by_name["run-000002"]
        assert (first.config.name, first.config.max_length) == ("The first", 16)
        assert (first.status, first.owner) == (RunStatus.COMPLETED, "me")
        assert first.result is not None
        assert first.result.test_interval == (0.37, 0.63)
        assert [metrics.eval_loss for metrics in first.epochs] == [0.6]
        assert [metrics.step for metrics in store.steps("run-000001")] == [1, 2]
        assert (failed.status, failed.error) == (RunStatus.FAILED, "The reason.")
        waiting = [run for run in store.runs() if run.status is RunStatus.QUEUED]
        running = [run for run in store.runs() if run.status is RunStatus.RUNNING]
        assert (len(waiting), len(running)) == (1, 1)

    def test_shows_what_came_with_groups(self, earlier, store):
        if earlier not in WITH_GROUPS:
            assert store.groups() == []
            return
        first = store.get("run-000001")
        assert (first.tags, first.note, first.is_starred) == (("old", "kept"), "A note.", True)
        (group,) = store.groups()
        assert (group.name, group.axes) == ("Ranks", {"r": [2, 4]})
        assert len(store.group(group.group_id)[1]) == 2
        store.restore("run-000004")
        assert store.get("run-000004").status is RunStatus.CANCELLED

    def test_shows_range_tests(self, earlier, store):
        kinds = [run.kind for run in store.runs()]
        assert (RunKind.RANGE_TEST in kinds) == (earlier != "first-0.1.0")

    def test_its_running_run_is_left_behind_and_its_queue_goes_on(self, earlier, store):
        (running,) = [run.run_id for run in store.runs() if run.status is RunStatus.RUNNING]
        assert judged(store) == [running]
        claimed = store.claim()
        assert claimed is not None
        assert store.finish(claimed.run_id, RunStatus.CANCELLED).status is RunStatus.CANCELLED
        assert store.submit(small_config(), "me").run_id > claimed.run_id

    def test_is_copied_before_and_only_once(self, earlier, home):
        before = ask(home / DATABASE, "SELECT * FROM run ORDER BY number")
        Store(home).close()
        copy = copy_of(home / DATABASE, 0)
        assert ask(copy, "SELECT * FROM run ORDER BY number") == before
        assert ask(copy, "SELECT name FROM sqlite_master WHERE name = 'migration'") == []
        copy.unlink()
        Store(home).close()
        assert not copy.exists()

    def test_says_what_was_done_with_it(self, earlier, store, home):
        done = ask(home / DATABASE, "SELECT number, name FROM migration ORDER BY number")
        assert done == [(n, name) for n, (name, _) in enumerate(MIGRATIONS, start=1)]

    def test_several_processes_may_open_it_at_once(self, earlier, home):
        barrier = threading.Barrier(4)

        def open_it(_: int) -> list[Run]:
            barrier.wait()
            opened = Store(home)
            try:
                assert opened.problem is None
                return opened.runs()
            finally:
                opened.close()

        with ThreadPoolExecutor(4) as pool:
            first, *others = pool.map(open_it, range(4))
        assert others == [first] * 3

    def test_a_migration_that_fails_changes_nothing(self, earlier, home, monkeypatch):
        def fail(connection):
            connection.exec_driver_sql("ALTER TABLE run ADD COLUMN lost VARCHAR")
            connection.exec_driver_sql("this is no SQL")

        with monkeypatch.context() as patch:
            patch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, ("fails", fail)))
            patch.setattr(migrations, "SCHEMA", SCHEMA + 1)
            broken = Store(home)
            assert broken.problem is not None
            broken.close()
        names = [name for (name,) in ask(home / DATABASE, "SELECT name FROM sqlite_master")]
        assert "migration" not in names
        opened = Store(home)
        assert opened.problem is None
        assert opened.get("run-000001").config.name == "The first"
        opened.close()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_kills_in_the_middle_of_migrating_lose_nothing(tmp_path):
    assert killed_stores.migrating(tmp_path, 25, seed=7)["struck"]["migrating"]


class TestSchema:
    def check(self, home: Path) -> None:
        engine = create_engine(f"sqlite:///{home / DATABASE}")
        there = inspect(engine)
        assert set(there.get_table_names()) == set(Table.metadata.tables)
        for name, table in Table.metadata.tables.items():
            columns = {column["name"]: column for column in there.get_columns(name)}
            if name == "run":
                columns.pop("worker", None)
            assert set(columns) == {column.name for column in table.columns}
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, column
                affinity = columns[column.name]["type"]._type_affinity
                assert affinity is column.type._type_affinity, column
            indexed = {index["name"] for index in there.get_indexes(name)}
            assert indexed == {index.name for index in table.indexes}
        engine.dispose()

    def test_of_a_new_database_is_that_of_the_tables(self, store, home):
        self.check(home)

    def test_of_an_earlier_one_as_well(self, earlier, store, home):
        self.check(home)

    def test_no_migration_copies_a_new_database(self, store, home):
        assert sorted(home.glob("*-schema-*")) == []


class TestANewerVersionsDatabase:
    @pytest.fixture
    def newer(self, home) -> Path:
        first = Store(home)
        first.submit(small_config(), "me")
        first.close()
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            connection.execute("INSERT INTO migration VALUES (?, 'more', '')", (SCHEMA + 1,))
            connection.commit()
        return home

    def test_is_refused_with_a_sentence(self, newer):
        opened = Store(newer)
        assert opened.problem is not None
        for word in (str(newer / DATABASE), f"schema {SCHEMA + 1}", f"knows {SCHEMA}", "newer"):
            assert word in opened.problem
        assert opened.runs() == []
        with pytest.raises(StoreError, match="made by a newer version"):
            opened.submit(small_config(), "me")
        opened.close()
        assert ask(newer / DATABASE, "SELECT count(*) FROM run") == [(1,)]

    def test_leaves_the_references_readable(self, newer):
        from peft_demo import settings

        opened = Store(newer, settings.ADAPTERS)
        assert {run.is_reference for run in opened.runs()} == {True}
        opened.close()
