"""Runs as CSV: what a spreadsheet or pandas reads, and nothing that it would execute."""

import csv
import io

import pytest
from seeded_runs import seed
from small_runs import small_config

from peft_demo.export.csv import run_csv
from peft_demo.runs import RunKind
from peft_demo.settings import ADAPTERS
from peft_demo.storage import Store


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_numbers_have_their_units_and_read_back_as_they_were(store):
    (run_id,) = seed(store, 1)
    run = store.get(run_id)
    (row,) = read(run_csv([run]))
    result = run.result
    for column, value in {
        "test_accuracy (share)": result.test_accuracy,
        "test_accuracy_low (share, 95 % Wilson)": result.test_interval[0],
        "test_accuracy_high (share, 95 % Wilson)": result.test_interval[1],
        "test_loss (nats)": result.test_loss,
        "file_size (bytes)": result.file_bytes,
        "training_time (seconds)": result.train_output["train_runtime"],
        "total_time (seconds)": result.seconds,
        "num_adapter_parameters": result.num_adapter_parameters,
        "learning_rate": run.config.learning_rate,
        "max_length (tokens)": 50,
        "eval_loss (nats)": run.epochs[-1].eval_loss,
        "epochs_done": 10,
    }.items():
        assert float(row[column]) == value
    assert row["created_at (UTC)"] == f"{run.created_at:%Y-%m-%d %H:%M:%S}"
    assert (row["state"], row["method"], row["owner"]) == ("completed", "lora", "api")


def test_each_method_brings_its_own_fields(store):
    for method in ("lora", "vera", "head_only"):
        store.submit(small_config(method), "me")
    head_only, vera, lora = read(run_csv(store.runs()))
    assert (vera["d_initial"], lora["d_initial"]) == ("0.1", "")
    assert lora["target_modules"] == "q_lin, v_lin, ffn.lin1"
    assert (lora["r"], head_only["r"], head_only["target_modules"]) == ("8", "", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_text_is_a_formula(store, start):
    text = f'{start}HYPERLINK("http://x","y")'
    run_id = store.submit(small_config(name=text), text).run_id
    store.annotate(run_id, note=text, tags=[f"{start}1"])
    (row,) = read(run_csv(store.runs()))
    for column in ("name", "owner", "note"):
        assert row[column] == f"'{text}"
    assert row["tags"] == f"'{start}1"


def test_commas_quotes_and_lines_survive(store):
    run_id = store.submit(small_config(name='a "b", c'), "me").run_id
    store.annotate(run_id, note="one\ntwo", tags="x, y", is_starred=True)
    (row,) = read(run_csv(store.runs()))
    assert (row["name"], row["note"], row["tags"]) == ('a "b", c', "one\ntwo", "x, y")
    assert row["is_starred"] == "yes"


def test_a_semicolon_parts_no_cell(store):
    store.submit(small_config(name="a;=1+1"), "me")
    assert '"a;=1+1"' in run_csv(store.runs())


def test_nothing_is_claimed_of_how_an_imported_adapter_was_trained(store):
    store.submit(small_config(), "me", RunKind.IMPORTED)
    (row,) = read(run_csv(store.runs()))
    assert row["r"] == "8"
    assert "learning_rate" not in row
    assert "seed" not in row


def test_the_reference_runs_are_among_them(home):
    store = Store(home, ADAPTERS)
    rows = read(run_csv(store.runs()))
    assert {row["owner"] for row in rows} == {"reference"}
    store.close()


def test_no_runs_are_a_file_too():
    assert run_csv([]).strip() == ""


def test_the_command_prints_it(command, store):
    store.submit(small_config(name="mine"), "me")
    rows = read(command("runs", "--csv").out)
    assert rows[0]["name"] == "mine"
    assert rows[-1]["owner"] == "reference"
