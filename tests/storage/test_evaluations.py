"""A finished run has evaluations on any number of sets; the test reviews are the first."""

import pytest
from small_runs import small_config
from stored_runs import RESULT, purge_now

from peft_demo import settings
from peft_demo.errors import ConflictError, NotFoundError
from peft_demo.runs import Evaluation, RunStatus
from peft_demo.storage import Store

NEGATION = Evaluation(
    evaluation_set="negation",
    fingerprint="def",
    num_texts=40,
    accuracy=0.75,
    low=0.6,
    high=0.86,
    loss=0.5,
)


@pytest.fixture
def run_id(store) -> str:
    run = store.start(small_config(), "me")
    return store.finish(run.run_id, RunStatus.COMPLETED, result=RESULT).run_id


def test_the_first_is_that_on_the_test_reviews(store, run_id):
    (test,) = store.evaluations(run_id)
    assert (test.evaluation_set, test.fingerprint, test.num_texts) == ("test", "abc", 50)
    assert (test.accuracy, test.low, test.high, test.loss) == (0.5, 0.4, 0.6, 0.7)


def test_others_come_after_it_and_survive_reopening(store, home, run_id):
    seen = store.version
    other = NEGATION.model_copy(update={"evaluation_set": "my-own_2"})
    store.add_evaluation(run_id, other)
    store.add_evaluation(run_id, NEGATION)
    assert [run.run_id for run in store.runs(seen)] == [run_id]
    again = Store(home)
    assert again.evaluations(run_id) == [RESULT.evaluation, other, NEGATION]
    again.close()


def test_a_later_one_on_the_same_set_takes_its_place(store, run_id):
    better = NEGATION.model_copy(update={"accuracy": 0.8})
    store.add_evaluation(run_id, NEGATION)
    store.add_evaluation(run_id, better)
    assert store.evaluations(run_id) == [RESULT.evaluation, better]


def test_a_run_that_has_not_finished_has_none(store):
    assert store.evaluations(store.submit(small_config(), "me").run_id) == []


def test_the_test_reviews_belong_to_the_result(store, run_id):
    with pytest.raises(ValueError, match="test set"):
        store.add_evaluation(run_id, RESULT.evaluation)


def test_a_reference_has_its_own_and_takes_no_other(home):
    opened = Store(home, settings.ADAPTERS)
    (test,) = opened.evaluations("reference-lora-1")
    assert test.evaluation_set == "test"
    with pytest.raises(ConflictError, match="cannot be changed"):
        opened.add_evaluation("reference-lora-1", NEGATION)
    opened.close()


def test_a_run_that_is_not_there_is_a_sentence(store):
    with pytest.raises(NotFoundError):
        store.evaluations("run-000009")
    with pytest.raises(NotFoundError):
        store.add_evaluation("run-000009", NEGATION)


def test_go_for_good_with_their_run(store, run_id):
    store.add_evaluation(run_id, NEGATION)
    store.delete(run_id)
    purge_now(store)
    with store._transaction(write=False) as session:
        assert session.connection().exec_driver_sql("SELECT * FROM evaluation").all() == []
