"""Stores that are killed again and again while they migrate, or are copied to a bucket.

``python killed_stores.py KIND FOLDER KILLS SEED`` prints what they were killed in and how many runs
they had, none of which was lost; what is lost raises AssertionError.
"""

import json
import random
import shutil
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from compared_runs import finish, probabilities
from killing import killed, seconds_of
from small_runs import small_config

from peft_demo.runs import Run, RunStatus
from peft_demo.storage import DATABASE, Store, bucket
from peft_demo.storage.bucket import Keeper
from peft_demo.storage.migrations import copy_of

EARLIER = sorted((Path(__file__).parent / "storage" / "fixtures").glob("*.sqlite3"))
A_BUCKET = 25
"""Kills after which another bucket begins: one that comes back is looked at after each."""
WEIGHTS = bytes(2_000_000)
_MIGRATED = "SELECT 1 FROM sqlite_master WHERE name = 'migration'"


def migrating(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """Databases of earlier versions in turns, each killed once while it is opened."""
    chance = random.Random(seed)
    struck: Counter[str] = Counter()
    wanted, took, runs = {}, {}, 0
    for earlier in EARLIER[:kills]:
        wanted[earlier] = _shown(_copied(earlier, folder / f"{earlier.stem}-whole"))
        home = _copied(earlier, folder / f"{earlier.stem}-timed")
        took[earlier] = seconds_of(lambda home=home: Store(home))
    for number in range(kills):
        earlier = EARLIER[number % len(EARLIER)]
        home = _copied(earlier, folder / f"{number}")
        after = chance.uniform(0.0, took[earlier])
        if not killed(lambda home=home: Store(home), after):
            took[earlier] = after
        has_begun = bool([*home.glob("*-schema-*")])
        is_done = bool(_asked(home / DATABASE, _MIGRATED))
        struck["migrating" if has_begun and not is_done else "between"] += 1
        found = _shown(home)
        assert found == wanted[earlier], earlier.stem
        assert [*home.glob("*-schema-*")] == [copy_of(home / DATABASE, 0)]
        every = "SELECT * FROM run ORDER BY number"
        assert _asked(copy_of(home / DATABASE, 0), every) == _asked(earlier, every)
        runs += len(found)
        shutil.rmtree(home)
    return {"kills": kills, "runs": runs, "struck": struck}


def copying(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """Stores to which a run is added, and which are killed while they are copied."""
    chance = random.Random(seed)
    struck: Counter[str] = Counter()
    for first in range(0, kills, A_BUCKET):
        part = folder / f"{first}"
        _copied_to_bucket(part, min(A_BUCKET, kills - first), chance, struck)
        shutil.rmtree(part)
    return {"kills": kills, "runs": kills, "struck": struck}


def _copied_to_bucket(
    folder: Path, kills: int, chance: random.Random, struck: Counter[str]
) -> None:
    home, place = folder / "home", folder / "bucket"

    def save() -> None:
        Keeper(Store(home), place).save()

    kept = {_finished(home, "Timed")}
    took = seconds_of(save)
    for number in range(kills):
        run_id = _finished(home, f"Run {number}")
        before = {*place.glob("database-*.sqlite3")}
        after = chance.uniform(0.0, took)
        if not killed(save, after):
            took = after
        is_cut = [*place.rglob("*.part"), *home.glob(".snapshot*")]
        has_run = (place / f"{run_id}.zip").exists()
        is_done = bool({*place.glob("database-*.sqlite3")} - before)
        struck["copying" if is_cut or (has_run and not is_done) else "between"] += 1
        again = folder / "again"
        assert bucket.restore(again, place)
        # A file that is not whole is left out.
        there = {path.stem for path in place.glob("run-*.zip")}
        assert {path.name for path in again.glob("run-*")} == there
        store = Store(again)
        found = {run.run_id for run in store.runs() if run.status is RunStatus.COMPLETED}
        assert kept <= found <= {*kept, run_id}
        for each in found:
            weights = store.folder_of(each) / "adapter_model.safetensors"
            assert weights.stat().st_size == len(WEIGHTS), each
        store.close()
        shutil.rmtree(again)
        save()
        kept.add(run_id)
    assert not [*place.rglob("*.part"), *home.glob(".snapshot*")]


def _finished(home: Path, name: str) -> str:
    """The id of one more run of a store, which nobody has open afterwards."""
    store = Store(home)
    run = store.start(small_config(num_test_reviews=50, name=name), "me")
    finish(store, run, probabilities(range(10)))
    (store.folder_of(run.run_id) / "adapter_model.safetensors").write_bytes(WEIGHTS)
    store.close()
    return run.run_id


def _copied(earlier: Path, home: Path) -> Path:
    home.mkdir(parents=True)
    shutil.copy(earlier, home / DATABASE)
    return home


def _shown(home: Path) -> list[Run]:
    """What a store shows, migrated if it was not yet."""
    store = Store(home)
    assert store.problem is None
    # Each opening moves a run's version that is left behind.
    found = [run.model_copy(update={"version": 0}) for run in store.runs()]
    store.close()
    assert len(found) >= 4
    return found


def _asked(path: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


KINDS = {each.__name__: each for each in (migrating, copying)}

if __name__ == "__main__":
    print(json.dumps(KINDS[sys.argv[1]](Path(sys.argv[2]), *map(int, sys.argv[3:5]))))
