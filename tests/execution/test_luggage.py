"""Files that travel to another machine and back."""

import json

import pytest

from peft_demo.data.own import files as own
from peft_demo.execution.executor import Job
from peft_demo.execution.luggage import Luggage, Sent, needed, pack, receive, unpack
from peft_demo.runs import RunKind, checkpoints


def checkpoint(files, step):
    """One as a training writes it."""
    written = checkpoints.part_of(files) / f"{checkpoints.PREFIX}{step}"
    written.mkdir(parents=True)
    (written / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    checkpoints.keep(files, step)


def test_files_arrive_as_they_left_and_links_stay(tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "inner").mkdir(parents=True)
    (there / "inner" / "weights").write_bytes(b"\x00\xff")
    (there / "checkpoints").mkdir()
    (there / "checkpoints" / "left out").write_text("no")
    (there / "link").symlink_to("/etc/hostname")
    packed = pack(there, but=("checkpoints",))
    assert packed == {"inner/weights": b"\x00\xff"}
    unpack(packed, here)
    assert pack(here) == packed


@pytest.mark.parametrize("name", ["../out", "/out", "in/../../out", "..\\out"])
def test_none_leads_out_of_its_folder(tmp_path, name):
    with pytest.raises(ValueError, match="is no file below a folder"):
        unpack({name: b""}, tmp_path / "in")
    assert not list(tmp_path.rglob("out"))


def test_checkpoints_go_once_and_the_old_ones_are_removed_there_too(tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    sent = Sent(there)
    for step in (2, 4, 6):
        assert sent.new() is None
        checkpoint(there, step)
        luggage = sent.new()
        assert {name.partition("/")[0] for name in luggage.files} == {f"checkpoint-{step}"}
        receive(luggage, here)
        assert checkpoints.step_of(checkpoints.latest(here)) == step
    assert pack(checkpoints.folder_of(here)) == pack(checkpoints.folder_of(there))


def test_what_a_training_goes_on_from_is_not_sent_back(tmp_path):
    checkpoint(tmp_path, 2)
    assert Sent(tmp_path).new() is None


def test_half_a_checkpoint_takes_no_place(tmp_path):
    checkpoint(tmp_path, 2)
    luggage = Luggage({"checkpoint-4/model.pt": b"new", "checkpoint-4/\\": b""}, ("checkpoint-4",))
    with pytest.raises(ValueError, match="no file below"):
        receive(luggage, tmp_path)
    assert checkpoints.step_of(checkpoints.latest(tmp_path)) == 2


def test_own_texts_and_added_bases_go_with_the_job(home, tmp_path):
    dataset = "own-0123456789ab"
    folder = own.folder_of(dataset)
    folder.mkdir(parents=True)
    (folder / "texts.parquet").write_bytes(b"texts")
    (home / "bases.json").write_text("[]")
    (home / "another's secret").write_text("stays")
    job = Job(kind=RunKind.TRAINING, config={"dataset": dataset}, files=tmp_path)
    found = {"bases.json": b"[]", f"datasets/{dataset}/texts.parquet": b"texts"}
    assert needed(job) == found
    unpack(found, tmp_path / "elsewhere")
    assert pack(tmp_path / "elsewhere") == found
    assert needed(job.model_copy(update={"config": {"dataset": "imdb"}})) == {"bases.json": b"[]"}
