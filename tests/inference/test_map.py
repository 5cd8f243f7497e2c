"""Map: where texts lie before and after a training, computed once and kept."""

import numpy as np
import pytest

from peft_demo.data import DEFAULT_DATASET, load
from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.inference import Maps, Predictor, map
from peft_demo.runs import RunKind


@pytest.fixture
def maps(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(map, "MOST_TEXTS", 12)
    store = trained.copy(tmp_path / "home", "lora", "head_only")
    yield Maps(store, Predictor(store))
    store.close()


@pytest.mark.slow
def test_texts_move_and_it_is_kept(maps, trained, in_float32, monkeypatch):
    run = trained.runs["lora"]
    found = maps.of(run.run_id)
    texts = load(DEFAULT_DATASET).test
    assert len(found.texts) == 12
    assert [place.label for place in found.texts] == [
        run.config.labels[label] for label in texts.labels[:12]
    ]
    shares = maps._predictor.shares(run.run_id, texts.texts[:12])
    assert [place.said for place in found.texts] == [run.config.labels[n] for n in shares.argmax(1)]
    assert all(place.before != place.after for place in found.texts)
    assert 0 < found.explained[1] < found.explained[0] < 1
    both = np.array([[place.before, place.after] for place in found.texts])
    assert both.mean(axis=(0, 1)) == pytest.approx(0, abs=1e-4)
    monkeypatch.setattr(maps, "_map", lambda *_: pytest.fail("computed again"))
    assert maps.of(run.run_id) == found


@pytest.mark.slow
def test_a_head_alone_moves_nothing(maps, trained, in_float32):
    (run_id,) = trained.ids("head_only")
    for place in maps.of(run_id).texts:
        assert place.before == pytest.approx(place.after, abs=1e-3)


def test_what_has_no_start_is_refused(maps, trained, monkeypatch):
    with pytest.raises(NotFoundError):
        maps.of("run-999999")
    with pytest.raises(InvalidFieldsError, match="run_ids must name 1 to 100 finished runs"):
        maps.asked([])
    (run_id,) = trained.ids("lora")
    run = trained.runs["lora"].model_copy(update={"kind": RunKind.IMPORTED})
    monkeypatch.setattr(maps._predictor, "finished", lambda _: [run])
    with pytest.raises(InvalidFieldsError, match="must name runs that were trained here, got"):
        maps.of(run_id)
