"""The commands about people's own texts."""

import json

import pytest
from hub_sets import NAMES, news
from own_texts import as_csv, rows
from small_runs import json_lines

from peft_demo.data import own

TRAINED = {
    "method": "lora",
    "num_train_epochs": 1,
    "max_length": 8,
    "learning_rate": 0.005,
    "target_modules": "q_lin",
    "r": 1,
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tickets.csv"
    path.write_text(as_csv(rows()) + ",no text\n", encoding="utf-8")
    return path


def added(command, *arguments) -> dict:
    done = command("data", "add", *map(str, arguments), "--json")
    assert done.status == 0, done.err
    return json.loads(done.out)


@pytest.mark.slow
def test_a_file_is_added_listed_shown_and_removed(command, file):
    told = added(command, file)
    assert told["labels"] == ["bad", "good"]
    assert told["rows"] == 40
    assert told["refused_rows"] == [{"row": 42, "reason": "no text", "file": "training"}]
    assert told["lengths"]["tokenizer"] == "all-MiniLM-L6-v2"
    (listed,) = json.loads(command("data", "list", "--json").out)
    assert (listed["dataset"], listed["name"]) == (told["dataset"], "tickets")
    assert listed["is_listed"]
    assert added(command, file, "--unlisted")["dataset"] == told["dataset"]
    assert not json.loads(command("data", "list", "--json").out)[0]["is_listed"]
    shown = json.loads(command("data", "show", told["dataset"], "--json").out)
    assert shown["balance"] == {"bad": [12, 8], "good": [12, 8]}
    assert shown["file"] == str(own.texts_of(told["dataset"]))
    words = command("data", "show", told["dataset"]).out
    assert "training row 42: no text" in words
    assert "bad: 12 to train on, 8 to test" in words
    texts = ("data", "texts", told["dataset"], "--search", "tram", "--part", "training")
    looked = json.loads(command(*texts, "--json").out)
    assert len(looked["texts"]) == looked["num_found"] > 0
    assert f"truly {looked['texts'][0]['label']}; " in command(*texts).out
    assert command("data", "remove", told["dataset"]).status == 0
    assert command("data", "list").out == ""
    gone = command("data", "show", told["dataset"])
    assert gone.status == 2
    assert "data must be the id of an own data set" in gone.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv"], "file must be a file"),
        (["{file}", "--text-column", "body"], 'text_column must be one of text, label, got "body"'),
        (["{file}", "--label-name", "odd=x"], "label_names must name bad, good"),
        (["{file}", "--label-name", "odd"], "--label-name must be FIELD=VALUE"),
        (["{file}", "--test", "nowhere.csv"], "test must be a file"),
        (["{file}", "--test", "{file}", "--only-test"], "test must be left out"),
        ([], "file must be a file, or --hub name a data set of the Hub, got neither"),
        (["{file}", "--hub", "a/b"], "hub must be left out where a file is named"),
        (["{file}", "--split", "dev"], "split must be left out of a file"),
        (["--hub", "a b"], "hub must be the id of a data set on the Hub"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_status_2(command, file, arguments, words):
    done = command("data", "add", *(one.format(file=file) for one in arguments))
    assert (done.status, done.out) == (2, "")
    assert words in done.err


@pytest.mark.slow
def test_a_set_of_the_hub_is_added_by_its_id_and_shown_with_its_commit(command, hub):
    commit = hub.dataset("somebody/news", news())
    told = added(command, "--hub", "somebody/news", "--test-split", "test", "--name", "News")
    assert (told["name"], told["labels"]) == ("News", [*NAMES])
    assert told["origin"]["commit"] == commit
    hub.go()
    (listed,) = json.loads(command("data", "list", "--json").out)
    assert listed["origin"] == told["origin"]
    words = command("data", "show", told["dataset"]).out
    assert f"of the Hub: somebody/news, default, train and test at {commit[:12]}" in words
    again = command("data", "add", "--hub", "somebody/news")
    assert again.status == 2
    assert "the Hugging Face Hub cannot be reached" in again.err


def test_an_unknown_set_is_refused_by_train_and_evaluate(command):
    done = command("train", "--set", "dataset=own-0123456789ab")
    assert done.status == 2
    assert "dataset must be one of imdb" in done.err
    done = command("evaluate", "--run", "run-000001", "--data", "own-0123456789ab")
    assert done.status == 2


@pytest.mark.slow
def test_own_texts_are_learned_and_others_are_tested_on(command, file, tmp_path, base):
    learned = added(command, file, "--label-name", "good=fine")["dataset"]
    options = [f"{name}={value}" for name, value in {**TRAINED, "dataset": learned}.items()]
    done = command("train", "--json", *(part for one in options for part in ("--set", one)))
    assert done.status == 0, done.err
    run_id = json_lines(done.out)[-1]["run_id"]
    test = tmp_path / "test.jsonl"
    others = [("a new one is fine", "FINE"), ("another is bad", "bad")] * 1
    texts = [(f"{text} {n}", label) for n in range(10) for text, label in others]
    test.write_text(
        "\n".join(json.dumps({"text": text, "label": label}) for text, label in texts),
        encoding="utf-8",
    )
    data = added(command, test, "--only-test")["dataset"]
    done = command("evaluate", "--run", run_id, "--data", data, "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert (found["evaluation_set"], found["num_texts"], found["num_trained_on"]) == (data, 20, 0)
    assert 0 <= found["low"] <= found["accuracy"] <= found["high"] <= 1
    done = command("evaluate", "--run", run_id, "--data", "imdb")
    assert done.status == 2
    assert "data must have the labels that the run learned, bad, fine, got negative" in done.err
    # What is deleted stays readable, and predicts.
    assert command("data", "remove", learned).status == 0
    shown = json.loads(command("show", run_id, "--json").out)
    assert shown["problem"] is None
    (prediction,) = json_lines(command("predict", "it is fine", "--run", run_id, "--json").out)
    assert set(prediction["probabilities"]) == {"bad", "fine"}
    assert "were deleted" in command("train", "--set", f"dataset={learned}").err
    reference = command("evaluate", "--run", "reference-ia3", "--data", "imdb")
    assert reference.status == 1
    assert "reference run" in reference.err
