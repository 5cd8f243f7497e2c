"""The command line: what it prints, and how it ends."""

import json
import subprocess
import sys

import pytest
from small_runs import ROOT, SMALL, environment, json_lines, small_config

from peft_demo import adapters
from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig, RunStatus
from peft_demo.runs.presets import PRESETS
from peft_demo.runs.schema import describe_methods
from peft_demo.storage import DATABASE, Store

EPOCH_KEYS = {"event", "epoch", "train_loss", "eval_loss", "eval_accuracy"}
COMPLETED_KEYS = {
    "event",
    "run_id",
    "test_accuracy",
    "test_interval",
    "adapter_dir",
    "num_adapter_parameters",
    "num_head_parameters",
}


def settings(**values: object) -> list[str]:
    """``--set`` arguments of a small run."""
    return [
        argument
        for name, value in {**SMALL, **values}.items()
        for argument in ("--set", f"{name}={value}")
    ]


SOME = ("lora", "ia3", "adalora", "head_only", "full_ft")
"""The methods whose files a test's own store has."""


@pytest.fixture
def with_trained(trained, home) -> Store:
    """The test's home holds a copy of the session's runs."""
    store = trained.copy(home, *SOME)
    yield store
    store.close()


def check_completed(event: dict) -> None:
    assert event["event"] == "completed"
    assert set(event) >= COMPLETED_KEYS
    low, high = event["test_interval"]
    assert 0 <= low <= event["test_accuracy"] <= high <= 1


class TestTrain:
    def test_json_is_one_object_a_line(self, command, home, base):
        done = command("train", "--json", *settings(method="ia3"))
        assert done.status == 0, done.err
        *epochs, last = json_lines(done.out)
        assert [event["event"] for event in epochs] == ["epoch"] * 3
        assert [event["epoch"] for event in epochs] == [1, 2, 3]
        for event in epochs:
            assert set(event) >= EPOCH_KEYS
        check_completed(last)
        assert last["adapter_dir"] == str(home / last["run_id"])
        assert (home / last["run_id"] / adapters.WEIGHTS).exists()
        store = Store(home)
        run = store.get(last["run_id"])
        assert run.config == RunConfig({**SMALL, "method": "ia3"})
        assert run.owner
        assert run.result.test_accuracy == last["test_accuracy"]
        store.close()

    def test_presets_can_be_changed(self, command, home, base):
        done = command("train", "--preset", "lora-1", *settings(num_train_epochs=1, name="Mine"))
        assert done.status == 0, done.err
        assert "epoch 1/1" in done.out
        assert "test accuracy" in done.out
        store = Store(home)
        (run,) = store.runs()
        assert run.config.name == "Mine"
        assert run.config.method_values["r"] == 64
        assert run.config.learning_rate == 2e-5
        store.close()

    def test_a_failure_is_told_and_ends_with_1(self, command, home, monkeypatch):
        def fail(base, config):
            raise RuntimeError("boom")

        monkeypatch.setattr(adapters, "build", fail)
        done = command("train", "--json", *settings())
        assert done.status == 1
        (event,) = json_lines(done.out)
        assert event["event"] == "failed"
        assert event["error"] == "RuntimeError: boom"
        plain = command("train", *settings())
        assert plain.status == 1
        assert "failed. RuntimeError: boom" in plain.err

    def test_a_folder_that_cannot_be_used_ends_with_1(self, command, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path / "file" / "runs"))
        done = command("train", "--json", *settings())
        assert done.status == 1
        (event,) = json_lines(done.out)
        assert event["event"] == "failed"
        assert "PEFT_DEMO_HOME must be a folder" in event["error"]
        assert event["error"] in done.err

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--set", "r=0"], ["r must be a whole number between 1 and 256", 'got "0"']),
            (["--set", "r=1000000000"], ["r must be", '"1000000000"']),
            (["--set", "r=abc"], ["r must be", '"abc"']),
            (["--set", "learning_rate=nan"], ["learning_rate must be", '"nan"']),
            (["--set", "target_modules="], ["target_modules must be one or more of", "nothing"]),
            (
                ["--set", "method=ia3", "--set", "target_modules=q_lin"],
                ["feedforward_modules must all be target_modules", "ffn.lin1, ffn.lin2"],
            ),
            (["--set", "method=nonsense"], ["method must be one of lora", '"nonsense"']),
            (["--set", "base_model=gpt"], ["base_model must be one of", '"gpt"']),
            (["--set", "num_reviews=3"], ["num_reviews must be", '"3"']),
            (["--set", f"name={'x' * 10_000}"], ["name must be at most 80", "10,000"]),
            (["--set", "rank=8"], ['"rank" is not a field of a LoRA run']),
            (["--set", "r"], ['--set must be FIELD=VALUE, got "r"']),
            (["--preset", "nonsense"], ["preset must be one of quick", '"nonsense"']),
            (["--nonsense"], ["No such option"]),
        ],
    )
    @pytest.mark.parametrize("as_json", [[], ["--json"]])
    def test_bad_arguments_end_with_2_and_one_sentence(
        self, command, home, arguments, words, as_json
    ):
        done = command("train", *arguments, *as_json)
        assert done.status == 2
        assert done.out == ""
        for word in words:
            assert word in done.err
        assert "Traceback" not in done.err
        assert len(done.err) < 1_000
        assert not (home / DATABASE).exists()

    def test_several_bad_values_are_told_together(self, command):
        done = command("train", "--set", "r=0", "--set", "max_length=1")
        assert "r must be" in done.err
        assert "max_length must be" in done.err


def run_program(home, *arguments: str, timeout: int = 120) -> subprocess.CompletedProcess:
    """`python -m peft_demo …` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "peft_demo", *arguments],
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.slow
class TestTheAssignmentsFirst:
    def test_in_a_process_of_its_own(self, home):
        done = run_program(home, "train", "--preset", "lora-1", "--json", timeout=500)
        assert done.returncode == 0, done.stderr
        *epochs, last = json_lines(done.stdout)
        assert [event["epoch"] for event in epochs] == list(range(1, 11))
        for event in epochs:
            assert set(event) >= EPOCH_KEYS
        check_completed(last)
        assert last["global_step"] == 80
        assert last["num_adapter_parameters"] == 1_179_648
        assert last["num_head_parameters"] == 148_610
        store = Store(home)
        run = store.get(last["run_id"])
        assert run.config.num_test_reviews == run.result.num_test_reviews == 1_000
        assert len(store.steps(run.run_id)) == 80
        assert [row["Epoch"] for row in run.result.training_table] == list(range(1, 11))
        assert run.result.training_table[0]["Training Loss"] == "No log"
        # Nothing is learned at this rate, and the interval says so: it holds one half.
        low, high = run.result.test_interval
        assert high - low > 0.05
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
        store.finish(run_id, RunStatus.FAILED, error="The reason.")
        assert "The reason." in command("show", run_id).out

    def test_an_unknown_run_ends_with_2(self, command):
        done = command("show", "run-000042")
        assert done.status == 2
        assert 'got "run-000042"' in done.err

    def test_the_run_of_a_dead_process_is_interrupted(self, command, store, home):
        code = (
            "import sys; from pathlib import Path; from peft_demo.storage import Store;"
            "from peft_demo.runs import RunConfig;"
            "print(Store(Path(sys.argv[1])).start(RunConfig(), 'me').run_id)"
        )
        started = subprocess.run(
            [sys.executable, "-c", code, str(home)],
            cwd=ROOT,
            env=environment(home),
            capture_output=True,
            text=True,
            check=True,
        )
        run_id = started.stdout.strip()
        assert store.get(run_id).status is RunStatus.RUNNING
        shown = json.loads(command("show", run_id, "--json").out)
        assert shown["status"] == "interrupted"


class TestMethods:
    def test_json_is_the_catalogue(self, command):
        assert json.loads(command("methods", "--json").out) == json.loads(
            json.dumps(describe_methods())
        )

    def test_text_names_every_field_with_its_limits(self, command):
        text = command("methods").out
        for method in METHODS.values():
            assert method.summary in text
            for field in method.fields:
                assert field.name in text
                assert field.allowed in text


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


class TestExportBase:
    def test_writes_a_folder(self, command, tmp_path, base):
        done = command("export-base", str(tmp_path / "base"))
        assert done.status == 0, done.err
        names = {path.name for path in (tmp_path / "base").iterdir()}
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= names

    def test_a_file_in_the_way_is_told(self, command, tmp_path, base):
        (tmp_path / "file").write_text("precious")
        done = command("export-base", str(tmp_path / "file"))
        assert done.status != 0
        assert "DIR must be a folder that can be written to" in done.err
        assert (tmp_path / "file").read_text() == "precious"


class TestReferenceAndServe:
    def test_an_unknown_preset_ends_with_2(self, command):
        done = command("reference", "nonsense")
        assert done.status == 2
        assert 'got "nonsense"' in done.err

    @pytest.mark.parametrize("port", ["0", "70000", "abc"])
    def test_a_port_that_is_none_ends_with_2(self, command, port):
        done = command("serve", "--port", port)
        assert done.status == 2
        assert "--port" in done.err


class TestAsAProgram:
    def test_help_lists_every_verb(self, home):
        done = run_program(home, "--help")
        assert done.returncode == 0
        verbs = (
            *("train", "predict", "runs", "show", "methods", "cancel", "delete"),
            *("restore", "annotate", "export-base", "reference", "serve"),
        )
        for verb in verbs:
            assert verb in done.stdout

    def test_a_bad_argument_is_one_sentence_on_stderr(self, home):
        done = run_program(home, "train", "--set", "r=0", "--json")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == ('Error: r must be a whole number between 1 and 256, got "0".\n')

    def test_lists_need_no_torch(self, home):
        code = (
            "import sys; sys.argv[1:] = ['methods']\n"
            "from peft_demo import cli\n"
            "try: cli.main()\nexcept SystemExit: pass\n"
            "sys.exit('torch' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment(home), check=False
        )
        assert done.returncode == 0


@pytest.mark.parametrize("preset_id", PRESETS)
def test_every_preset_is_accepted(command, preset_id, monkeypatch, home):
    """Up to the training itself, which is refused here."""

    def refuse(base, config):
        raise RuntimeError("not trained in this test")

    monkeypatch.setattr(adapters, "build", refuse)
    changes = ("--set", "num_reviews=10", "--set", "num_test_reviews=50")
    done = command("train", "--preset", preset_id, *changes)
    assert done.status == 1
    assert "not trained in this test" in done.err


class TestCompare:
    IDS = ("reference-recommended-lora", "reference-recommended-ia3")

    def test_verdicts_come_first_and_the_table_after_them(self, command):
        done = command("compare", *self.IDS)
        assert done.status == 0, done.err
        first, second, *_ = done.out.splitlines()
        assert first.startswith("LoRA, recommended is better than IA3, recommended")
        assert "both beat counting words" in second
        assert "83.9 %" in done.out
        assert "TF-IDF + logistic regression (1,600 reviews of 128 tokens)" in done.out

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


class TestSweep:
    SMALL = ("--set=num_reviews=40", "--set=max_length=16", "--set=num_test_reviews=50")

    def test_trains_every_combination(self, command, base):
        done = command("sweep", *self.SMALL, "--set=num_train_epochs=1", "--axis=r=1,2", "--race")
        assert done.status == 0, done.err
        first, *rest = done.out.splitlines()
        assert first == "group-000001: LoRA: r, 2 runs"
        assert len([line for line in rest if "completed: test accuracy" in line]) == 2
        assert sorted(
            run["config"]["r"]
            for run in json_lines(command("runs", "--json").out)[0]
            if run["group_id"]
        ) == [1, 2]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--axis=r",), "--axis must be FIELD=VALUE"),
            (("--axis=r=4",), "r must have at least 2 different values"),
            (("--repeats=17",), "repeats must be a whole number between 1 and 16, got 17"),
            (("--repeats=9", "--race"), "race must have 2 to 8 runs, got 9"),
        ],
    )
    def test_refusals(self, command, arguments, words):
        done = command("sweep", *arguments)
        assert done.status == 2
        assert words in done.err
        assert "group" not in done.out
