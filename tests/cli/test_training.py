"""The commands that train."""

import json
import os
import signal

import pytest
from small_runs import SMALL, json_lines, numbers_in, run_program, set_options, small_config

from peft_demo import adapters
from peft_demo.cli.app import end
from peft_demo.execution import Engine
from peft_demo.runs import RunConfig, RunStatus, StepMetrics, checkpoints
from peft_demo.runs.presets import PRESETS
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


def check_completed(event: dict) -> None:
    assert event["event"] == "completed"
    assert set(event) >= COMPLETED_KEYS
    low, high = event["test_interval"]
    assert 0 <= low <= event["test_accuracy"] <= high <= 1


class TestTrain:
    @pytest.mark.slow
    def test_json_is_one_object_a_line(self, command, home, base):
        done = command("train", "--json", *set_options(method="ia3"))
        assert done.status == 0, done.err
        before, *epochs, last = json_lines(done.out)
        assert set(before) == {"event", "eval_loss", "eval_accuracy", "probes"}
        assert [event["event"] for event in (before, *epochs)] == [
            "before_training",
            *["epoch"] * 3,
        ]
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

    @pytest.mark.slow
    def test_resume_goes_on_after_the_checkpoint_to_the_same_numbers(self, command, home, trained):
        def stop(run, event):
            if isinstance(event, StepMetrics) and event.step == 6:
                working.cancel(run.run_id)  # heard before the next step, as by the store it is not

        store = Store(home)
        working = Engine(store, listener=stop)
        run = working.run(store.start(small_config("ia3"), "me"))
        assert run.status is RunStatus.CANCELLED
        done = command("resume", run.run_id, "--json")
        assert done.status == 0, done.err
        *epochs, last = json_lines(done.out)
        assert [event["epoch"] for event in epochs] == [2, 3]
        check_completed(last)
        run = store.get(run.run_id)
        assert numbers_in(store, run) == numbers_in(trained.store, trained.runs["ia3"])
        (folder,) = (path for path in home.iterdir() if run.run_id in path.name)
        assert {path.name for path in folder.iterdir()} == {
            path.name for path in trained.folder("ia3").iterdir()
        }
        assert command("resume", run.run_id).status == 1
        assert command("resume", "run-000099").status == 2
        store.close()

    @pytest.mark.slow
    def test_sigterm_interrupts_at_once_and_leaves_the_last_epoch(self, store, base):
        before = signal.signal(signal.SIGTERM, end)

        def kill(run, event):
            if isinstance(event, StepMetrics) and event.step == 6:
                os.kill(os.getpid(), signal.SIGTERM)

        run = store.start(small_config("head_only"), "me")
        with pytest.raises(SystemExit) as ended:
            Engine(store, listener=kill).run(run)
        signal.signal(signal.SIGTERM, before)
        assert ended.value.code == 143
        run = store.get(run.run_id)
        assert run.status is RunStatus.INTERRUPTED
        assert checkpoints.step_of(checkpoints.latest(store.partial_folder_of(run.run_id))) == 4

    @pytest.mark.slow
    def test_presets_can_be_changed(self, command, home, base):
        done = command("train", "--preset", "lora-1", *set_options(num_train_epochs=1, name="Mine"))
        assert done.status == 0, done.err
        assert "epoch 1/1" in done.out
        assert "test accuracy" in done.out
        store = Store(home)
        (run,) = store.runs()
        assert run.config.name == "Mine"
        assert run.config.method_values["r"] == 64
        assert run.config.learning_rate == 2e-5
        store.close()

    @pytest.mark.slow
    def test_a_failure_is_told_and_ends_with_1(self, command, home, monkeypatch):
        def fail(base, config):
            raise RuntimeError("boom")

        monkeypatch.setattr(adapters, "build", fail)
        done = command("train", "--json", *set_options())
        assert done.status == 1
        (event,) = json_lines(done.out)
        assert event["event"] == "failed"
        assert event["error"] == "RuntimeError: boom"
        plain = command("train", *set_options())
        assert plain.status == 1
        assert "failed. RuntimeError: boom" in plain.err

    def test_a_folder_that_cannot_be_used_ends_with_1(self, command, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path / "file" / "runs"))
        done = command("train", "--json", *set_options())
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


@pytest.mark.slow
class TestTheAssignmentsFirst:
    def test_in_a_process_of_its_own(self, home):
        short = ("--set=num_test_reviews=200", "--set=max_length=16", "--set=num_train_epochs=3")
        done = run_program(home, "train", "--preset", "lora-1", *short, "--json")
        assert done.returncode == 0, done.stderr
        _before, *epochs, last = json_lines(done.stdout)
        assert [event["epoch"] for event in epochs] == [1, 2, 3]
        for event in epochs:
            assert set(event) >= EPOCH_KEYS
        check_completed(last)
        assert last["global_step"] == 24
        assert last["num_adapter_parameters"] == 1_179_648
        assert last["num_head_parameters"] == 148_610
        store = Store(home)
        run = store.get(last["run_id"])
        assert run.config.num_test_reviews == run.result.num_test_reviews == 200
        assert len(store.steps(run.run_id)) == 24
        assert [row["Epoch"] for row in run.result.training_table] == [1, 2, 3]
        assert run.result.training_table[0]["Training Loss"] == "No log"
        # Nothing is learned at this rate, and the interval says so: it holds one half.
        low, high = run.result.test_interval
        assert high - low > 0.05
        store.close()


class TestSweep:
    SMALL = ("--set=num_reviews=40", "--set=max_length=16", "--set=num_test_reviews=50")

    @pytest.mark.slow
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


@pytest.mark.slow
def test_presets_are_accepted(command):
    """Some of them: that each makes a valid run is tested where they are."""
    for preset_id in list(PRESETS)[::9]:
        done = command("count", "--preset", preset_id, "--json")
        assert json.loads(done.out)["num_head_parameters"] > 0, done.err


@pytest.mark.slow
def test_a_learning_rate_is_looked_for(command, base):
    done = command("find-rate", "--json", *set_options(method="ia3"))
    assert done.status == 0, done.err
    (found,) = json_lines(done.out)
    assert found["learning_rates"] == sorted(found["learning_rates"])
    assert found["is_sure"] or found["reason"]


def test_an_unknown_reference_ends_with_2(command):
    done = command("reference", "nonsense")
    assert done.status == 2
    assert 'got "nonsense"' in done.err
