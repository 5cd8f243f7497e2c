"""Searches through the page's room: who may, and how much."""

import pytest

from peft_demo.errors import ConflictError, InvalidFieldsError, NotAllowedError
from peft_demo.runs import RunStatus
from peft_demo.storage import Store
from peft_demo.ui.identity import Visitor, acting_as

pytestmark = pytest.mark.slow

ME, OTHER = Visitor("0123456789abcdef" * 2), Visitor("b" * 32)

VALUES = {"method": "lora", "num_reviews": 40, "max_length": 16, "num_train_epochs": 2}


@pytest.fixture
def search(services):
    """One that fits into two minutes by the reference runs' pace."""
    with acting_as(ME):
        return services.plan_search(VALUES, minutes=2, over=["r"])


def test_its_first_round_waits_as_a_group_of_ones_own(services, search):
    with acting_as(ME):
        group, runs = services.changes.submit_search(search)
    assert {run.owner for run in runs} == {ME.owner}
    assert {run.status for run in runs} == {RunStatus.QUEUED}
    assert len(runs) == search.expected.round_sizes[0]
    assert group.is_race
    assert Store(services.store.folder).search(group.group_id).rounds == (
        tuple(run.run_id for run in runs),
    )


def test_only_its_owner_stops_it(services, search):
    with acting_as(ME):
        group, _ = services.changes.submit_search(search)
    with acting_as(OTHER), pytest.raises(NotAllowedError, match="group-000001 belongs to guest"):
        services.changes.stop_search(group.group_id)
    with acting_as(ME):
        services.changes.stop_search(group.group_id)
    assert services.store.search(group.group_id).why == "It was stopped."
    assert {run.status for run in services.store.group(group.group_id)[1]} == {RunStatus.CANCELLED}


class TestLimitsOfAClass:
    def test_its_minutes_count_with_what_waits(self, services, search):
        services.store.decide(limits={"minutes": 3})
        with acting_as(ME):
            services.changes.submit_search(search)
            with pytest.raises(InvalidFieldsError, match=r"within 3 min .* got 2") as caught:
                services.changes.submit_search(search)
        assert list(caught.value.problems) == ["minutes"]

    def test_as_many_wait_at_once_as_may(self, services, search):
        services.store.decide(limits={"waiting": 4})
        with acting_as(ME):
            with pytest.raises(ConflictError, match="At most 4 runs of one person may wait"):
                services.changes.submit_search(search)
            fitting = services.plan_search(VALUES, minutes=2, over=["r"])
            _, runs = services.changes.submit_search(fitting)
        assert len(runs) <= 4

    @pytest.mark.parametrize(
        ("limits", "field"),
        [({"epochs": 1}, "num_train_epochs"), ({"tokens": 12}, "max_length")],
    )
    def test_its_runs_are_no_larger_than_runs_may_be(self, services, search, limits, field):
        services.store.decide(limits=limits)
        with acting_as(ME), pytest.raises(InvalidFieldsError) as caught:
            services.changes.submit_search(search)
        assert list(caught.value.problems) == [field]

    def test_lengths_that_it_may_choose_count_too(self, services):
        services.store.decide(limits={"tokens": 50})
        with acting_as(ME):
            found = services.plan_search(VALUES, minutes=60, over=["max_length"])
            with pytest.raises(InvalidFieldsError, match="max_length must be at most 50"):
                services.changes.submit_search(found)
