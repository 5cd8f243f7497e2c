"""A mix as a run: tested, asked, taken home and read without its parents, but never trained."""

import io
import zipfile

import pytest

from peft_demo import settings
from peft_demo.errors import AssetError, ConflictError, InvalidFieldsError, NotFoundError
from peft_demo.execution import Engine
from peft_demo.export import code
from peft_demo.export.archive import run_archive
from peft_demo.inference import Predictor, mixture
from peft_demo.runs import RunKind, RunStatus
from peft_demo.storage import Store

BOXED = "reference-lora-1"


@pytest.fixture
def mixing(trained, tmp_path):
    trained.copy(tmp_path / "home", "lora").close()
    store = Store(tmp_path / "home", settings.ADAPTERS)
    yield store, Predictor(store), trained.ids("lora")[0]
    store.close()


def test_a_mix_is_a_run_like_any_other_and_needs_its_parents_no_more(mixing, tmp_path):
    store, predictor, lora = mixing
    asked = ([lora, BOXED], ["0.5", 0.5], "svd", 0.5, "Both")
    files, config = mixture(store, predictor, tmp_path, *asked)
    run = Engine(store).run(store.start(config, "me", RunKind.MIXED, files))
    assert run.status is RunStatus.COMPLETED, run.error
    assert run == store.get(run.run_id)
    assert (run.config.parents, run.config.weights) == ((lora, BOXED), (0.5, 0.5))
    assert run.config.parent_names[1] == store.get(BOXED).config.name
    assert (run.config.max_length, run.result.num_test_reviews) == (16, 50)
    with zipfile.ZipFile(io.BytesIO(b"".join(run_archive(store, run)))) as zipped:
        card = zipped.read("README.md").decode()
        assert "adapter_model.safetensors" in zipped.namelist()
    assert f"it is mixed of {lora}" in card
    assert "by `svd`" in card
    assert f"mixedbysvdof{lora},{BOXED}" in "".join(code.of_run(run, "script").split())

    with pytest.raises(ConflictError, match="Only a training"):
        store.resume(run.run_id)
    with pytest.raises(InvalidFieldsError, match="config must say how to train"):
        run.config.for_training()
    store.delete(lora)
    predictor.forget(lora)
    review = "An awful film, and far too long."
    (said,) = predictor.predict(review, [run.run_id])
    assert said.probabilities["negative"] > 0
    with pytest.raises(AssetError, match="was mixed, not trained"):
        predictor.predict(review, [run.run_id], before_training=True)
    with pytest.raises(NotFoundError):
        mixture(store, predictor, tmp_path, *asked)


def test_a_bad_name_or_one_run_is_refused_before_anything_is_computed(mixing, tmp_path):
    store, predictor, lora = mixing
    with pytest.raises(InvalidFieldsError, match="name must be at most 80"):
        mixture(store, predictor, tmp_path, [lora, BOXED], [1, 1], "cat", 0.5, "x" * 81)
    with pytest.raises(InvalidFieldsError, match="run_ids must be 2 to 8 runs to mix, got 1"):
        mixture(store, predictor, tmp_path, [lora, lora], [1, 1], "cat", 0.5, "")
    assert not [*tmp_path.glob("adapter-*")]
