"""Bases of the Hub: the real clients ask a server on this machine."""

import time
from pathlib import Path

import pytest
from huggingface_hub import snapshot_download

from peft_demo import models
from peft_demo.errors import AssetError
from peft_demo.hub import PROBE_SECONDS
from peft_demo.models import HUB_BASE, own
from peft_demo.models.hub import at_commit, fetched

pytestmark = pytest.mark.usefixtures("forget_bases")


@pytest.fixture
def tiny(distilbert_folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in distilbert_folder.iterdir()}


def again():
    """Load it as if the program had been started anew."""
    from peft_demo.models import loading

    loading._loaded.clear()
    return models.load(HUB_BASE)


def test_is_fetched_once_and_stays_when_the_hub_is_gone(hub, tiny):
    hub.model(HUB_BASE, tiny)
    checksum = models.load(HUB_BASE).checksum()
    first = len(hub.downloads())
    assert any(path.endswith("model.safetensors") for path in hub.downloads())
    assert again().checksum() == checksum
    assert len(hub.downloads()) == first
    hub.go()
    started = time.monotonic()
    assert again().checksum() == checksum
    assert time.monotonic() - started < 10


def test_a_cut_connection_is_tried_again(hub, tiny):
    hub.model(HUB_BASE, tiny)
    hub.breaks_after = len(tiny["model.safetensors"]) // 2
    assert models.load(HUB_BASE).checksum()
    assert hub.breaks_after is None
    assert sum(path.endswith("model.safetensors") for path in hub.downloads()) == 2


def test_a_slow_one_is_waited_for(hub, tiny):
    hub.model(HUB_BASE, tiny)
    hub.seconds_a_chunk = 0.002
    assert models.load(HUB_BASE).checksum()


def test_one_that_answers_nothing_is_given_up(hub, tiny, monkeypatch):
    assert PROBE_SECONDS < 10
    monkeypatch.setattr("peft_demo.hub.PROBE_SECONDS", 0.2)
    hub.model(HUB_BASE, tiny)
    hub.seconds_silent = 1
    started = time.monotonic()
    with pytest.raises(AssetError, match="could not be loaded"):
        models.load(HUB_BASE)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("why", ["missing", "gated", "private", "gone"])
def test_one_that_cannot_be_had_is_a_sentence_at_once(hub, tiny, why):
    if why == "gone":
        hub.go()
    elif why != "missing":
        hub.model(HUB_BASE, tiny, **{f"is_{why}": True})
    started = time.monotonic()
    with pytest.raises(AssetError, match=HUB_BASE):
        models.load(HUB_BASE)
    assert time.monotonic() - started < 10


def test_a_commit_stays_what_it_was(hub, tiny):
    old = hub.model(HUB_BASE, tiny)
    new = hub.model(HUB_BASE, {"README.md": b"Changed."})
    assert Path(snapshot_download(HUB_BASE, revision=old)).name == old
    assert Path(snapshot_download(HUB_BASE)).name == new


class TestAnyCheckpoint:
    """``fetched``: what any checkpoint's own row is made from."""

    NAME = "somebody/encoder"

    def test_comes_with_its_commit_and_stays_when_the_hub_is_gone(self, hub, tiny):
        commit = hub.model(self.NAME, tiny)
        folder, found, _ = fetched(self.NAME)
        assert (found, folder.name) == (commit, commit)
        hub.model(self.NAME, {"README.md": b"Changed."})
        assert at_commit(self.NAME, commit) == folder
        hub.go()
        started = time.monotonic()
        assert at_commit(self.NAME, commit) == folder
        assert time.monotonic() - started < 10

    @pytest.mark.parametrize(
        ("why", "words"),
        [
            ("missing", "has none of that name, or it is private"),
            ("private", "has none of that name, or it is private"),
            ("gated", "it is gated: ask for access on its page"),
            ("gone", "could not be loaded"),
        ],
    )
    def test_one_that_cannot_be_had_is_a_sentence(self, hub, tiny, why, words):
        if why == "gone":
            hub.go()
        elif why != "missing":
            hub.model(self.NAME, tiny, **{f"is_{why}": True})
        started = time.monotonic()
        with pytest.raises(AssetError, match=words):
            fetched(self.NAME)
        assert time.monotonic() - started < 10

    def test_one_that_answers_nothing_is_given_up(self, hub, tiny, monkeypatch):
        monkeypatch.setattr("peft_demo.hub.PROBE_SECONDS", 0.2)
        hub.model(self.NAME, tiny)
        hub.seconds_silent = 1
        started = time.monotonic()
        with pytest.raises(AssetError, match="could not be loaded"):
            fetched(self.NAME)
        assert time.monotonic() - started < 2

    def test_is_added_again_without_the_hub_and_its_runs_name_its_commit(self, hub, tiny, home):
        commit = hub.model(self.NAME, tiny)
        own.add(self.NAME)
        assert models.load(self.NAME).revision == commit
        own.remove(self.NAME)
        hub.go()
        started = time.monotonic()
        assert own.add(self.NAME).id == self.NAME
        assert models.load(self.NAME).revision == commit
        assert time.monotonic() - started < 10

    def test_weights_that_may_hold_code_are_refused(self, hub, tiny):
        files = {name: data for name, data in tiny.items() if name != "model.safetensors"}
        hub.model(self.NAME, {**files, "pytorch_model.bin": b"pickle"})
        with pytest.raises(AssetError, match=r"one model\.safetensors, got none"):
            fetched(self.NAME)
