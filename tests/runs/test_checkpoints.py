"""Checkpoints of a run: there whole or not at all, and the newest that can be read is taken."""

import shutil

import pytest
from stored_runs import write_checkpoint

from peft_demo.runs import checkpoints


@pytest.fixture
def three(tmp_path):
    for step in (4, 8, 12):
        write_checkpoint(tmp_path, step)
    return tmp_path


def names(folder) -> set[str]:
    return {path.name for path in checkpoints.folder_of(folder).iterdir()}


def test_the_last_two_are_kept_and_the_newest_is_taken(three):
    assert names(three) == {"checkpoint-8", "checkpoint-12", "part"}
    assert checkpoints.step_of(checkpoints.latest(three)) == 12


def test_one_that_is_written_still_is_none(three):
    shutil.copytree(
        checkpoints.latest(three), checkpoints.part_of(three) / "checkpoint-16", dirs_exist_ok=True
    )
    assert checkpoints.step_of(checkpoints.latest(three)) == 12


@pytest.mark.parametrize("name", ["model.pt", "trainer_state.json"])
@pytest.mark.parametrize("how", ["cut", "changed"])
def test_a_damaged_one_is_passed_over(three, name, how):
    path = checkpoints.latest(three) / name
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(whole[:half] if how == "cut" else whole[:half] + b"?" * 9 + whole[half + 9 :])
    assert checkpoints.step_of(checkpoints.latest(three)) == 8
    write_checkpoint(three, 12)
    assert checkpoints.step_of(checkpoints.latest(three)) == 12


def test_none_is_step_0(tmp_path):
    assert checkpoints.step_of(checkpoints.latest(tmp_path)) == 0


def test_what_ended_keeps_its_checkpoints_alone(three, tmp_path):
    (three / "adapter_model.safetensors").write_bytes(b"half")
    (three / "more").mkdir()
    checkpoints.drop_all_else(three)
    assert {path.name for path in three.iterdir()} == {"checkpoints"}
    assert names(three) == {"checkpoint-8", "checkpoint-12"}
    checkpoints.drop_after(three, 8)
    assert names(three) == {"checkpoint-8"}
    shutil.rmtree(checkpoints.folder_of(three))
    checkpoints.drop_all_else(three)
    assert not three.exists()
