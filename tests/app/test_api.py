"""The typed endpoints, through gradio_client."""

import getpass
import time

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from imported_adapters import members, zipped
from own_texts import as_csv, rows
from running_app import SMALL

from peft_demo.methods import METHODS
from peft_demo.settings import ADAPTERS

ENDPOINTS = {
    "/submit_run",
    "/submit_sweep",
    "/submit_lesson",
    "/submit_search",
    "/get_search",
    "/cancel_search",
    "/get_group",
    "/list_runs",
    "/get_run",
    "/cancel_run",
    "/resume_run",
    "/delete_run",
    "/restore_run",
    "/annotate_run",
    "/predict",
    "/predict_file",
    "/predict_reviews",
    "/list_lessons",
    "/list_methods",
    "/count",
    "/read_config",
    "/import_adapter",
    "/import_from_hub",
    "/swap_labels",
    "/list_unrecorded",
    "/adopt_folders",
    "/unadopt_folders",
    "/export_code",
    "/push_run",
    "/find_learning_rate",
    "/compare",
    "/report",
    "/set_challenge",
    "/challenge_board",
    "/add_base",
    "/add_data",
    "/add_data_from_hub",
    "/list_bases",
    "/list_data",
    "/show_data",
    "/remove_data",
    "/evaluate",
    "/explain",
    "/challenge_runs",
    "/watch_reviews",
    "/list_watched",
    "/inside",
    "/strength",
    "/map",
    "/challenge_next",
    "/mix",
    "/mix_runs",
    "/list_texts",
}


@pytest.fixture(scope="module")
def client(app):
    return Client(app.url, verbose=False)


@pytest.fixture(scope="module")
def finished(client):
    run = client.predict({**SMALL, "method": "ia3", "name": "api"}, api_name="/submit_run")
    assert run["status"] == "queued"
    return wait_until(client, run["run_id"], "completed")


def wait_until(client, run_id, *states):
    for _ in range(240):
        run = client.predict(run_id, api_name="/get_run")
        if run["status"] in states:
            return run
        assert run["status"] in ("queued", "running"), run["error"]
        time.sleep(0.5)
    pytest.fail(f"{run_id} is still {run['status']}")


def test_only_the_documented_endpoints_are_offered(client):
    api = client.view_api(return_format="dict")
    assert set(api["named_endpoints"]) == ENDPOINTS
    assert not api["unnamed_endpoints"]


def test_endpoints_are_typed(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    parameters = named["/predict"]["parameters"]
    assert [p["parameter_name"] for p in parameters] == ["text", "run_ids", "before_training"]
    assert "list[str]" in parameters[1]["python_type"]["type"]
    assert "dict" in named["/submit_run"]["parameters"][0]["python_type"]["type"]
    assert "positive" not in named["/submit_run"]["description"]
    assert "Queue a run" in named["/submit_run"]["description"]


def test_a_run_is_trained_and_keeps_everything(finished):
    assert len(finished["epochs"]) == SMALL["num_train_epochs"]
    result = finished["result"]
    low, high = result["test_interval"]
    assert low < result["test_accuracy"] < high
    assert result["num_head_parameters"] == 148_610
    assert finished["owner"] == getpass.getuser()
    assert finished["config"]["name"] == "api"


def test_finished_and_reference_runs_predict_together(client, finished):
    ids = [finished["run_id"], "reference-lora-1", "reference-ia3"]
    answers = client.predict("A wonderful film.", ids, api_name="/predict")
    assert [answer["run_id"] for answer in answers] == ids
    for answer in answers:
        assert set(answer["probabilities"]) == {"negative", "positive"}
        assert sum(answer["probabilities"].values()) == pytest.approx(1)
        assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
        assert answer["milliseconds"] > 0


def test_many_reviews_go_through_several_runs(client):
    ids = ["reference-recommended-lora", "reference-lora-1"]
    found = client.predict(
        ["A wonderful film.", "Dull and loud."], ids, api_name="/predict_reviews"
    )
    assert list(found) == ids
    good, bad = found[ids[0]]
    assert 1 > good > 0.5 > bad > 0


def test_what_training_changed_inside(client):
    ids = ["reference-recommended-head-only", "reference-recommended-lora"]
    head_only, lora = client.predict(ids, api_name="/inside")
    assert (head_only["modules"], lora["moved"], lora["rank"]) == ([], [], 8)
    assert {moved["name"] for moved in head_only["moved"]} >= {"classifier.weight"}
    assert all(0 < change["directions"] <= 8 for change in lora["modules"])


def test_an_answer_is_explained(client):
    ids = ["reference-recommended-lora", "reference-lora-1"]
    found = client.predict("An awful film, and far too long.", ids, api_name="/explain")
    assert [each["run_id"] for each in found] == ids
    words = {found[0]["text"][w["start"] : w["end"]]: w["contribution"] for w in found[0]["words"]}
    assert found[0]["label"] == "negative"
    assert max(words, key=words.get) == "awful"
    assert found[0]["is_trustworthy"] == (found[0]["check"]["beats"] == 20)


def test_runs_are_compared(client):
    ids = ["reference-recommended-lora", "reference-recommended-ia3", "reference-lora-1"]
    facts = client.predict(ids, api_name="/compare")
    assert "LoRA, recommended (83.9 %) is better than all the others." in facts["verdict"][0]
    assert [run["run_id"] for run in facts["runs"]] == ids
    assert len(facts["pairs"]) == 3
    assert "TF-IDF + logistic regression" in {line["name"] for line in facts["baselines"]}


def test_methods_come_with_their_schema(client):
    methods = client.predict(api_name="/list_methods")
    assert [method["id"] for method in methods] == list(METHODS)
    rank = methods[0]["schema"]["properties"]["r"]
    assert (rank["minimum"], rank["maximum"]) == (1, 256)


def test_a_run_comes_with_its_diagnosis(client):
    run = client.predict("reference-recommended-lora", api_name="/get_run")
    assert run["diagnosis"]["finding"] == "falling"
    assert run["diagnosis"]["changes"] == {"num_train_epochs": 4}


def test_runs_are_listed(client, finished):
    ids = [run["run_id"] for run in client.predict(api_name="/list_runs")]
    assert finished["run_id"] in ids
    assert "reference-lora-2" in ids


@pytest.mark.parametrize(
    ("endpoint", "arguments", "parts"),
    [
        ("/submit_run", [{"r": 0}], ("r must be", "1 and 256", "got 0")),
        ("/submit_run", [{"method": "magic"}], ("method must be one of lora", '"magic"')),
        ("/submit_run", [{"base_model": "gpt"}], ("base_model must be one of", '"gpt"')),
        ("/submit_run", [{"colour": "red"}], ('"colour" is not a field',)),
        ("/get_run", ["run-999999"], ("run must be the id of a run", "run-999999")),
        ("/cancel_run", ["reference-ia3"], ("reference-ia3 is a reference run",)),
        ("/resume_run", ["reference-ia3"], ("reference-ia3 is a reference run",)),
        ("/compare", [["reference-ia3"]], ("run_ids must name 2 to 8", "got reference-ia3")),
        ("/compare", [["reference-ia3", "run-999999"]], ("run must be the id", "run-999999")),
        ("/delete_run", ["../../etc"], ("run must be the id of a run",)),
        ("/restore_run", ["run-424242"], ("run must be the id of a run",)),
        ("/annotate_run", ["reference-ia3", {"name": "x"}], ("cannot be changed",)),
        ("/annotate_run", ["run-424242", {"colour": "red"}], ('is_starred, got "colour"',)),
        ("/annotate_run", ["run-424242", {"tags": "x" * 31}], ("tags must be 1 to 30",)),
        ("/predict", ["", ["reference-ia3"]], ("review must have 1 to 20,000",)),
        ("/predict", ["x" * 200_000, ["reference-ia3"]], ("got 200,000 characters",)),
        ("/predict", ["fine", []], ("run_ids must name 1 to 100", "none")),
        ("/predict", ["fine", ["run-424242"]], ("run must be the id of a run",)),
        ("/predict_reviews", [[], ["reference-ia3"]], ("list of 1 to 1,000 texts", "got 0")),
        (
            "/predict_reviews",
            [["fine", ""], ["reference-ia3"]],
            ("review 2 must have 1 to 20,000",),
        ),
        ("/predict_reviews", ["fine", ["reference-ia3"]], ("reviews must be a list", '"fine"')),
        ("/predict", ["fine", "reference-ia3"], ("run_ids must be a list", '"reference-ia3"')),
        ("/compare", ["reference-ia3"], ("run_ids must be a list", '"reference-ia3"')),
    ],
)
def test_bad_input_gets_its_sentence(client, endpoint, arguments, parts):
    with pytest.raises(AppError) as caught:
        client.predict(*arguments, api_name=endpoint)
    for part in parts:
        assert part in str(caught.value)


def test_an_adapter_is_brought_in(client, tmp_path):
    file = handle_file(zipped(tmp_path / "theirs.zip", members(ADAPTERS / "reference-ia3", "a/b/")))
    run = client.predict(file, api_name="/import_adapter")
    assert (run["kind"], run["owner"]) == ("imported", getpass.getuser())
    assert run["config"]["name"] == "theirs"
    client.predict(run["run_id"], api_name="/cancel_run")
    with pytest.raises(AppError, match="file must be an uploaded file"):
        client.predict({"path": "/etc/passwd"}, api_name="/import_adapter")
    with pytest.raises(AppError, match="adapter must be the one that is there"):
        client.predict(file, adapter="checkpoint-5", api_name="/import_adapter")


def test_own_texts_are_added_shown_and_removed(client, tmp_path):
    file, test = tmp_path / "mine.csv", tmp_path / "later.csv"
    file.write_text(as_csv(rows(("0", "1"))) + ",1\n", encoding="utf-8")
    test.write_text(as_csv([("A new one", "0"), ("Another new one", "1")]), encoding="utf-8")
    told = client.predict(
        handle_file(file),
        label_names={"0": "bad", "1": "good"},
        test=handle_file(test),
        api_name="/add_data",
    )
    assert (told["labels"], told["rows"], told["test_texts"]) == (["bad", "good"], 42, 2)
    assert [row["reason"] for row in told["refused_rows"]] == ["no text"]
    (listed,) = client.predict(api_name="/list_data")
    assert (listed["dataset"], listed["name"], listed["owner"], listed["is_own"]) == (
        told["dataset"],
        "mine",
        getpass.getuser(),
        True,
    )
    assert client.predict(told["dataset"], api_name="/show_data") == told
    looked = client.predict(told["dataset"], search="new one", api_name="/list_texts")
    assert {text["label"] for text in looked["texts"]} == {"bad", "good"}
    counted = client.predict({"dataset": told["dataset"]}, api_name="/count")
    assert counted["num_head_parameters"] == 148_610
    with pytest.raises(AppError, match="reference run"):
        client.predict("reference-ia3", "imdb", api_name="/evaluate")
    with pytest.raises(AppError, match="file must be an uploaded file"):
        client.predict({"path": "/etc/passwd"}, api_name="/add_data")
    assert client.predict(told["dataset"], api_name="/remove_data") == told["dataset"]
    assert client.predict(api_name="/list_data") == []


def test_cancel_stops_a_run_and_delete_removes_it(client):
    long = {**SMALL, "num_reviews": 2_000, "num_train_epochs": 50, "name": "long"}
    run_id = client.predict(long, api_name="/submit_run")["run_id"]
    wait_until(client, run_id, "running")
    with pytest.raises(AppError, match="no whole epoch yet"):
        client.predict(run_id, keep=True, api_name="/cancel_run")
    client.predict(run_id, api_name="/cancel_run")
    assert wait_until(client, run_id, "cancelled")["error"] is None
    assert client.predict(run_id, api_name="/delete_run") == run_id
    with pytest.raises(AppError, match=f"{run_id} was deleted"):
        client.predict(run_id, api_name="/get_run")
    assert client.predict(run_id, api_name="/restore_run")["status"] == "cancelled"


def test_a_run_is_renamed_tagged_noted_and_starred(client, finished):
    changes = {"name": "named", "tags": ["a"], "note": "why", "is_starred": True}
    run = client.predict(finished["run_id"], changes, api_name="/annotate_run")
    assert run["config"]["name"] == "named"
    assert (run["tags"], run["note"], run["is_starred"]) == (["a"], "why", True)
    back = {"name": "api", "tags": []}
    run = client.predict(finished["run_id"], back, api_name="/annotate_run")
    assert (run["config"]["name"], run["tags"], run["note"]) == ("api", [], "why")


def test_a_configuration_is_counted_without_training(client):
    counts = client.predict({"method": "lora", "r": 8}, api_name="/count")
    assert counts["num_adapter_parameters"] == 331_776
    assert counts["num_head_parameters"] == 148_610
    twice = client.predict({"method": "lora", "r": 16}, api_name="/count")
    assert twice["num_adapter_parameters"] == 2 * 331_776
    assert twice["file_bytes"] > counts["file_bytes"]


def test_a_pasted_configuration_is_read(client):
    read = client.predict(
        "LoraConfig(r=4, target_modules=['q_lin'], bias='all')", api_name="/read_config"
    )
    assert read["values"]["r"] == 4
    assert read["values"]["bias"] == "all"
    read = client.predict("LoraConfig(r=__import__('os').getpid())", api_name="/read_config")
    assert "cannot be known without running the code" in read["notes"][0]
    several = "LoraConfig(r=4)\nLoraConfig(r=2)"
    with pytest.raises(AppError, match=r"2\. LoraConfig in line 2"):
        client.predict(several, api_name="/read_config")
    assert client.predict(several, 2, api_name="/read_config")["values"]["r"] == 2


def test_code_of_a_configuration(client):
    assert "IA3Config(" in client.predict({"method": "ia3"}, "script", api_name="/export_code")
    with pytest.raises(AppError, match="kind must be"):
        client.predict({"method": "ia3"}, "poem", api_name="/export_code")


def test_a_learning_rate_is_looked_for_in_the_queue(client):
    """What it finds: see test_configuration."""
    run = client.predict({**SMALL, "method": "ia3"}, api_name="/find_learning_rate")
    assert (run["kind"], run["config"]["method"]) == ("range_test", "ia3")
    client.predict(run["run_id"], api_name="/cancel_run")
