"""Reference adapters: how they are made, and those that come with the program."""

import json

import pytest
from safetensors import safe_open
from small_runs import SMALL

from peft_demo import adapters, settings
from peft_demo.errors import NotFoundError, PeftDemoError
from peft_demo.execution import train_references as references
from peft_demo.execution.train_references import LARGEST_FILE, train_references
from peft_demo.inference import Predictor
from peft_demo.runs import presets
from peft_demo.runs.presets import Preset
from peft_demo.statistics import Predictions
from peft_demo.storage import Store


@pytest.fixture
def small_presets(monkeypatch):
    """The assignment's names, for runs that take a second."""
    values = {**SMALL, "num_train_epochs": 1, "learning_rate": 1e-3}
    for name, method in (("lora-1", "lora"), ("ia3", "ia3")):
        preset = Preset(name, f"Small {name}", "Help.", {**values, "method": method})
        monkeypatch.setitem(presets.PRESETS, name, preset)


class TestTraining:
    @pytest.mark.slow
    def test_makes_references_that_can_be_asked(
        self, small_presets, monkeypatch, tmp_path, home, base
    ):
        monkeypatch.setattr(references, "LARGEST_FILE", 700_000)
        destination = tmp_path / "adapters"
        (destination / "reference-ia3").mkdir(parents=True)
        (destination / "reference-ia3" / "old.txt").write_text("from before")
        (destination / "other").mkdir()
        told = []
        train_references(["lora-1", "ia3"], destination, told.append)
        assert sorted(path.name for path in destination.iterdir()) == [
            "baselines",
            "other",
            "reference-ia3",
            "reference-lora-1",
        ]
        assert not (destination / "reference-ia3" / "old.txt").exists()
        # Both learned from the same texts.
        assert len([*(destination / "baselines").iterdir()]) == 2
        assert any("reference-lora-1: test accuracy" in line for line in told)
        store = Store(home, destination)
        assert store.ids() == ["reference-lora-1", "reference-ia3"]
        for run in store.runs():
            assert run.is_reference
            assert run.status == "completed"
            assert len(store.steps(run.run_id)) == run.result.train_output["global_step"]
        assert store.get("reference-lora-1").result.saved_as == "float16"
        assert store.get("reference-ia3").result.saved_as == "float32"
        assert len(Predictor(store).predict("A good film", store.ids())) == 2
        store.close()

    def test_an_unknown_preset_trains_nothing(self, tmp_path):
        with pytest.raises(NotFoundError, match="preset must be one of"):
            train_references(["lora-1", "nonsense"], tmp_path / "adapters", print)
        assert not (tmp_path / "adapters").exists()

    def test_a_failure_keeps_what_was_there(self, small_presets, monkeypatch, tmp_path):
        kept = tmp_path / "reference-lora-1" / "run.json"
        kept.parent.mkdir()
        kept.write_text("kept")

        def fail(base, config):
            raise RuntimeError("boom")

        monkeypatch.setattr(adapters, "build", fail)
        with pytest.raises(PeftDemoError, match="reference run lora-1 failed: RuntimeError: boom"):
            train_references(["lora-1"], tmp_path, print)
        assert kept.read_text() == "kept"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The program's own references, beside an empty home."""
    store = Store(tmp_path_factory.mktemp("empty"), settings.ADAPTERS)
    yield store
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("preset_id", presets.REFERENCES)
class TestThoseInTheBox:
    def test_were_trained_by_their_preset(self, shipped, preset_id):
        run = shipped.get(f"reference-{preset_id}")
        assert run.status == "completed"
        assert run.config == presets.preset(preset_id).config(
            base_model="all-MiniLM-L6-v2", dataset="imdb"
        )

    def test_have_their_whole_history(self, shipped, preset_id):
        run = shipped.get(f"reference-{preset_id}")
        steps = shipped.steps(run.run_id)
        assert [step.step for step in steps] == list(
            range(1, int(run.result.train_output["global_step"]) + 1)
        )
        assert len(run.epochs) == run.config.num_train_epochs
        predictions = Predictions.load(shipped.folder_of(run.run_id))
        assert predictions.correct.mean() == pytest.approx(run.result.test_accuracy)
        assert len(predictions.labels) == run.result.num_test_reviews == 1_000

    def test_have_no_file_above_the_hubs_limit(self, shipped, preset_id):
        for path in shipped.folder_of(f"reference-{preset_id}").iterdir():
            assert path.stat().st_size <= LARGEST_FILE

    def test_hold_no_paths_of_the_machine_they_were_made_on(self, shipped, preset_id):
        folder = shipped.folder_of(f"reference-{preset_id}")
        config = json.loads((folder / adapters.CONFIG).read_text())
        assert config["base_model_name_or_path"] == "all-MiniLM-L6-v2"

    def test_are_stored_as_they_say(self, shipped, preset_id):
        run = shipped.get(f"reference-{preset_id}")
        with safe_open(shipped.folder_of(run.run_id) / adapters.WEIGHTS, "pt") as file:
            kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        assert kinds == {"float16": {"F16"}, "float32": {"F32"}}[run.result.saved_as]

    def test_answer(self, shipped, preset_id, base):
        predictor = Predictor(shipped)
        (answer,) = predictor.predict("A wonderful film.", [f"reference-{preset_id}"])
        assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_they_were_tested_on_the_same_reviews(shipped):
    assert len({run.result.test_set for run in shipped.runs()}) == 1


def test_the_recommended_lora_reaches_80_percent(shipped):
    assert shipped.get("reference-recommended-lora").result.test_accuracy >= 0.8


def test_the_assignments_intervals_overlap(shipped):
    intervals = [
        shipped.get(f"reference-{preset_id}").result.test_interval
        for preset_id in presets.ASSIGNMENT
    ]
    assert max(low for low, _ in intervals) <= min(high for _, high in intervals)
