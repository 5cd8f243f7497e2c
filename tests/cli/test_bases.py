"""The command line adds, lists and removes base models."""

import json

import pytest
from tiny_encoders import save_tiny


@pytest.mark.slow
def test_a_folder_is_added_counted_and_removed(command, home, tmp_path, forget_bases):
    folder = save_tiny("albert", tmp_path / "my-albert")
    done = command("add-base", str(folder), "--json")
    assert done.status == 0, done.err
    added = json.loads(done.out)
    assert (added["id"], added["family"], added["times"]) == ("my-albert", "ALBERT", 3)
    assert added["target_modules"][:3] == ["query", "key", "value"]
    listed = command("bases").out
    assert "my-albert" in listed
    assert "1 blocks computed 3 times" in listed
    counted = command("count", "--set", "base_model=my-albert", "--set", "r=4", "--json")
    assert json.loads(counted.out)["num_adapter_parameters"] == 4 * (4 * 64 + 2 * 96)
    assert command("add-base", str(folder)).err.startswith("Error: source must be a base that is")
    assert command("remove-base", "my-albert").status == 0
    assert command("remove-base", "my-albert").status == 2
    assert command("count", "--set", "base_model=my-albert").status == 2


def test_what_is_neither_folder_nor_repository_ends_with_2(command, home):
    done = command("add-base", "not/a/model")
    assert (done.status, done.out) == (2, "")
    assert "source must be a folder or owner/name on the Hub" in done.err
