"""Inside finished runs: computed once and kept, and refused where there is nothing to look into."""

import json

import pytest

from peft_demo.errors import ConflictError, InvalidFieldsError, NotFoundError
from peft_demo.inference import Insides, Predictor, inside
from peft_demo.runs.inside import Between, Inside


@pytest.fixture
def looking(trained, tmp_path):
    """Opens the store of some trained runs anew, as after a restart."""
    opened = []

    def look(*methods):
        store = trained.copy(tmp_path / f"home-{len(opened)}", *methods)
        opened.append(store)
        return store, Insides(store, Predictor(store))

    yield look
    for store in opened:
        store.close()


def test_is_computed_once_and_kept(looking, trained, monkeypatch):
    store, insides = looking("lora")
    (run_id,) = trained.ids("lora")
    found = insides.of(run_id)
    assert found.rank == 8
    assert {change.module for change in found.modules} == {
        "attention.q_lin",
        "attention.v_lin",
        "ffn.lin1",
    }
    assert all(change.norm > 0 for change in found.modules if change.block != 5)
    monkeypatch.setattr(inside.inside, "changes", lambda *_: pytest.fail("computed again"))
    assert Insides(store, Predictor(store)).of(run_id) == found


def test_what_is_damaged_or_of_another_time_is_computed_again(looking, trained, monkeypatch):
    store, insides = looking("lora")
    (run_id,) = trained.ids("lora")
    found, path = insides.of(run_id), store.folder_of(run_id) / "inside.json"
    computed = iter([found.modules] * 3)
    monkeypatch.setattr(inside.inside, "changes", lambda *_: next(computed))
    kept = json.loads(path.read_text())
    for wrong in ("{", json.dumps({**kept, "keys": {}}), json.dumps({**kept, "found": {}})):
        path.write_text(wrong)
        assert insides.of(run_id) == found
        assert json.loads(path.read_text()) == kept
    assert not [*computed]


def test_a_reference_run_is_kept_beside_the_database(home):
    from peft_demo import settings
    from peft_demo.storage import Store

    store = Store(home, settings.ADAPTERS)
    found = Insides(store, Predictor(store)).of("reference-recommended-head-only")
    assert (found.modules, found.rank) == ((), None)
    assert {moved.name for moved in found.moved} >= {"pre_classifier.weight", "classifier.bias"}
    (kept,) = home.glob("references/*/inside.json")
    assert Inside.model_validate(json.loads(kept.read_text())["found"]) == found
    store.close()


def test_two_runs(looking, trained):
    _, insides = looking("lora", "ia3")
    lora, ia3 = trained.ids("lora", "ia3")
    *each, between = insides.asked([lora, ia3])
    assert [found.run_id for found in each] == [lora, ia3]
    assert isinstance(between, Between)
    held = {change.name: change.directions for change in each[0].modules}
    assert {pair.name: pair.dimensions[0] for pair in between.modules}.items() <= held.items()
    for pair in between.modules:
        assert 0 <= pair.column_overlap <= 1
        assert 0 <= pair.column_angles[0] <= pair.column_angles[-1] <= 90
        assert len(pair.row_angles) == min(pair.dimensions)


def test_what_cannot_be_looked_into_is_refused(looking, trained):
    _, insides = looking("lora", "prompt_tuning")
    lora, prompt = trained.ids("lora", "prompt_tuning")
    with pytest.raises(InvalidFieldsError, match="changed the weights of a same layer, got"):
        insides.between(lora, prompt)
    assert [type(found) for found in insides.asked([lora, prompt])] == [Inside, Inside]
    with pytest.raises(InvalidFieldsError, match="run_ids must be two runs of one base, got"):
        insides.between(lora, lora)
    with pytest.raises(NotFoundError):
        insides.of("run-999999")
    with pytest.raises(InvalidFieldsError, match="run_ids must name 1 to 100 finished runs"):
        insides.asked([])


def test_a_run_that_left_no_adapter_is_refused(store):
    from small_runs import small_config

    run = store.start(small_config(), "tester")
    with pytest.raises(ConflictError, match="Only a completed run can predict"):
        Insides(store, Predictor(store)).of(run.run_id)
