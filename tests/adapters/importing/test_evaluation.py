"""What was brought in is tested as every run is, and joins the runs."""

import numpy as np
import pytest
from imported_adapters import FILES, IA3, LORA, members, retested, zipped
from small_runs import Recorder, small_config

from peft_demo.adapters import importing
from peft_demo.errors import RunCancelledError
from peft_demo.execution import Engine
from peft_demo.inference import Predictor
from peft_demo.runs import RunKind, RunStatus
from peft_demo.settings import ADAPTERS
from peft_demo.statistics import Predictions
from peft_demo.storage import reference_runs


@pytest.mark.slow
class TestTest:
    @pytest.mark.parametrize("source", [LORA, IA3])
    def test_gives_the_reference_runs_own_numbers(self, copied, source):
        reference = reference_runs.read_references(ADAPTERS)[source.name]
        folder = copied(source)
        config = importing.describe(folder, max_length=reference.config.max_length)
        result = importing.test(retested(config, num_test_reviews=200), folder, Recorder())
        expected, found = Predictions.load(source), Predictions.load(folder)
        assert np.abs(expected.probabilities[:200] - found.probabilities).max() < 2e-2
        assert (expected.labels[:200] == found.labels).all()
        assert abs(expected.correct[:200].mean() - result.test_accuracy) <= 2 / 200
        assert result.test_accuracy == found.correct.mean()
        assert result.test_interval[0] < result.test_accuracy < result.test_interval[1]
        was = reference.result
        assert was is not None
        assert result.num_adapter_parameters == was.num_adapter_parameters
        assert result.num_head_parameters == was.num_head_parameters
        assert (result.saved_as, result.file_bytes) == (was.saved_as, was.file_bytes)
        assert result.train_output == {}

    def test_the_same_reviews_as_every_run(self, copied):
        reference = reference_runs.read_references(ADAPTERS)[IA3.name]
        folder = copied(IA3)
        config = importing.describe(folder, max_length=8)
        result = importing.test(config, folder, Recorder())
        assert reference.result is not None
        assert result.test_set == reference.result.test_set

    def test_says_how_far_it_is(self, copied):
        recorder = Recorder()
        config = small_config("ia3", num_test_reviews=100)
        importing.test(config, copied(IA3), recorder)
        assert [(p.phase, p.step, p.max_steps) for p in recorder.progresses] == [
            ("Loading the adapter", 0, 0),
            # Batches of 16 reviews.
            *(("Testing", step, 7) for step in range(8)),
        ]

    @pytest.mark.parametrize("after", [0, 1, 2])
    def test_stops_when_asked(self, copied, after):
        class Impatient(Recorder):
            def should_stop(self) -> bool:
                return len(self.progresses) >= after

        recorder = Impatient()
        with pytest.raises(RunCancelledError):
            importing.test(small_config("ia3"), copied(IA3), recorder)
        assert len(recorder.progresses) == after


@pytest.mark.slow
class TestAsARun:
    @pytest.mark.parametrize("precision", ["float32", "bfloat16"])
    def test_is_tested_and_then_predicts(self, store, tmp_path, monkeypatch, precision):
        monkeypatch.setenv("PEFT_DEMO_PRECISION", precision)
        scratch = store.folder / "scratch"
        scratch.mkdir()
        source = zipped(tmp_path / "mine.zip", members(LORA, "mine/"))
        folder = importing.unpack(source, scratch)
        config = importing.describe(folder, source.stem, max_length=50)
        config = retested(config, num_test_reviews=64)
        store.submit(config, "me", RunKind.IMPORTED, files=folder)
        claimed = store.claim()
        assert claimed is not None
        run = Engine(store).run(claimed)
        assert (run.status, run.error) == (RunStatus.COMPLETED, None)
        assert run.kind is RunKind.IMPORTED
        assert run.config.name == "mine"
        assert not folder.exists()
        assert set(FILES) < {path.name for path in store.folder_of(run.run_id).iterdir()}
        assert run.result is not None
        assert run.result.precision == precision
        assert run.result.test_accuracy > 0.7
        good, bad = (
            Predictor(store).predict(text, [run.run_id])[0].label
            for text in ("A wonderful, moving film.", "Dull, awful and far too long.")
        )
        assert (good, bad) == ("positive", "negative")

    def test_the_command(self, command, tmp_path):
        source = zipped(tmp_path / "bad.zip", {"adapter_model.bin": b""})
        done = command("import-adapter", str(source))
        assert done.status == 2
        assert "safetensors" in done.err
