"""Watch my review: what is watched, by whom, and which runs are asked about it."""

import json

import pytest
from asking import ask
from small_runs import small_config

from peft_demo.comparison.curves import PROBE, probed, run_curves
from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import BeforeTraining, EpochMetrics, GroupKind, RunKind
from peft_demo.runs.sweeps import Plan
from peft_demo.ui.identity import acting_as
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.visitors import Visitor
from peft_demo.ui.watching import Watching

ME, OTHER = "a" * 32, "b" * 32


def watch(services, review, is_watched=True):
    return json.loads(
        ask(Watching(services), "watch", {"review": review, "is_watched": is_watched})
    )


class TestChoice:
    def test_is_each_persons_own_and_at_most_five(self, services):
        with acting_as(Visitor(ME)):
            for n in range(5):
                html = watch(services, f"Film <b>{n}</b>")["html"]
            assert "Film &lt;b&gt;0&lt;/b&gt;" in html
            assert "Watch this review" not in html  # it is
            refused = watch(services, "A sixth")["html"]
            assert "probes must be a list of at most 5 texts, got 6." in refused
            assert "Watch this review" in refused
            watch(services, "Film <b>0</b>", is_watched=False)
            assert services.changes.watched() == tuple(f"Film <b>{n}</b>" for n in range(1, 5))
        with acting_as(Visitor(OTHER)):
            assert services.changes.watched() == ()

    def test_a_nickname_and_what_is_watched_stay_beside_each_other(self, store):
        store.watch(ME, ["A film.", " A  film. "])
        store.call(ME, "Ada")
        store.watch(ME, [*store.watched(ME), "Another."])
        assert (store.watched(ME), store.name_of(ME)) == (("A film.", "Another."), "Ada")

    @pytest.mark.parametrize("probes", ["a text", [1], [""], [str(n) for n in range(6)]])
    def test_what_is_none_is_refused(self, store, probes):
        with pytest.raises(InvalidFieldsError):
            store.watch(ME, probes)
        assert store.watched(ME) == ()


def test_runs_are_asked_about_what_their_owner_watched_when_they_were_queued(store):
    before = store.submit(small_config(), ME)
    store.watch(ME, ["A film."])
    after = store.submit(small_config(), ME)
    _, repeated = store.submit_plan(
        Plan(GroupKind.REPEATS, "two", [small_config(seed=n) for n in range(2)], {}), ME
    )
    store.watch(ME, [])
    others = store.submit(small_config(), OTHER)
    tested = store.submit(small_config(), ME, RunKind.RANGE_TEST)
    asked = [store.get(run.run_id).probes for run in (before, after, *repeated, others, tested)]
    assert asked == [(), *[("A film.",)] * 3, (), ()]


def test_it_is_drawn_from_before_the_training_on_and_told_in_the_details(services):
    store = services.store
    store.watch(ME, ["A <i>film</i>."])
    run = store.start(small_config(), ME)
    rest = {"eval_loss": 0.6, "eval_accuracy": 0.5}
    store.report(run.run_id, epoch=BeforeTraining(**rest, probes=[[0.5, 0.5]]))
    first = EpochMetrics(epoch=1, step=4, train_loss=1, seconds=1, **rest, probes=[[0.25, 0.75]])
    store.report(run.run_id, epoch=first)
    run = store.get(run.run_id)
    column = run_curves(run, ())["by_epoch"][f"{PROBE}positive: A <i>film</i>."]
    assert column == [0.5, 0.75]
    assert probed(run) == ([0, 1], {"positive: A <i>film</i>.": [0.5, 0.75]})
    dialog = json.loads(RunsPage(services).details(run.run_id))["dialog"]
    assert "positive: A &lt;i&gt;film&lt;/i&gt;." in dialog
    assert "75.0" in dialog
