"""A run beside its neighbour, in one setting and by more or less than luck."""

from compared_runs import finished

from peft_demo.comparison.diagnosis import diagnose
from peft_demo.comparison.neighbours import beside_neighbour


def told(store, run):
    return " ".join(beside_neighbour(run, store.runs()))


def test_less_than_the_test_leaves_open(store):
    finished(store, "Narrow", range(22), config={"r": 4})
    run = finished(store, "Wide", range(20), config={"r": 64})
    assert told(store, run) == (
        "Differs from Narrow (Rank r 64 instead of 4) by 1.0 points, and 200 test texts leave ± 4.2"
        " points open: repeats with other seeds would tell more."
    )
    assert diagnose(run, store.runs()).words.endswith("would tell more.")
    assert "Narrow" not in diagnose(run).words


def test_less_than_the_seed_alone_does(store):
    finished(store, "Narrow", range(22), config={"r": 4})
    run = finished(store, "Wide", range(20), config={"r": 64})
    finished(store, "Wide again", range(26), config={"r": 64, "seed": 7})
    assert "less than the seed alone does: 2 repeats lie 3.0 points apart" in told(store, run)


def test_more_than_the_seed_says_nothing_though_the_test_would_leave_it_open(store):
    finished(store, "Narrow", range(24), config={"r": 4})
    run = finished(store, "Wide", range(20), config={"r": 64})
    finished(store, "Wide again", range(21), config={"r": 64, "seed": 7})
    assert told(store, run) == ""


def test_equal_ones_differ_by_nothing(store):
    finished(store, "Narrow", range(20), config={"r": 4})
    assert "by nothing," in told(store, finished(store, "Wide", range(20), config={"r": 64}))


def test_the_latest_that_differs_in_one_setting_is_the_neighbour(store):
    for name, config in {
        "Two settings": {"r": 4, "lora_alpha": 64},
        "Longer": {"r": 4, "max_length": 32},
        "Earlier": {"r": 8},
        "Later": {"r": 4},
    }.items():
        finished(store, name, range(20), config=config)
    finished(store, "Repeat", range(30), config={"r": 64, "seed": 1})
    finished(store, "Other texts", range(20), config={"r": 4}, test_set="others")
    run = finished(store, "Wide", range(20), config={"r": 64})
    assert told(store, run).startswith("Differs from Later (Rank r 64 instead of 4)")


def test_without_a_neighbour_nothing_is_said(store):
    finished(store, "Two settings", range(20), config={"r": 4, "lora_alpha": 64})
    assert told(store, finished(store, "Wide", range(20), config={"r": 64})) == ""
