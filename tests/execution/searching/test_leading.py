"""Leading: rounds are halved, what is best is confirmed, and the minutes are kept."""

from datetime import timedelta

import pytest
from searches import Simulated, planned, reached, submit

from peft_demo.comparison.search import search_facts
from peft_demo.execution.searching import leading
from peft_demo.runs import GroupKind, RunStatus
from peft_demo.runs.search import loss_at, recommended, same_settings

pytestmark = pytest.mark.slow

FEW = {"r": [1, 2], "learning_rate": [1e-3]}
"""Two candidates beside the recommended preset."""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A search that went as planned, and its store; nobody may change it."""
    from peft_demo.storage import Store

    store = Store(tmp_path_factory.mktemp("search"))
    simulated = Simulated(
        store, wrong=lambda config: 40 if "recommended" in config.name else config.seed % 3
    )
    group_id = submit(store, planned(store, 5, over="learning_rate", among={"r": [1, 2]}))
    search = simulated.run(group_id)
    yield store, group_id, search, simulated
    store.close()


def test_half_of_a_round_goes_on_at_each_rung(done):
    store, _, search, _ = done
    assert search.rungs == (1, 2, 4)
    for number, trials in enumerate(search.rounds):
        assert reached(store, search, number, 1) == list(trials)
        for before, rung in ((1, 2), (2, 4)):
            able = [store.get(i) for i in reached(store, search, number, before)]
            best = sorted(able, key=lambda run: loss_at(run, before))
            best = best[: max(1, len(able) // 2)]
            went_on = reached(store, search, number, rung)
            assert sorted(went_on) == sorted(run.run_id for run in best)


def test_a_trial_goes_on_from_its_checkpoint(done):
    _, _, search, simulated = done
    parts = [epochs for run_id, epochs in simulated.seen if run_id == search.rounds[0][0]]
    whole = [epoch for part in parts for epoch in part]
    assert whole == list(range(1, len(whole) + 1))
    assert {epochs for _, epochs in simulated.seen} == {(1,), (2,), (3, 4)}


def test_the_recommended_preset_is_the_first_trial(done):
    store, _, search, _ = done
    first = store.get(search.rounds[0][0]).config
    assert same_settings(first, recommended(search.base))


def test_later_rounds_look_where_the_loss_was_low(done):
    store, _, search, _ = done
    assert len(search.rounds) > 2

    def gap(number):
        rates = [store.get(i).config.learning_rate for i in search.rounds[number]]
        return sorted(abs(rate - 4e-3) for rate in rates)[len(rates) // 2]

    assert gap(-1) < gap(0)


def test_the_best_and_the_preset_are_confirmed_with_new_seeds_on_tested_reviews(done):
    store, group_id, search, _ = done
    group, runs = store.group(search.confirmation)
    assert group.kind is GroupKind.CONFIRMATION
    assert all(run.status is RunStatus.COMPLETED and run.result for run in runs)
    assert len(runs) == search.expected.num_confirmed
    assert search.base.seed not in {run.config.seed for run in runs}
    trials = store.group(group_id)[1]
    assert all(run.result is None for run in trials)  # no trial has looked at a test review
    best = min((run for run in trials if len(run.epochs) == 4), key=lambda run: loss_at(run, 4))
    # Seed by seed: of what is cut off, as many seeds of each are done.
    assert same_settings(runs[0].config, recommended(search.base))
    assert same_settings(runs[1].config, best.config)
    assert runs[0].config.seed == runs[1].config.seed


def test_the_sentence_says_what_is_shown(done):
    store, group_id, _, _ = done
    found = search_facts(store, group_id, measure=lambda config: {})
    assert (found.phase, found.shown) == ("over", "better")
    assert found.verdict[0].startswith("The winner of the search, LoRA · ")
    assert "is shown to be better than the recommended preset" in found.verdict[0]
    assert any("never looked at" in sentence for sentence in found.verdict)
    trials = {trial.run_id: trial for trial in found.trials}
    frontier = found.pareto.frontiers["accuracy|num_adapter_parameters"]
    top = max(trials.values(), key=lambda trial: trial.eval_accuracy)
    assert any(trials[i].eval_accuracy == top.eval_accuracy for i in frontier)
    assert found.trials[0].is_recommended
    assert {trial.outcome for trial in found.trials} == {"out", "finished"}


def test_checkpoints_of_a_search_that_is_over_are_gone(done):
    store, _, search, _ = done
    files = (store.partial_folder_of(i) for trials in search.rounds for i in trials)
    assert not any((path / "checkpoints").exists() for path in files)


@pytest.mark.parametrize(
    ("preset", "winner", "shown"),
    [(4, 60, "worse"), (20, 20, "equal"), (28, 20, "neither")],
)
def test_worse_practically_equal_or_neither(store, preset, winner, shown):
    def wrong(config):
        if "recommended" in config.name:
            return preset + (20 if shown == "neither" else 1) * (config.seed % 2)
        return winner + (config.seed + 1) % 2

    group_id = submit(store, planned(store, 8, over=[], among=FEW))
    Simulated(store, wrong=wrong).run(group_id)
    found = search_facts(store, group_id, measure=lambda config: {})
    assert found.shown == shown
    assert {"worse": "shown to be better than the winner", "equal": "practically equal"}.get(
        shown, "neither to be better"
    ) in " ".join(found.verdict)


def test_a_preset_that_nothing_beats_is_not_said_to_be_beaten(store):
    group_id = submit(store, planned(store, 8, over=[], among=FEW))
    loss = lambda config, epoch: 0.1 if "recommended" in config.name else 0.5 / epoch  # noqa: E731
    Simulated(store, loss, wrong=lambda config: 20 + config.seed % 3).run(group_id)
    found = search_facts(store, group_id, measure=lambda config: {})
    assert found.verdict[0].startswith("The search found nothing with a lower validation loss")
    assert "of the search, LoRA · " in found.verdict[1]


def test_what_cannot_be_tested_says_why(store):
    group_id = submit(store, planned(store, 8, over=[], among=FEW))
    Simulated(store, wrong=lambda config: 9 if "recommended" in config.name else 3).run(group_id)
    found = search_facts(store, group_id, measure=lambda config: {})
    assert found.shown is None
    assert "too few repeats to tell" in found.verdict[0]


def test_the_same_seed_gives_the_same_search(store):
    tried = []
    for _ in range(2):
        group_id = submit(store, planned(store, minutes=2))
        Simulated(store).run(group_id)
        tried.append([run.config.flat() for run in store.group(group_id)[1]])
    assert tried[0] == tried[1]
    other = submit(store, planned(store, minutes=2, values={"seed": 1}))
    assert [run.config.flat() for run in store.group(other)[1]] != tried[0][
        : len(store.group(other)[1])
    ]


def test_another_program_goes_on_with_it_to_the_same_trials(store):
    first = submit(store, planned(store, minutes=2))
    Simulated(store).run(first)
    group_id = submit(store, planned(store, minutes=2))
    broken = Simulated(store)
    for _ in range(3):
        broken.step(group_id)
    running = store.claim(group_id)
    store.finish(running.run_id, RunStatus.INTERRUPTED, error="The program was ended.")
    assert not Simulated(store).leading._leads(group_id)  # as long as the other one leads
    broken.leading.close()
    other = Simulated(store)
    other.now = broken.now
    other.run(group_id)
    names = [[run.config.flat() for run in store.group(each)[1]] for each in (first, group_id)]
    assert names[0] == names[1]


class TestMinutes:
    @pytest.mark.parametrize("start", [0.2, 1])
    def test_where_a_run_takes_what_is_expected_the_estimate_is_kept(self, store, start):
        search = planned(store, 3)
        group_id, simulated = submit(store, search), Simulated(store, start=start)
        over = simulated.run(group_id)
        expected, tried = search.expected, len(store.group(group_id)[1])
        assert expected.num_trials <= tried <= expected.most_trials
        assert len(store.group(over.confirmation)[1]) == expected.num_confirmed
        assert (over.why, over.left(simulated.now) >= 0) == ("", True)

    @pytest.mark.parametrize(("minutes", "start", "pace"), [(2.5, 0.3, 0.6), (4, 1, 2.5)])
    def test_its_own_trials_say_how_fast_the_machine_is(self, store, minutes, start, pace):
        search = planned(store, minutes)
        group_id, simulated = submit(store, search), Simulated(store, start=start, pace=pace)
        over = simulated.run(group_id)
        assert (over.why, over.left(simulated.now) >= 0) == ("", True)
        tried, confirmed = store.group(group_id)[1], store.group(over.confirmation)[1]
        assert (len(tried) > search.expected.most_trials) == (pace < 1)
        assert all(run.result for run in confirmed)
        # Little is left over.
        assert over.left(simulated.now) < 0.25 * 60 * minutes

    def began(self, simulated, group_id, seconds):
        """So long after it has begun."""
        began = simulated.store.search(group_id).began_at
        simulated.now = began + timedelta(seconds=seconds)

    def test_what_runs_is_stopped_where_the_confirmation_needs_the_rest(self, store):
        group_id = submit(store, planned(store, minutes=10))
        simulated = Simulated(store)
        for _ in range(10):
            simulated.step(group_id)
        running = store.claim(group_id)
        self.began(simulated, group_id, 600 - 200)
        simulated.look()
        assert store.stop_requested(running.run_id)
        assert not any(run.status is RunStatus.QUEUED for run in store.group(group_id)[1])
        store.finish(running.run_id, RunStatus.CANCELLED)
        simulated.look()
        search = store.search(group_id)
        assert search.confirmation
        # Less time is left for it than was planned.
        assert len(store.group(search.confirmation)[1]) < search.expected.num_confirmed

    def test_at_the_end_what_runs_is_stopped_and_counts_for_nothing(self, store):
        group_id = submit(store, planned(store, minutes=2))
        simulated = Simulated(store)
        while not store.search(group_id).confirmation:
            simulated.step(group_id)
        running = store.claim(store.search(group_id).confirmation)
        store.report(running.run_id, epoch=store.group(group_id)[1][0].epochs[0])
        self.began(simulated, group_id, 120 - leading.ENDING_SECONDS - 0.5)
        simulated.look()
        assert not store.stop_requested(running.run_id)
        self.began(simulated, group_id, 120 - leading.ENDING_SECONDS)
        simulated.look()
        assert store.stop_requested(running.run_id)
        assert not any(run.status is RunStatus.QUEUED for run in store.runs())
        assert store.search(group_id).ended_at is None
        self.began(simulated, group_id, 120)
        simulated.look()  # though it is still in its last step
        found = search_facts(store, group_id, measure=lambda config: {})
        assert (found.phase, found.shown) == ("over", None)
        assert "too few of their runs were finished in time" in " ".join(found.verdict)

    def test_one_that_nobody_led_until_its_end_says_so(self, store):
        group_id = submit(store, planned(store, minutes=2))
        simulated = Simulated(store)
        for _ in range(5):
            simulated.step(group_id)
        self.began(simulated, group_id, 10_000)
        for _ in range(3):
            simulated.look()
        search = store.search(group_id)
        assert search.ended_at
        assert search.why == "No time was left to confirm what it found."
        assert search.left(search.ended_at) == 0


class TestStopped:
    def test_a_trial_that_a_person_stops_is_out(self, store):
        group_id = submit(store, planned(store, minutes=2))
        first = store.search(group_id).rounds[0][0]
        store.request_stop(first)
        search = Simulated(store).run(group_id)
        assert first not in reached(store, search, 0, 1)
        assert search.confirmation

    def test_stopping_all_of_them_ends_it(self, store):
        group_id = submit(store, planned(store, minutes=2))
        assert store.request_stops("me") == len(store.search(group_id).rounds[0])
        search = Simulated(store).run(group_id)
        assert (search.why, search.confirmation) == (leading.STOPPED, None)

    def test_trials_that_all_fail_end_it_with_their_reason(self, store):
        group_id = submit(store, planned(store, minutes=2))
        while run := store.claim(group_id):
            store.finish(run.run_id, RunStatus.FAILED, error="The disk is full.")
        search = Simulated(store).run(group_id)
        assert "could be trained: The disk is full." in search.why


def test_a_space_that_is_used_up_is_confirmed_at_once(store):
    group_id = submit(store, planned(store, over=[], among=FEW))
    search = Simulated(store).run(group_id)
    assert len(store.group(group_id)[1]) == 3  # both, and the recommended preset
    assert len({run.config.summary for run in store.group(search.confirmation)[1]}) == 3
