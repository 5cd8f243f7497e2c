"""The command that searches."""

import pytest
from small_runs import set_options

from peft_demo.execution.searching import costs
from peft_demo.runs import GroupKind, RunStatus
from peft_demo.storage import Store


@pytest.fixture(scope="module")
def found(tmp_path_factory, base):
    """A real search among two ranks, confirmed with two seeds; its lines, its status, its store."""
    from peft_demo import cli

    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home") / "runs"
        patch.setenv("PEFT_DEMO_HOME", str(home))
        patch.setattr(costs, "ROUND_SIZES", (2,))
        patch.setattr(costs, "CONFIRMATIONS", ((1, 2),))
        told: list[dict] = []
        patch.setattr("peft_demo.cli.output.print_json", told.append)
        values = set_options(method="lora", num_train_epochs=2, target_modules="q_lin")
        among = ["--among", "r=1", "--among", "learning_rate=1e-3"]
        arguments = ["search", "--json", "--minutes", "20", *among, *values]
        patch.setattr("sys.argv", ["peft_demo", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        store = Store(home)
        yield ended.value.code, told, store
        store.close()


@pytest.mark.slow
class TestSearch:
    def test_it_tells_what_is_expected_each_trial_and_what_it_found(self, found):
        _, (first, *trials, last), _ = found
        assert first["event"] == "search"
        assert first["expected"]["num_trials"] >= 2
        assert {trial["event"] for trial in trials} == {"trial", "trained"}
        assert last["event"] == "found"
        assert (last["phase"], last["confirmation"]) == ("over", "group-000002")
        assert last["seconds"] <= 60 * last["minutes"]

    def test_its_status_says_whether_the_winner_could_be_compared(self, found):
        status, told, _ = found
        assert (status or 0) == (told[-1]["shown"] is None)

    def test_trials_are_runs_of_the_store_that_look_at_no_test_review(self, found):
        _, _, store = found
        group, trials = store.group("group-000001")
        assert group.kind is GroupKind.SEARCH
        assert [len(run.epochs) for run in trials].count(2) == 1
        assert all(run.result is None for run in trials)
        assert all(run.status is RunStatus.CANCELLED for run in trials)

    def test_what_is_confirmed_is_trained_anew_and_can_predict(self, found):
        _, _, store = found
        _, runs = store.group("group-000002")
        assert [run.config.seed for run in runs] == [8, 8, 9, 9]
        assert all(run.can_predict for run in runs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--minutes", "0", "--over", "r"], "minutes must be a number between 0.1 and 1,440"),
        (["--over", "nope"], '"nope" cannot be searched for LoRA'),
        (["--minutes", "0.1", "--over", "r"], "minutes must be at least"),
        ([], "over must name at least one field"),
    ],
)
def test_what_is_refused_is_told_in_a_sentence(command, arguments, words):
    done = command("search", *arguments)
    assert done.status == 2
    assert words in done.err
