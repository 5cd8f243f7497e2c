"""Whose own texts may be seen, used and deleted by whom, and how many one may keep."""

import pytest
from own_texts import as_csv, prepared, rows
from small_runs import small_config

from peft_demo.errors import ConflictError, NotAllowedError, NotFoundError
from peft_demo.runs import RunConfig
from peft_demo.ui.identity import NOBODY, Visitor, acting_as
from peft_demo.ui.own_data import OwnData

ADA, BOB = Visitor("a" * 32), Visitor("b" * 32)

MINE = prepared(as_csv(rows()), name="Mine")
OTHER = prepared(as_csv(rows(("x", "y"))), name="Other")


@pytest.fixture
def data(services) -> OwnData:
    own_data = OwnData(services)
    with acting_as(ADA):
        own_data.keep(MINE)
    return own_data


def test_others_see_and_use_but_do_not_delete_them(services, data):
    with acting_as(BOB):
        (told,) = data.told()
        assert (told["dataset"], told["is_own"]) == (MINE.id, False)
        assert BOB.owner not in str(told)
        assert ADA.owner not in str(told)
        assert data.report(MINE.id) == MINE.report
        assert services.changes.submit(RunConfig(dataset=MINE.id)).config.dataset == MINE.id
        with pytest.raises(NotAllowedError, match="may not delete it"):
            services.changes.remove_dataset(MINE.id)
    with acting_as(ADA):
        services.changes.remove_dataset(MINE.id)
        assert data.told() == []


def test_where_the_host_hides_them_others_know_nothing_of_them(services, data, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_DATA_OF_OTHERS", "hidden")
    with acting_as(BOB):
        assert data.told() == []
        for ask in (
            lambda: data.report(MINE.id),
            lambda: services.changes.remove_dataset(MINE.id),
            lambda: data.evaluate("run-000001", MINE.id),
        ):
            with pytest.raises(NotFoundError, match="data must be the id of a data set"):
                ask()
        with pytest.raises(NotFoundError, match="dataset must be the id of a data set"):
            services.changes.submit(RunConfig(dataset=MINE.id))
    with acting_as(ADA):
        assert len(data.told()) == 1
    assert len(data.told()) == 1  # the machine's owner is the teacher


def test_what_one_does_not_list_others_do_not_see(data):
    with acting_as(ADA):
        data.keep(OTHER, is_listed=False)
        assert len(data.told()) == 2
    with acting_as(BOB):
        assert [one["name"] for one in data.told()] == ["Mine"]


def test_the_same_texts_of_two_are_shown_once_as_ones_own(data):
    with acting_as(BOB):
        data.keep(MINE)
        (told,) = data.told()
        assert told["is_own"]


def test_who_is_not_known_keeps_nothing(data):
    with acting_as(NOBODY), pytest.raises(NotAllowedError, match="does not know who asks"):
        data.keep(OTHER)


def test_one_person_keeps_so_many(data, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_MOST_DATA", "1")
    with acting_as(ADA):
        with pytest.raises(ConflictError, match="At most 1 data sets of one person are kept"):
            data.keep(OTHER)
        data.keep(MINE)  # the same again takes no room
    with acting_as(BOB):
        data.keep(OTHER)


def test_a_run_of_anothers_is_not_tested(services, data):
    with acting_as(ADA):
        run = services.changes.submit(small_config())
    with acting_as(BOB), pytest.raises(NotAllowedError, match="may not evaluate it"):
        data.evaluate(run.run_id, "rotten_tomatoes")
