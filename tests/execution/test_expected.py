"""When waiting runs begin: told against what a simulated class comes to."""

import heapq

import pytest
from compared_runs import finished
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import small_config

from peft_demo.execution import Engine
from peft_demo.execution.expected import expected_starts, starts
from peft_demo.runs import EpochMetrics, GroupKind, Progress
from peft_demo.runs.durations import Durations
from peft_demo.runs.sweeps import Plan
from peft_demo.storage.turns import in_turn

SECONDS = st.floats(5, 600)
RUNS = st.lists(st.tuples(st.sampled_from("abcdefgh"), SECONDS), min_size=1, max_size=60)


def simulated(waiting, began, going, slots, pace):
    """When each run really begins: an event at a time, whose turn it is asked anew each time."""
    left, clock, begins = dict(enumerate(waiting)), 0.0, {}
    busy = [seconds * pace() for seconds in going]
    heapq.heapify(busy)
    while left:
        if len(busy) == slots:
            clock = heapq.heappop(busy)
        number = in_turn([(n, owner) for n, (owner, _) in left.items()], began)[0]
        owner, seconds = left.pop(number)
        began = {**began, owner: f"{len(begins):06}"}
        begins[number] = clock
        heapq.heappush(busy, clock + seconds * pace())
    return begins


@settings(max_examples=150, deadline=None)
@given(RUNS, st.integers(1, 8), st.data())
@pytest.mark.slow
def test_what_is_told_is_within_a_quarter_of_what_comes(waiting, slots, data):
    """Owners, times and workers by chance; each run takes what was forecast, or up to 20 % off."""
    going = data.draw(st.lists(SECONDS, max_size=slots))
    off = data.draw(st.sampled_from([0.0, 0.2]))
    random = data.draw(st.randoms(use_true_random=False))
    numbered = [(number, owner) for number, (owner, _) in enumerate(waiting)]
    queue = [(str(n), waiting[n][1]) for n in in_turn(numbered, {})]
    told = starts(queue, going, slots)
    came = simulated(waiting, {}, going, slots, lambda: random.uniform(1 - off, 1 + off))
    assert told.keys() == {str(number) for number in came}
    for number, begin in came.items():
        assert told[str(number)] == pytest.approx(begin, rel=0.25 if off else 1e-9, abs=1e-6)


def test_behind_a_run_of_unknown_length_nothing_is_told():
    assert starts([("a", 5.0), ("b", None), ("c", 5.0)], [10.0], 1) == {"a": 10.0, "b": 15.0}
    assert starts([("a", None), ("b", 5.0)], [None, 3.0], 2) == {"a": 3.0}
    assert starts([("a", None), ("b", 5.0), ("c", 1.0)], [], 2) == {"a": 0.0, "b": 0.0, "c": 5.0}


def test_a_stores_queue_is_told_by_its_own_runs(store):
    assert expected_starts(store, 1) == {}
    first = store.submit(small_config(), "a").run_id
    second = store.submit(small_config(num_train_epochs=6), "b").run_id
    store.claim()
    # Nothing like it was ever trained here, and the reference runs are of another machine.
    assert expected_starts(store, 1) == {}
    epoch = EpochMetrics(
        epoch=1, step=4, train_loss=0.6, eval_loss=0.6, eval_accuracy=0.5, seconds=10.0
    )
    store.report(first, Progress(step=4, max_steps=12), epoch=epoch)
    told = expected_starts(store, 1)
    third = store.submit(small_config(), "c").run_id
    # Two of three epochs are left, and then its test.
    assert 20.0 < told[second] < 150.0
    later = expected_starts(store, 1)
    assert later[second] == told[second]
    assert later[third] > told[second] + 60.0
    assert expected_starts(store, 2)[second] == 0.0


def test_nobody_waits_for_runs_that_are_computed_elsewhere(store):
    done = finished(store, "known", config={"method": "lora"})
    for owner in ("rich", "rich", "a", "b"):
        store.submit(done.config, owner)
    store.claim()
    before = expected_starts(store, 1)
    own = {run_id for run_id, owner in store.queue() if owner == "rich"}
    told = expected_starts(store, 1, {"rich"})
    assert own
    assert told.keys() == before.keys() - own
    assert [*told.values()] == pytest.approx([0.0, 12.0])
    assert max(before.values()) == pytest.approx(36.0)


def test_runs_of_a_race_share_a_slot(store):
    done = finished(store, "known", config={"method": "lora"})
    cost = Durations(store.runs()).left(done.model_copy(update={"status": "queued", "epochs": ()}))
    assert cost == pytest.approx(12.0)
    configs = tuple(done.config.model_copy(update={"seed": seed}) for seed in (1, 2))
    group, _ = store.submit_plan(Plan(GroupKind.SWEEP, "race", configs, is_race=True), "a")
    waiting = store.submit(done.config, "b").run_id
    while store.claim(group.group_id):
        pass
    assert expected_starts(store, 1)[waiting] == pytest.approx(24.0)
    assert expected_starts(store, 1).keys() == {waiting}


def test_a_race_takes_its_turns_with_others(store):
    """One person's runs begin one after another while another's wait."""
    configs = tuple(small_config(seed=seed) for seed in (1, 2, 3))
    engine = Engine(store)
    store.submit_plan(Plan(GroupKind.SWEEP, "race", configs, is_race=True), "a")
    other = store.submit(small_config(), "b").run_id
    assert len(engine._batch_of(store.claim(), 1)) == 1
    assert store.claim().run_id == other
    assert len(engine._batch_of(store.claim(), 1)) == 2
