"""What a page tells while a download from the Hub is waited for."""

import re

import pytest

from peft_demo import hub as the_hub
from peft_demo.errors import AssetError
from peft_demo.ui import downloads
from peft_demo.ui.downloads import told_meanwhile
from peft_demo.ui.identity import Visitor, acting, acting_as

FILES = {"config.json": b"{}", "model.safetensors": b"0" * 400_000}


def test_how_much_has_come_moves_and_the_answer_is_last(hub, monkeypatch):
    monkeypatch.setattr(downloads, "SECONDS", 0.05)
    monkeypatch.setattr(the_hub, "CHUNK", 20_000)
    hub.model("somebody/encoder", FILES)
    hub.seconds_a_chunk = 0.001

    def work() -> str:
        the_hub.download("somebody/encoder", [*FILES])
        return acting().owner

    with acting_as(Visitor("ada")):
        *told, last = told_meanwhile(work, str)
    assert last == "ada"
    came = [int(re.search(r'value="(\d+)"', markup)[1]) for markup in told]
    assert len(came) > 1
    assert came == sorted({*came})
    assert f'max="{sum(map(len, FILES.values()))}"' in told[-1]
    assert re.search(r"From the Hugging Face Hub: [\d.]+.kB of 400.kB", told[-1])


def test_what_needs_no_download_tells_nothing_before():
    assert [*told_meanwhile(lambda: "done", str)] == ["done"]


def test_what_went_wrong_is_raised():
    def work() -> str:
        raise AssetError("It is gone.")

    with pytest.raises(AssetError, match="It is gone"):
        next(told_meanwhile(work, str))
