"""What is wrong with a folder of runs, and what of it is mended."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from stored_runs import RESULT, damage, finished, submit

from peft_demo.runs import RunStatus
from peft_demo.storage import DATABASE, Store
from peft_demo.storage.doctor import examine


def bad(home, **how):
    return {each.subject: each.words for each in examine(home, **how) if each.state == "bad"}


def mended(home):
    return {each.subject: each.words for each in examine(home, mend=True) if each.state == "mended"}


def test_a_folder_that_is_not_there_is_well_and_stays_so(home):
    assert bad(home) == {}
    assert not home.exists()


def test_looking_changes_nothing(home):
    store = Store(home)
    finished(store, 3)
    store.close()
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    examined = [*examine(home)]
    assert {each.subject for each in examined} >= {"disk", "database", "runs", "leftovers"}
    after = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before


@pytest.mark.slow
def test_a_damaged_database_is_kept_and_what_can_be_read_saved(home):
    store = Store(home)
    ids = submit(store, 150)
    store.close()
    size = (home / DATABASE).stat().st_size
    with (home / DATABASE).open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xa5" * 3 * 4096)
    damaged = (home / DATABASE).read_bytes()
    assert "is damaged" in bad(home)["database"]
    assert (home / DATABASE).read_bytes() == damaged
    words = mended(home)["database"]
    (kept,) = home.glob("runs-damaged-*.sqlite3")
    assert kept.read_bytes() == damaged
    assert kept.name in words
    again = Store(home)
    assert again.problem is None
    saved = again.ids()
    assert ids[0] in saved
    assert ids[-1] in saved
    assert 90 < len(saved) < 150  # three pages of about ten runs each are gone
    assert f"run {len(saved)}" in words
    assert submit(again) == ["run-000151"]
    again.close()
    assert bad(home) == {}


def test_where_nothing_can_be_read_a_new_one_begins(home):
    home.mkdir()
    (home / DATABASE).write_text("precious " * 1000)
    assert "Rows saved: none." in mended(home)["database"]
    (kept,) = home.glob("runs-damaged-*.sqlite3")
    assert kept.read_text() == "precious " * 1000
    store = Store(home)
    assert submit(store) == ["run-000001"]
    store.close()


HOLDER = "import sys, time; held = open(sys.argv[1]); print(1, flush=True); time.sleep(60)"


def test_one_that_a_program_has_open_is_not_touched(home):
    store = Store(home)
    submit(store, 40)
    store.close()
    damage(home)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home / DATABASE)], stdout=subprocess.PIPE
    )
    try:
        holder.stdout.readline()
        assert f"open in process {holder.pid}" in bad(home, mend=True)["database"]
    finally:
        holder.kill()
        holder.wait()
    assert [*home.glob("runs-damaged-*")] == []


@pytest.mark.parametrize("value", ["[1, 2", '"lora"'])
def test_a_row_that_cannot_be_read_is_named(home, value):
    store = Store(home)
    submit(store, 2)
    store.close()
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.execute("UPDATE run SET config = ? WHERE number = 2", (value,))
        connection.commit()
    assert [*bad(home)] == ["run-000002"]


def test_files_that_are_missing_and_folders_that_nobody_knows_are_named(home):
    store = Store(home)
    (run_id,) = submit(store)
    store.claim()
    store.finish(run_id, RunStatus.COMPLETED, result=RESULT)
    store.close()
    stranger = home / "run-000007"
    stranger.mkdir()
    (stranger / "adapter_config.json").write_text("{}")
    found = bad(home)
    assert "missing or damaged" in found[run_id]
    assert "no record knows" in found["run-000007"]


def test_leftovers_of_cut_imports_go_once_they_are_old(home):
    home.mkdir()
    for name, age in ((".import-old", 200_000), (".import-new", 0)):
        (home / name).mkdir()
        then = (home / name).stat().st_mtime - age
        os.utime(home / name, (then, then))
    assert "Folders of cut imports: 1" in bad(home)["leftovers"]
    assert "leftovers" in mended(home)
    assert [path.name for path in home.glob(".import-*")] == [".import-new"]
