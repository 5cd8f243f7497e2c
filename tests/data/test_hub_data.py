"""Data sets of the Hub: the real client asks a server on this machine."""

import time

import pytest
from hub_sets import reviews

from peft_demo import data
from peft_demo import hub as the_hub
from peft_demo.data import registry
from peft_demo.errors import AssetError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forget_reviews")]

IMDB = registry.HUB_IMDB


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


def test_is_read_at_a_commit_and_stays_when_the_hub_is_gone(hub):
    files, told = reviews(), []
    commit = hub.dataset(IMDB, files)
    with the_hub.watched_by(lambda *came: told.append(came)):
        texts, labels, revision = data.DATASETS[IMDB].read()
    assert len(texts) == len(labels) == 600
    assert sum(labels) == 300
    assert revision == commit
    size = sum(map(len, files.values()))
    assert told[-1] == (size, size)
    hub.go()
    started = time.monotonic()
    assert data.DATASETS[IMDB].read() == (texts, labels, commit)
    assert time.monotonic() - started < 10


def test_one_that_is_not_there_is_a_sentence(hub):
    with pytest.raises(AssetError, match=IMDB):
        data.DATASETS[IMDB].read()
