"""Labels in another order: told by a file or a person, put into ours, and asked about."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from imported_adapters import IA3, LORA, members, retested, zipped
from safetensors.torch import load_file
from small_runs import small_config

from peft_demo import adapters, models
from peft_demo.adapters import importing
from peft_demo.adapters.importing.labels import reorder_labels, swapped
from peft_demo.data import SENTIMENT
from peft_demo.errors import ConflictError, InvalidFieldsError
from peft_demo.execution import Engine
from peft_demo.methods import METHODS
from peft_demo.runs import RunKind

LAST = "base_model.model.classifier"


def turned(weights: dict[str, Any]) -> None:
    for kind in ("weight", "bias"):
        weights[f"{LAST}.{kind}"] = weights[f"{LAST}.{kind}"].flip(0).contiguous()


def logits(folder, base: models.Base) -> np.ndarray:
    model = adapters.load(folder, base, METHODS["ia3"], SENTIMENT)
    return adapters.logits(model, base, base.encode(["A wonderful film."])["input_ids"])


@pytest.mark.usefixtures("untried")
class TestAtImport:
    def test_a_person_says_so(self, copied, base):
        expected = logits(IA3, base)
        folder = copied(IA3, tensors=turned)
        config = importing.describe(folder, swap_labels=True)
        assert config.label_order == (1, 0)
        assert np.abs(logits(folder, base) - expected).max() < 1e-5
        assert any("they were positive, negative" in note for note in config.notes)

    @pytest.mark.parametrize(
        ("named", "order"),
        [
            ({"0": "POSITIVE", "1": "NEGATIVE"}, (1, 0)),
            ({"0": "Negative", "1": "Positive"}, ()),
            ({"0": "LABEL_0", "1": "LABEL_1"}, ()),
            ({"0": "positive"}, ()),
            ("positive", ()),
        ],
    )
    def test_its_config_says_so(self, copied, named, order):
        folder = copied(IA3)
        (folder / "config.json").write_text(json.dumps({"id2label": named}))
        config = importing.describe(folder)
        assert config.label_order == order
        assert not (folder / "config.json").exists()

    def test_more_than_two_have_no_other_way_round(self):
        with pytest.raises(InvalidFieldsError, match="two labels"):
            swapped((), ("a", "b", "c"))

    def test_any_order_of_any_number(self, copied):
        before = {
            f"{LAST}.weight": torch.arange(15.0).reshape(3, 5),
            f"{LAST}.bias": torch.arange(3.0),
        }
        folder = copied(IA3, tensors=lambda weights: weights.update(before))
        reorder_labels(folder, (2, 0, 1), "classifier")
        after = load_file(folder / adapters.WEIGHTS)
        for name, tensor in before.items():
            assert torch.equal(after[name], tensor[[2, 0, 1]])


@pytest.mark.slow
class TestAfterwards:
    @pytest.fixture
    def imported(self, store, copied):
        folder = copied(LORA, tensors=turned)
        config = retested(importing.describe(folder, max_length=50), num_test_reviews=100)
        return Engine(store).run(store.start(config, "me", RunKind.IMPORTED, folder))

    def test_far_below_guessing_is_asked_about_and_swapped(self, store, imported, tmp_path):
        assert imported.result.test_interval[1] < 0.5
        assert imported.seems_swapped
        folder, config = importing.swap(imported, store.folder_of(imported.run_id), tmp_path)
        again = Engine(store).run(store.start(config, "me", RunKind.IMPORTED, folder))
        assert not again.seems_swapped
        was, now = imported.result.test_accuracy, again.result.test_accuracy
        assert now == pytest.approx(1 - was)
        assert again.config.name.endswith("labels swapped")
        assert store.get(imported.run_id).result == imported.result
        back, original = importing.swap(again, store.folder_of(again.run_id), tmp_path)
        assert original == imported.config
        saved = (store.folder_of(imported.run_id) / adapters.WEIGHTS).read_bytes()
        assert (back / adapters.WEIGHTS).read_bytes() == saved

    def test_the_commands(self, command, tmp_path, monkeypatch, home):
        folder = tmp_path / "theirs"
        folder.mkdir()
        for name, data in members(LORA).items():
            (folder / name).write_bytes(data)
        reorder_labels(folder, (1, 0), "classifier")
        (folder / "run.json").write_text(json.dumps({"config": {"max_length": 16}}))
        source = zipped(tmp_path / "theirs.zip", {p.name: p.read_bytes() for p in folder.iterdir()})
        done = command("import-adapter", str(source))
        assert "max_length 16 is taken from run.json" in done.err
        assert "swap-labels run-000001" in done.out
        assert "swap-labels run-000001" in command("show", "run-000001").out
        again = command("swap-labels", "run-000001")
        assert again.status == 0
        assert "far below guessing" not in again.out
        told = json.loads(command("show", "run-000002", "--json").out)
        assert told["config"]["label_order"] == [1, 0]
        assert told["seems_swapped"] is False
        assert not {"learning_rate", "seed", "num_train_epochs"} & set(told["config"])


def test_only_tested_imports_have_labels_to_swap(store, tmp_path):
    run = store.submit(small_config(), "me")
    with pytest.raises(ConflictError, match="tested import"):
        importing.swap(run, tmp_path, tmp_path)
