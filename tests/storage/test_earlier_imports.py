"""Imports that earlier versions stored get their own settings back when they are opened."""

import json
import sqlite3
from contextlib import closing

import pytest
from small_runs import small_config

from peft_demo.runs import ImportedConfig, RunKind
from peft_demo.storage import DATABASE, Store

GIVEN = {
    "peft_type": "LORA",
    "r": 300,
    "lora_alpha": 600,
    "lora_dropout": 0.0,
    "target_modules": ".*q_lin",
}


@pytest.fixture
def stored(home):
    """Writes a row of the version before, and opens its database anew."""

    def write(config: str, files: str | None = None) -> Store:
        first = Store(home)
        run_id = first.start(small_config(), "me", RunKind.IMPORTED).run_id
        first.start(small_config(name="Trained"), "me")
        first.close()
        if files is not None:
            (home / run_id).mkdir()
            (home / run_id / "adapter_config.json").write_text(files)
        with closing(sqlite3.connect(home / DATABASE)) as connection:
            connection.execute("UPDATE run SET config = ? WHERE number = 1", (config,))
            first_undone = "SELECT rowid FROM migration WHERE name = 'imports'"
            connection.execute(f"DELETE FROM migration WHERE rowid >= ({first_undone})")
            connection.commit()
        return Store(home)

    return write


def test_settings_come_from_the_file(stored):
    again = stored(json.dumps(small_config(name="Old").flat()), json.dumps(GIVEN))
    config = again.get("run-000001").config
    assert isinstance(config, ImportedConfig)
    assert (config.name, config.method_values["r"]) == ("Old", 300)
    assert config.method_values["target_modules"] == ".*q_lin"
    assert config.peft_config == GIVEN
    assert config.get("learning_rate") is config.get("seed") is None
    assert again.get("run-000002").config == small_config(name="Trained")
    again.close()


@pytest.mark.parametrize("files", [None, "no JSON", "[1]"])
def test_without_a_file_what_was_stored_stays(stored, files):
    again = stored(json.dumps(small_config(name="Old", r=4).flat()), files)
    config = again.get("run-000001").config
    assert (config.method_values["r"], config.peft_config) == (4, {})
    assert config.get("learning_rate") is None
    again.close()


@pytest.mark.parametrize("config", ["no JSON", "[1]", '{"method": "gone_ft"}'])
def test_a_row_that_cannot_be_read_stops_nothing(stored, config):
    again = stored(config, json.dumps(GIVEN))
    assert again.problem is None
    assert again.get("run-000001").problem
    assert again.get("run-000002").problem is None
    again.close()
