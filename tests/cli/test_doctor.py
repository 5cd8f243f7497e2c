"""`python -m peft_demo doctor`."""

import json
import shutil

import pytest

from peft_demo import settings
from peft_demo.cli import doctor
from peft_demo.storage import Store


def states(out):
    return {each["subject"]: each["state"] for each in json.loads(out)}


def test_all_is_well_here(command):
    done = command("doctor", "--json")
    assert done.status == 0, done.out
    assert set(states(done.out).values()) == {"good"}
    assert {"machine", "packages", "base model", "reviews", "references"} <= {*states(done.out)}


def test_a_package_of_another_version_is_named(command, monkeypatch, tmp_path):
    (tmp_path / "requirements.txt").write_text("peft==0.1.0  # old\nnobody-has-this==1\n")
    monkeypatch.setattr(doctor, "REQUIREMENTS", tmp_path / "requirements.txt")
    done = command("doctor")
    assert done.status == 1
    assert "peft must be ==0.1.0, got 0." in done.out
    assert "nobody-has-this must be ==1, got none" in done.out


@pytest.mark.slow
def test_an_adapter_that_no_record_knows_is_brought_in(command, home):
    """As after a lost database: tested like any adapter from elsewhere."""
    home.mkdir()
    shutil.copytree(settings.ADAPTERS / "reference-recommended-lora", home / "run-000007")
    found = states(command("doctor", "--json").out)
    assert found["run-000007"] == "bad"
    assert (home / "run-000007").exists()
    done = command("doctor", "--mend", "--json")
    assert done.status == 0, done.out
    assert states(done.out)["run-000007"] == "mended"
    store = Store(home)
    (run,) = store.runs()
    assert (run.run_id, run.kind, run.status) == ("run-000008", "imported", "queued")
    assert run.config.told()["r"] == 8
    assert (store.partial_folder_of(run.run_id) / "adapter_config.json").exists()
    assert not (home / "run-000007").exists()
    store.close()
