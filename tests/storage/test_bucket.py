"""A store that comes back from a bucket, whenever the program was killed."""

import os
import shutil
import sqlite3
from contextlib import closing

import killed_stores
import pytest
from compared_runs import finish, probabilities
from small_runs import small_config

from peft_demo.storage import DATABASE, Store, bucket
from peft_demo.storage.bucket import Keeper


@pytest.fixture
def place(tmp_path):
    return tmp_path / "bucket"


def done(store, wrong=10, **config):
    run = store.start(small_config(num_test_reviews=50, **config), "me")
    return finish(store, run, probabilities(range(wrong)))


def brought_back(place, tmp_path, name="again"):
    home = tmp_path / name
    assert bucket.restore(home, place)
    return Store(home)


def test_all_of_a_store_comes_back(store, place, tmp_path):
    first, second = done(store), done(store, 20, name="Second")
    store.annotate(first.run_id, note="Mine.")
    (store.folder / "datasets" / "own-1").mkdir(parents=True)
    (store.folder / "datasets" / "own-1" / "texts.csv").write_text("text,label\n")
    assert Keeper(store, place).save()
    again = brought_back(place, tmp_path)
    assert [run.run_id for run in again.runs()] == [second.run_id, first.run_id]
    assert again.get(first.run_id).note == "Mine."
    for run in (first, second):
        names = {path.name for path in store.folder_of(run.run_id).iterdir()}
        assert {path.name for path in again.folder_of(run.run_id).iterdir()} == names
    assert (again.folder / "datasets" / "own-1" / "texts.csv").read_text() == "text,label\n"
    assert again.submit(small_config(), "me").run_id == "run-000003"


def test_only_what_changed_is_copied(store, place):
    done(store)
    keeper = Keeper(store, place)
    assert keeper.save()
    (packed,) = place.glob("run-*.zip")
    written = packed.stat().st_mtime_ns
    assert not keeper.save()
    done(store)
    assert keeper.save()
    assert packed.stat().st_mtime_ns == written
    assert len([*place.glob("run-*.zip")]) == 2
    assert len([*place.glob("database-*")]) == 2


def test_a_home_with_a_database_is_left_alone(store, place):
    done(store)
    Keeper(store, place).save()
    done(store)
    before = len(store.runs())
    assert not bucket.restore(store.folder, place)
    assert len(Store(store.folder).runs()) == before


def test_a_damaged_snapshot_has_another_behind_it(store, place, tmp_path):
    keeper = Keeper(store, place)
    first = done(store)
    keeper.save()
    done(store)
    keeper.save()
    newest = max(place.glob("database-*"))
    newest.write_bytes(newest.read_bytes()[:5000])
    assert [run.run_id for run in brought_back(place, tmp_path).runs()] == [first.run_id]


def test_what_is_deleted_for_good_leaves_the_bucket_and_a_lost_folder_does_not(store, place):
    keeper = Keeper(store, place)
    lost, gone = done(store), done(store)
    keeper.save()
    shutil.rmtree(store.folder_of(lost.run_id))
    with closing(sqlite3.connect(store.folder / DATABASE)) as database:
        database.execute("PRAGMA foreign_keys = off")
        database.execute("DELETE FROM run WHERE number = 2")
        database.execute("UPDATE version SET value = value + 1")
        database.commit()
    keeper.save()
    assert [path.stem for path in place.glob("run-*.zip")] == [lost.run_id]
    assert gone.run_id != lost.run_id


def test_an_empty_or_absent_bucket_is_no_trouble(tmp_path, place):
    assert not bucket.restore(tmp_path / "home", place)
    place.mkdir()
    assert not bucket.restore(tmp_path / "home", place)
    assert not (tmp_path / "home").exists()


def test_a_bucket_that_cannot_be_written_is_told_and_tried_again(store, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    keeper = Keeper(store, tmp_path / "file" / "bucket")
    done(store)
    keeper._try()
    assert "PEFT_DEMO_BUCKET" in caplog.text
    keeper._bucket = tmp_path / "bucket"
    keeper._try()
    assert [*keeper._bucket.glob("run-*.zip")]


def test_closing_copies_what_is_not_there_yet(store, place):
    keeper = Keeper(store, place)
    keeper.start()
    done(store)
    keeper.close()
    assert [*place.glob("run-*.zip")]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_kills_in_the_middle_of_copying_lose_nothing_that_was_there(tmp_path):
    """Each kill comes at another moment of a copy, of a run added before it."""
    assert killed_stores.copying(tmp_path, 25, seed=7)["struck"]["copying"]
