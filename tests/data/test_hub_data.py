"""Data sets of the Hub: the real client asks a server on this machine."""

import io
import time

import pandas as pd
import pytest

from peft_demo import data
from peft_demo.data import registry
from peft_demo.errors import AssetError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forget_reviews")]

IMDB = registry.HUB_IMDB


@pytest.fixture
def parquet() -> dict[str, bytes]:
    """Both splits of a tiny IMDB, as the Hub's own is laid out."""
    files = {}
    for split in ("train", "test"):
        texts = [f"A film about the number {n} in {split}, seen twice." for n in range(300)]
        table = pd.DataFrame({"text": texts, "label": [n % 2 for n in range(300)]})
        table.to_parquet(made := io.BytesIO())
        files[f"plain_text/{split}-00000-of-00001.parquet"] = made.getvalue()
    return files


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


def test_is_read_and_stays_when_the_hub_is_gone(hub, parquet):
    hub.dataset(IMDB, parquet)
    texts, labels = data.DATASETS[IMDB].read()
    assert len(texts) == len(labels) == 600
    assert sum(labels) == 300
    hub.go()
    started = time.monotonic()
    assert data.DATASETS[IMDB].read()[0] == texts
    assert time.monotonic() - started < 10


def test_one_that_is_not_there_is_a_sentence(hub):
    with pytest.raises(AssetError, match=IMDB):
        data.DATASETS[IMDB].read()
