"""Whose turn it is."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_runs import small_config

from peft_demo.errors import ConflictError
from peft_demo.runs import RunStatus
from peft_demo.storage import Store
from peft_demo.storage.turns import in_turn

OWNERS = st.sampled_from("abcde")


def test_owners_take_turns_and_then_the_oldest_is_first():
    waiting = [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "c"), (6, "b")]
    assert in_turn(waiting, {}) == [1, 4, 5, 2, 6, 3]


def test_who_began_longest_ago_is_first():
    assert in_turn([(1, "a"), (2, "b"), (3, "c")], {"a": "10:00", "b": "09:00"}) == [3, 2, 1]


@given(st.lists(st.one_of(OWNERS, st.none()), max_size=40))
def test_nobody_waits_for_two_runs_of_another(events):
    """One slot: an owner queues a run, or (None) the next begins."""
    waiting: list[tuple[int, str]] = []
    began: dict[str, str] = {}
    since: dict[str, list[str]] = {}  # owners whose runs began while an owner's first run waited
    for clock, event in enumerate(events):
        if event is not None:
            if not any(owner == event for _, owner in waiting):
                since[event] = []
            waiting.append((clock, event))
        elif waiting:
            head = in_turn(waiting, began)[0]
            owner = dict(waiting)[head]
            waiting = [each for each in waiting if each[0] != head]
            began[owner] = f"{clock:06}"
            since[owner] = []
            for other in {each for _, each in waiting} - {owner}:
                since[other].append(owner)
                assert since[other].count(owner) == 1


@given(st.lists(OWNERS, min_size=1, max_size=30), st.dictionaries(OWNERS, st.sampled_from("123")))
def test_the_order_that_is_told_is_the_one_that_comes(owners, began):
    waiting = list(enumerate(owners))
    told = in_turn(waiting, began)
    came = []
    left = deque(waiting)
    while left:
        head = in_turn(left, began)[0]
        began = {**began, dict(left)[head]: f"9{len(came):06}"}
        left = deque(each for each in left if each[0] != head)
        came.append(head)
    assert came == told


def test_the_store_claims_and_tells_places_by_it(store):
    ids = [store.submit(small_config(seed=n), owner).run_id for n, owner in enumerate("aaab")]
    first, second, third, other = ids
    places = {run.run_id: run.queue_position for run in store.runs()}
    assert places == {first: 1, other: 2, second: 3, third: 4}
    assert store.get(other).queue_position == 2
    claimed = []
    while (run := store.claim()) is not None:
        claimed.append(run.run_id)
        store.finish(run.run_id, RunStatus.CANCELLED)
    assert claimed == [first, other, second, third]


def test_a_teacher_puts_runs_before_all_others(store):
    ids = [store.submit(small_config(seed=n), owner).run_id for n, owner in enumerate("aaabb")]
    store.move_first(ids[4])
    store.move_first(ids[2], ids[1])
    told = [run_id for run_id, _ in store.queue()]
    # The other two by whose turn was longer ago: a's.
    assert told == [ids[1], ids[2], ids[4], ids[0], ids[3]]
    claimed = []
    while (run := store.claim()) is not None:
        claimed.append(run.run_id)
    assert claimed == told
    with pytest.raises(ConflictError, match=f"{ids[0]} is running"):
        store.move_first(ids[0])


def test_a_paused_queue_gives_no_server_a_run(store, tmp_path):
    run_id = store.submit(small_config(), "a").run_id
    store.decide(is_paused=True)
    other = Store(store.folder)
    assert other.claim() is None
    assert other.classroom().is_paused
    other.decide(is_paused=False)
    other.close()
    assert store.claim().run_id == run_id


def test_whose_turn_it_is_begins_whatever_was_put_first_and_began_before(store):
    """A claim looks for the head alone, and finds what the whole queue has there."""
    for seed, owner in enumerate("abcabdcaab"):
        store.submit(small_config(seed=seed), owner)
    store.move_first("run-000009")
    store.move_first("run-000004", "run-000007")
    began = []
    while queue := store.queue():
        began.append(store.claim().run_id)
        assert began[-1] == queue[0][0]
        if len(began) == 4:
            store.submit(small_config(seed=99), "e")
    assert began[:3] == ["run-000004", "run-000007", "run-000009"]
    assert len(began) == len({*began}) == 11
    assert store.claim() is None
