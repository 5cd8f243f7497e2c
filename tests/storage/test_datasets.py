"""Whose own texts are kept: owners, the same texts of two, deleting, reopening."""

import pytest
from own_texts import as_csv, prepared, rows

from peft_demo import data
from peft_demo.data import own
from peft_demo.errors import NotFoundError
from peft_demo.runs import RunConfig
from peft_demo.storage import Store

MINE = prepared(as_csv(rows()), name="Mine")


def test_what_is_added_is_listed_and_survives_reopening(store, home):
    seen = store.version
    added = store.add_dataset(MINE, "ada")
    assert (added.dataset, added.owner, added.name, added.rows) == (MINE.id, "ada", "Mine", 40)
    assert added.is_learned
    assert store.version > seen
    again = Store(home)
    assert again.datasets() == [added]
    again.close()


def test_the_same_texts_of_two_people_go_when_both_have_deleted_them(store):
    store.add_dataset(MINE, "ada")
    theirs = store.add_dataset(prepared(as_csv(rows()), name="Ours"), "bob")
    assert (theirs.dataset, theirs.name) == (MINE.id, "Mine")
    store.remove_dataset(MINE.id, "ada")
    assert [one.owner for one in store.datasets()] == ["bob"]
    assert own.has_texts(MINE.id)
    with pytest.raises(NotFoundError, match="data must be the id"):
        store.remove_dataset(MINE.id, "ada")
    store.remove_dataset(MINE.id, "bob")
    assert store.datasets() == []
    assert not own.has_texts(MINE.id)


def test_deleting_keeps_runs_readable_and_adding_again_lets_them_go_on(store, home):
    store.add_dataset(MINE, "ada")
    run = store.submit(RunConfig(dataset=MINE.id), "ada")
    store.remove_dataset(MINE.id, "ada")
    again = Store(home)
    kept = again.get(run.run_id)
    again.close()
    assert kept.problem is None
    assert (kept.config.dataset_label, kept.config.labels) == ("Mine (own texts)", ("bad", "good"))
    assert not data.is_loaded(MINE.id)
    store.add_dataset(MINE, "ada")
    assert store.submit(kept.config, "ada").config == kept.config
