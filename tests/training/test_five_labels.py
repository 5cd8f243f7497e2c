"""A made-up data set of five labels through training, comparing, predicting and exported code."""

import json
import subprocess
import sys

import numpy as np
import pytest
from five_labels import FIVE, LABELS
from small_runs import environment, small_config

from peft_demo import adapters, comparison, data, models
from peft_demo.adapters.parameter_count import count_parameters
from peft_demo.comparison import text_baseline
from peft_demo.data import DATASETS
from peft_demo.errors import AssetError, InvalidFieldsError
from peft_demo.execution import Engine
from peft_demo.export import code
from peft_demo.export.model_card import model_card
from peft_demo.inference import Predictor
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE
from peft_demo.statistics import Predictions
from peft_demo.storage import Store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("five")]

SMALL = {
    "dataset": FIVE.id,
    "num_reviews": 100,
    "num_test_reviews": 100,
    "learning_rate": 5e-3,
    "num_train_epochs": 4,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = Store(tmp_path_factory.mktemp("five"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def trained(store):
    """Two runs on it: one that learns, one that does not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DATASETS, FIVE.id, FIVE)
        return trained_on_five(store)


def trained_on_five(store):
    found = []
    for changes in ({"name": "learns"}, {"name": "does not", "learning_rate": 1e-7}):
        config = small_config("lora", **{**SMALL, **changes})
        found.append(Engine(store).run(store.start(config, "me")))
    assert [run.error for run in found] == [None, None]
    return found


def test_five_labels_through_every_room(store, trained, monkeypatch):
    learned, other = trained
    folder = store.folder_of(learned.run_id)
    predictions = Predictions.load(folder)
    assert predictions.probabilities.shape == (100, 5)
    assert learned.result.test_accuracy == predictions.correct.mean() > 0.5

    found = comparison.compare(store, [learned.run_id, other.run_id])
    json.dumps(found.model_dump(mode="json"))
    first = found.runs[0]
    assert (first.labels, first.texts) == (LABELS, "sentences")
    assert np.array(first.quality.confusion).sum(axis=1).tolist() == [20] * 5
    assert "on the same 100 sentences" in found.verdict[0]
    assert found.problems == ()
    assert found.baselines[0].name == text_baseline.MAJORITY
    assert found.baselines[0].accuracy == pytest.approx(0.2)

    split = comparison.disagreements(store, [learned.run_id, other.run_id])
    assert split.labels == LABELS
    assert {len(shares) for text in split.split for shares in text.probabilities.values()} == {5}

    (said,) = Predictor(store).predict("we saw a cat here", [learned.run_id])
    assert tuple(said.probabilities) == LABELS
    assert said.label == max(said.probabilities, key=said.probabilities.get)
    assert sum(said.probabilities.values()) == pytest.approx(1)
    texts = data.load(FIVE.id).test.texts[:100]
    many = Predictor(store).predict_many(texts, [learned.run_id])[learned.run_id]
    assert np.allclose(many, predictions.probabilities, atol=0.02)

    card = model_card(learned, store.folder_of(learned.run_id))
    assert "100 sentences that were never" in card
    assert "Labels: 0 animal, 1 dish, 2 planet, 3 sport, 4 tool." in card
    assert "tags: [lora, topic-classification]" in card

    counted = count_parameters("lora", learned.config.method_values, learned.config.setting)
    assert counted.num_head_parameters == learned.result.num_head_parameters
    base = models.load(BUILTIN_BASE)
    with pytest.raises(AssetError):
        adapters.load(folder, base, METHODS["lora"], ("negative", "positive"))


def test_its_adapter_is_imported_for_it_and_for_no_other(store, trained, tmp_path):
    import shutil

    from peft_demo.adapters import importing

    folder = tmp_path / "from afar"
    shutil.copytree(store.folder_of(trained[0].run_id), folder)
    config = importing.describe(folder, dataset=FIVE.id)
    assert (config.dataset, config.labels) == (FIVE.id, LABELS)
    with pytest.raises(InvalidFieldsError, match=r"2 labels \(0 negative, 1 positive\)"):
        importing.describe(folder)
    with pytest.raises(InvalidFieldsError, match="dataset must be one of"):
        importing.describe(folder, dataset="ten")


def test_its_exported_code_computes_the_same(store, trained, tmp_path):
    learned = trained[0]
    (tmp_path / "train.py").write_text(code.script(learned.config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "train.py"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert "80 train, 20 validation, 100 test" in printed
    numbers = json.loads(printed[-1])
    assert numbers["test_accuracy"] == pytest.approx(learned.result.test_accuracy, abs=0.011)
    losses = [epoch["Validation Loss"] for epoch in numbers["epochs"]]
    assert losses == pytest.approx([epoch.eval_loss for epoch in learned.epochs], abs=0.02)


def test_baselines_know_labels_that_were_not_drawn(monkeypatch):
    config = small_config("lora", **{**SMALL, "num_reviews": 10})
    drawn = text_baseline.draw(data.load(FIVE.id), config)
    train = drawn.train.take([i for i, label in enumerate(drawn.train.labels) if label != 3])
    fewer = type(drawn)(train, drawn.validation, drawn.test)
    for predictions in text_baseline._compute(config, fewer).values():
        assert predictions.probabilities.shape == (100, 5)
        assert not predictions.probabilities[:, 3].any()
