"""The commands about runs that exist."""

import json

import pytest
from small_runs import json_lines, small_config
from stored_runs import epoch, silent_for

from peft_demo import adapters
from peft_demo.runs import RunStatus
from peft_demo.storage import Store, liveness

SOME = ("lora", "ia3", "adalora", "head_only", "full_ft")
"""The methods whose files a test's own store has."""


@pytest.fixture
def with_trained(trained, home) -> Store:
    """The test's home holds a copy of the session's runs."""
    store = trained.copy(home, *SOME)
    yield store
    store.close()


class TestPredict:
    def test_json_is_one_object_a_line_for_each_run(self, command, with_trained, trained):
        ids = trained.ids(*SOME)
        runs = [argument for run_id in ids for argument in ("--run", run_id)]
        done = command("predict", "A wonderful film.", *runs, "--json")
        assert done.status == 0, done.err
        answers = json_lines(done.out)
        assert [answer["run_id"] for answer in answers] == ids
        for answer in answers:
            assert set(answer) >= {"run_id", "label", "probabilities", "milliseconds"}
            assert set(answer["probabilities"]) == {"negative", "positive"}
            assert sum(answer["probabilities"].values()) == pytest.approx(1)
            assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)

    def test_before_training_is_what_the_run_began_with(self, command, with_trained, trained):
        (run_id,) = trained.ids("lora")
        asked = ("predict", "A wonderful film.", "--run", run_id, "--json")
        [before], [after] = (
            json_lines(command(*asked, *more).out) for more in (["--before-training"], [])
        )
        assert (before["before_training"], after["before_training"]) == (True, False)
        assert before["probabilities"] != after["probabilities"]

    def test_text_says_label_and_what_was_read(self, command, with_trained, trained):
        (run_id,) = trained.ids("lora")
        done = command("predict", "good " * 100, "--run", run_id)
        assert done.out.startswith(run_id)
        assert "read 14 of 100 tokens" in done.out

    @pytest.mark.parametrize(
        ("text", "run_id", "words"),
        [
            ("", "run-000001", "review must have 1 to 20,000 characters"),
            (" \n", "run-000001", "review must have 1 to 20,000 characters"),
            ("x" * 100_000, "run-000001", "got 100,000 characters"),
            ("good", "run-000099", 'got "run-000099"'),
            ("good", "../../etc", "run must be the id of a run"),
        ],
    )
    def test_bad_arguments_end_with_2(self, command, with_trained, text, run_id, words):
        done = command("predict", text, "--run", run_id)
        assert (done.status, done.out) == (2, "")
        assert words in done.err
        assert done.err.startswith("Error: ")
        assert done.err.count("\n") == 1

    def test_no_run_ends_with_2(self, command):
        assert command("predict", "good").status == 2

    def test_a_damaged_adapter_ends_with_1(self, command, with_trained, trained):
        (run_id,) = trained.ids("lora")
        (with_trained.folder_of(run_id) / adapters.WEIGHTS).write_bytes(b"short")
        done = command("predict", "good", "--run", run_id)
        assert done.status == 1
        assert f"Error: The adapter in {run_id} cannot be loaded" in done.err

    def test_an_unfinished_run_ends_with_1(self, command, store):
        run_id = store.submit(small_config(), "me").run_id
        done = command("predict", "good", "--run", run_id)
        assert done.status == 1
        assert f"{run_id} is queued" in done.err


class TestRunsAndShow:
    def test_runs_come_newest_first(self, command, with_trained, trained):
        done = command("runs", "--json")
        found = [run for run in json.loads(done.out) if not run["is_reference"]]
        ids = [run["run_id"] for run in found]
        assert ids == sorted(ids, reverse=True)
        assert set(ids) >= set(trained.ids(*SOME))
        configs = {run["run_id"]: run["config"] for run in found}
        for method in SOME:
            run = trained.runs[method]
            assert configs[run.run_id] == run.config.flat()
        lines = command("runs").out.splitlines()
        assert lines[0].startswith(ids[0])
        assert "completed" in lines[0]

    @pytest.mark.parametrize("method", SOME)
    def test_show_tells_everything(self, command, with_trained, trained, method):
        run = trained.runs[method]
        done = command("show", run.run_id, "--json")
        shown = json.loads(done.out)
        assert shown["folder"] == str(with_trained.folder_of(run.run_id))
        assert shown["result"] == json.loads(run.result.model_dump_json())
        assert [epoch["epoch"] for epoch in shown["epochs"]] == [1, 2, 3]
        assert [step["step"] for step in shown["steps"]] == list(range(1, 13))
        text = command("show", run.run_id).out
        for word in ("No log", "global_step", "total_flos", "num_head_parameters", "torch"):
            assert word in text

    def test_a_failed_run_shows_its_reason(self, command, store):
        run_id = store.submit(small_config(), "me").run_id
        store.claim()
        reason = f"There is no room in {store.folder} or /mnt/b/c."
        store.finish(run_id, RunStatus.FAILED, error=reason)
        assert reason in command("show", run_id).out
        assert json.loads(command("show", run_id, "--json").out)["error"] == reason
        assert json.loads(command("runs", "--json").out)[0]["error"] == reason
        assert reason in command("runs", "--csv").out

    def test_what_a_training_shows_is_told_in_words(self, command):
        told = command("show", "reference-lora-1").out
        assert "Never left guessing: validation loss stayed at 0.695" in told
        found = json.loads(command("show", "reference-lora-1", "--json").out)["diagnosis"]
        assert (found["finding"], found["changes"]) == ("guessing", {"learning_rate": 0.001})

    def test_an_unknown_run_ends_with_2(self, command):
        done = command("show", "run-000042")
        assert done.status == 2
        assert 'got "run-000042"' in done.err

    READING = (
        ("runs", "--json"),
        ("show", "run-000001", "--json"),
        ("challenge",),
        ("doctor",),
    )

    @pytest.mark.parametrize("arguments", READING, ids=lambda given: given[0])
    def test_reading_judges_nobodys_lease(self, command, store, monkeypatch, arguments):
        run_id = store.start(small_config(), "me").run_id
        store.partial_folder_of(run_id).mkdir()
        silent_for(store.folder, run_id, 7200)  # as a clock that was set makes it look
        for known in store.folder.glob(".working-*"):
            known.unlink()
        monkeypatch.setattr(liveness, "WATCHED_SECONDS", 0.0)
        seen = store.version
        command(*arguments)
        assert store.get(run_id).status is RunStatus.RUNNING
        assert store.partial_folder_of(run_id).exists()
        assert store.version == seen

    def test_a_run_whose_program_died_is_told_and_can_be_deleted(self, command, store):
        run_id = store.start(small_config(), "me").run_id
        assert command("delete", run_id).status == 1
        store._working._held.pop(run_id).release()  # as the kernel does
        for verb in (("show", run_id), ("runs",)):
            assert f"resume {run_id} goes on" in command(*verb).out
        assert store.get(run_id).status is RunStatus.RUNNING
        assert command("delete", run_id).status == 0
        assert store.ids() == []


class TestCancelAndDelete:
    def test_a_waiting_run(self, command, store):
        run_id = store.submit(small_config(), "me").run_id
        assert command("delete", run_id).status == 1
        assert command("cancel", run_id).status == 0
        assert store.get(run_id).status is RunStatus.CANCELLED
        assert command("cancel", run_id).status == 1
        assert command("delete", run_id).status == 0
        assert store.ids() == []
        shown = command("show", run_id)
        assert (shown.status, shown.err) == (2, f"Error: {run_id} was deleted.\n")
        assert command("restore", run_id).status == 0
        assert store.ids() == [run_id]

    def test_a_running_run_is_asked_to_stop(self, command, store):
        run_id = store.start(small_config(), "me").run_id
        assert command("cancel", run_id).status == 0
        assert store.stop_requested(run_id)

    def test_a_running_run_is_asked_to_end_with_its_last_whole_epoch(self, command, store):
        run_id = store.start(small_config(), "me").run_id
        early = command("cancel", run_id, "--keep")
        assert early.status == 1
        assert "has no whole epoch yet" in early.err
        store.report(run_id, epoch=epoch(1))
        done = command("cancel", run_id, "--keep")
        assert (done.status, done.out) == (0, f"{run_id} will end with its last whole epoch.\n")
        assert store.wishes([run_id])[1]
        assert not store.stop_requested(run_id)

    @pytest.mark.parametrize("verb", ["cancel", "delete", "restore", "annotate", "show"])
    @pytest.mark.parametrize("run_id", ["run-000099", "nonsense", "../x"])
    def test_an_unknown_run_ends_with_2(self, command, verb, run_id):
        done = command(verb, run_id)
        assert done.status == 2
        assert f'got "{run_id}"' in done.err


class TestAnnotate:
    def test_writes_what_is_given_and_keeps_the_rest(self, command, store):
        run_id = store.submit(small_config(name="before"), "me").run_id
        done = command("annotate", run_id, "--tag", "class", "--tag", "week 3", "--star")
        assert done.status == 0
        assert done.out == f"{run_id}  ★ before  class, week 3\n"
        command("annotate", run_id, "--name", "after", "--note", "why")
        run = store.get(run_id)
        assert (run.config.name, run.note) == ("after", "why")
        assert (run.tags, run.is_starred) == (("class", "week 3"), True)
        command("annotate", run_id, "--tag", "", "--no-star")
        run = store.get(run_id)
        assert (run.tags, run.is_starred, run.note) == ((), False, "why")

    def test_a_bad_value_ends_with_2(self, command, store):
        run_id = store.submit(small_config(), "me").run_id
        done = command("annotate", run_id, "--name", "x" * 81)
        assert done.status == 2
        assert "name must be at most 80 characters" in done.err

    def test_a_reference_stays_as_it_is(self, command, home):
        done = command("annotate", "reference-ia3", "--star")
        assert done.status == 1
        assert "reference run and cannot be changed" in done.err


class TestCompare:
    IDS = ("reference-recommended-lora", "reference-recommended-ia3")

    @pytest.mark.slow
    def test_verdicts_come_first_and_the_table_after_them(self, command):
        done = command("compare", *self.IDS)
        assert done.status == 0, done.err
        first, second, *_ = done.out.splitlines()
        assert first.startswith("LoRA, recommended is better than IA3, recommended")
        assert "both beat counting words" in second
        assert "83.9 %" in done.out
        assert "TF-IDF + logistic regression (1,600 reviews of 128 tokens)" in done.out

    @pytest.mark.slow
    def test_json_has_all_facts(self, command):
        done = command("compare", *self.IDS, "--json")
        facts = json.loads(done.out)
        assert [run["run_id"] for run in facts["runs"]] == list(self.IDS)
        assert facts["pairs"][0]["disagreements"] == 100
        assert facts["pareto"]["frontiers"]["accuracy|file_bytes"] == list(self.IDS)

    @pytest.mark.parametrize(
        ("ids", "sentence"),
        [
            (IDS[:1], "run_ids must name 2 to 8 different runs, got reference-recommended-lora."),
            ((*IDS, "run-000777"), 'such as run-000001, got "run-000777".'),
        ],
    )
    def test_bad_ids_end_in_a_sentence(self, command, ids, sentence):
        done = command("compare", *ids)
        assert done.status == 2
        assert done.err.strip().endswith(sentence)
        assert done.out == ""


@pytest.mark.slow
class TestReport:
    def test_it_writes_one_page(self, command, tmp_path):
        file = tmp_path / "report.html"
        done = command("report", "reference-lora-1", "--out", f"{file}", "--author", "Ada")
        assert (done.status, done.out) == (0, f"Wrote {file}.\n")
        assert "Report of Ada" in file.read_text("utf-8")

    def test_a_file_that_cannot_be_written(self, command, tmp_path):
        done = command("report", "reference-lora-1", "--out", f"{tmp_path}")
        assert done.status == 2
        assert "out must be a file that can be written" in done.err


class TestChallenge:
    def test_it_is_set_entered_and_shown(self, command, store):
        done = command("challenge", "--title", "Small", "--limit", "num_reviews=100", "--json")
        assert json.loads(done.out)[0]["challenge_id"] == "challenge-000001"
        run_id = store.submit(small_config(), "me").run_id
        command("annotate", run_id, "--tag", "challenge-000001")
        shown = command("challenge", "challenge-000001")
        assert "  –  " in shown.out
        assert "Small" in command("challenge").out

    def test_a_wrong_limit_ends_with_2(self, command):
        done = command("challenge", "--title", "x", "--limit", "minutes=long")
        assert done.status == 2
        assert "minutes must be a number between 0.1 and 10,000" in done.err
