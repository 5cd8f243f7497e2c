"""Training: it repeats itself to the last digit, and it keeps what it measured."""

import json
import threading
from collections import deque

import numpy as np
import pytest
import torch
from small_runs import Recorder, numbers_in, numbers_of, run_python, small_config

from peft_demo import adapters, data, statistics
from peft_demo.data import SENTIMENT
from peft_demo.errors import RunCancelledError
from peft_demo.inference import Predictor
from peft_demo.methods import METHODS
from peft_demo.models import FAMILY
from peft_demo.runs import EpochMetrics, StepMetrics, draw, presets
from peft_demo.statistics import Predictions
from peft_demo.training import loop
from peft_demo.training.loop import train
from peft_demo.training.report import training_table

SOME = ("pissa", "pvera")
"""PiSSA has a base of its own to write to, and PVeRA draws at random in each step."""

PROBES = ("A wonderful film.", "It was dreadful, and far too long for what it had to say.")

TRAIN_OUTPUT = {
    "global_step",
    "training_loss",
    "train_runtime",
    "train_samples_per_second",
    "train_steps_per_second",
    "total_flos",
}


@pytest.fixture(params=METHODS)
def run(request, trained):
    """The small run of each method."""
    return trained.runs[request.param]


def is_half(run):
    """Whether it computed in bfloat16, in which the third digit is rounded."""
    return run.result.precision != "float32"


class TestEveryMethod:
    def test_completes(self, run):
        assert run.status == "completed", run.error
        assert run.result.train_output["global_step"] == 12

    def test_reports_every_step_and_epoch(self, run, trained):
        steps = trained.store.steps(run.run_id)
        assert [step.step for step in steps] == list(range(1, 13))
        assert [(epoch.epoch, epoch.step) for epoch in run.epochs] == [(1, 4), (2, 8), (3, 12)]
        for epoch in run.epochs:
            losses = [step.loss for step in steps[epoch.step - 4 : epoch.step]]
            assert epoch.train_loss == pytest.approx(np.mean(losses))

    @pytest.mark.usefixtures("in_float32")
    def test_begins_with_what_answers_as_before_its_training(self, run, base):
        texts = draw(data.load(run.config.dataset), run.config).validation
        ids = base.encode(texts.texts, run.config.max_length)["input_ids"]
        logits = adapters.logits(adapters.untrained(base, run.config), base, ids)
        told = run.before_training
        # bfloat16 may turn an answer that is all but even.
        shares = statistics.softmax(logits)
        even = np.sum(np.abs(shares[:, 0] - shares[:, 1]) < 0.02) if is_half(run) else 0
        accuracy = statistics.accuracy(logits, texts.labels)
        assert told.eval_accuracy == pytest.approx(accuracy, abs=even / len(texts) + 1e-9)
        loss = statistics.log_loss(shares, texts.labels)
        assert told.eval_loss == pytest.approx(loss, abs=0.01 if is_half(run) else 1e-4)

    def test_learning_rate_falls_in_a_line(self, run, trained):
        rates = [step.learning_rate for step in trained.store.steps(run.run_id)]
        start = run.config.learning_rate
        assert rates == pytest.approx([start * (12 - done) / 12 for done in range(12)])

    def test_saved_adapter_gives_the_same_logits(self, run):
        assert 0 <= run.result.reload_difference <= 1e-4
        assert run.result.saved_as == "float32"

    def test_keeps_trainers_figures(self, run):
        output = run.result.train_output
        assert set(output) == TRAIN_OUTPUT
        assert output["training_loss"] == pytest.approx(
            np.mean([epoch.train_loss for epoch in run.epochs]), abs=1e-4
        )
        assert all(output[name] > 0 for name in TRAIN_OUTPUT)

    def test_keeps_the_probabilities_of_every_test_review(self, run, trained):
        predictions = Predictions.load(trained.folder(run.config.method))
        assert predictions.probabilities.shape == (50, 2)
        assert np.allclose(predictions.probabilities.sum(axis=1), 1)
        test = data.load(run.config.dataset).test.take(range(50))
        assert predictions.labels.tolist() == list(test.labels)
        result = run.result
        assert result.test_set == test.fingerprint
        assert result.num_test_reviews == 50
        correct = int(predictions.correct.sum())
        assert result.test_accuracy == correct / 50
        interval = statistics.wilson_interval(correct, 50)
        assert result.test_interval == (interval.low, interval.high)
        loss = statistics.log_loss(predictions.probabilities, predictions.labels)
        assert result.test_loss == pytest.approx(loss, abs=1e-5)

    def test_keeps_counts_sizes_and_environment(self, run, trained, base):
        result = run.result
        counted = adapters.count_trained(adapters.build(base, run.config), FAMILY)
        assert (result.num_adapter_parameters, result.num_head_parameters) == counted
        assert counted[1] == 384 * 384 + 384 + 2 * 384 + 2 == 148_610
        assert result.num_base_parameters == base.num_parameters()
        (weights,) = trained.folder(run.config.method).glob("*model.safetensors")
        assert result.file_bytes == weights.stat().st_size
        assert {"python", "torch", "transformers", "peft", "device", "processor"} <= set(
            result.environment
        )
        assert result.environment["torch"] == torch.__version__
        assert result.precision in ("float32", "bfloat16")
        assert result.seconds > 0

    def test_keeps_the_assignments_table(self, run, trained):
        losses = [step.loss for step in trained.store.steps(run.run_id)]
        table = run.result.training_table
        assert [row["Epoch"] for row in table] == [1, 2, 3]
        assert [row["Training Loss"] for row in table[:2]] == ["No log", "No log"]
        assert table[2]["Training Loss"] == pytest.approx(np.mean(losses[:10]), abs=1e-6)
        for row, epoch in zip(table, run.epochs, strict=True):
            assert row["Validation Loss"] == pytest.approx(epoch.eval_loss, abs=1e-6)
            assert row["Accuracy"] == pytest.approx(epoch.eval_accuracy, abs=1e-6)


class TestTrainingTable:
    def test_has_no_log_where_no_tenth_step_fell(self):
        # The assignment: eight steps an epoch.
        steps = [StepMetrics(step=n, loss=float(n), learning_rate=1e-5) for n in range(1, 33)]
        epochs = [
            EpochMetrics(
                epoch=n, step=8 * n, train_loss=0, eval_loss=n / 7, eval_accuracy=0.5, seconds=0
            )
            for n in range(1, 5)
        ]
        table = training_table(steps, epochs)
        assert [row["Training Loss"] for row in table] == ["No log", 5.5, 15.5, 25.5]
        assert table[0] == {
            "Epoch": 1,
            "Training Loss": "No log",
            "Validation Loss": 0.142857,
            "Accuracy": 0.5,
        }

    def test_shows_the_last_of_several_logs(self):
        steps = [StepMetrics(step=n, loss=float(n), learning_rate=1e-5) for n in range(1, 26)]
        epoch = EpochMetrics(
            epoch=1, step=25, train_loss=0, eval_loss=0.5, eval_accuracy=0.5, seconds=0
        )
        assert training_table(steps, [epoch])[0]["Training Loss"] == 15.5


@pytest.mark.slow
class TestTheAssignment:
    def test_lora_1_has_its_parameters_and_80_steps(self, base, tmp_path):
        config = presets.preset("lora-1").config(num_test_reviews=50)
        assert adapters.count_trained(adapters.build(base, config), FAMILY) == (1_179_648, 148_610)
        recorder = Recorder(stop_after=1)
        with pytest.raises(RunCancelledError):
            train(config, tmp_path, recorder)
        assert recorder.progresses[-1].max_steps == 80


@pytest.mark.slow
class TestTheSameNumbers:
    def again(self, method, tmp_path, trained) -> None:
        """Train the method's small run once more and compare everything it computed.

        That it is asked about other texts in between makes no difference.
        """
        recorder = Recorder()
        result = train(small_config(method), tmp_path, recorder, probes=PROBES)
        for told in (*recorder.before_training, *recorder.epochs):
            assert np.asarray(told.probes).shape == (2, 2)
            assert np.sum(told.probes, axis=1) == pytest.approx([1, 1])
        assert numbers_of(recorder.steps, recorder.epochs, result) == numbers_in(
            trained.store, trained.runs[method]
        )
        probabilities = Predictions.load(tmp_path).probabilities
        assert np.array_equal(probabilities, Predictions.load(trained.folder(method)).probabilities)
        (weights,) = tmp_path.glob("*model.safetensors")
        assert weights.read_bytes() == (trained.folder(method) / weights.name).read_bytes()

    @pytest.mark.parametrize("method", SOME)
    def test_come_again_while_others_load_and_predict(self, method, tmp_path, trained, base):
        stop = threading.Event()
        done = deque()
        ids = trained.ids(*SOME)

        def disturb() -> None:
            while not stop.wait(0.1):
                for other in SOME:
                    trained.load(other, base)
                Predictor(trained.store).predict("A good film, I think.", ids)
                done.append(1)

        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            self.again(method, tmp_path, trained)
        finally:
            stop.set()
            thread.join()
        assert done

    @pytest.mark.parametrize("method", ["adalora", "pvera"])
    def test_come_though_an_epoch_is_left_in_its_middle(self, method, tmp_path, trained):
        """AdaLoRA changes its ranks between two steps."""
        before = Recorder(stop_after=5)  # in the second epoch
        with pytest.raises(RunCancelledError):
            train(small_config(method), tmp_path, before)
        recorder = Recorder()
        result = train(small_config(method), tmp_path, recorder)
        assert [step.step for step in recorder.steps] == list(range(5, 13))
        steps = [*before.steps[:4], *recorder.steps]
        assert numbers_of(steps, [*before.epochs, *recorder.epochs], result) == numbers_in(
            trained.store, trained.runs[method]
        )

    def test_come_whether_or_not_the_start_is_evaluated(self, tmp_path, trained, monkeypatch):
        assert trained.runs["lora"].before_training  # trained by now, not in this test
        made = loop.make_trainer

        def at_once(*given, **more):
            return made(*given, **{**more, "eval_on_start": False})

        monkeypatch.setattr(loop, "make_trainer", at_once)
        # It draws dropout in each step, so that a single draw of the evaluation would show.
        self.again("lora", tmp_path, trained)

    def test_other_seeds_give_others(self, tmp_path, trained):
        recorder = Recorder(stop_after=2)
        with pytest.raises(RunCancelledError):
            train(small_config("lora", seed=8), tmp_path, recorder)
        first = trained.store.steps(trained.runs["lora"].run_id)[: len(recorder.steps)]
        assert [step.loss for step in recorder.steps] != [step.loss for step in first]


@pytest.mark.slow
def test_a_training_text_is_a_probe_too_and_what_is_said_last_is_what_the_adapter_says(
    tmp_path, base
):
    """Frozen blocks remember what they made of it, which is trained on after it was asked."""
    config = small_config("lora", base_dropout=0, layers_to_transform="4-5")
    text, *_ = draw(data.load(config.dataset), config).train.texts
    recorder = Recorder()
    train(config, tmp_path, recorder, probes=[text, *PROBES])
    said = [each.probes for each in (*recorder.before_training, *recorder.epochs)]
    assert len(said) == 1 + 3
    assert said[0] != said[-1]
    model = adapters.load(tmp_path, base, METHODS["lora"], SENTIMENT)
    token_ids = base.encode([text, *PROBES], config.max_length)["input_ids"]
    kept = statistics.softmax(adapters.logits(model, base, token_ids))
    assert np.allclose(said[-1], kept, atol=0.02)


@pytest.mark.slow
class TestStopping:
    @pytest.mark.parametrize("after", [1, 3])
    def test_comes_within_one_step(self, tmp_path, after):
        recorder = Recorder(stop_after=after)
        with pytest.raises(RunCancelledError):
            train(small_config(), tmp_path, recorder)
        assert len(recorder.steps) == after
        assert len(recorder.epochs) == 0


@pytest.mark.slow
class TestLargeFiles:
    def test_are_kept_in_half_precision(self, tmp_path, trained, base):
        full = trained.runs["lora"].result
        config = small_config("lora", num_train_epochs=1)
        result = train(config, tmp_path, Recorder(), largest_file=full.file_bytes - 1)
        assert result.saved_as == "float16"
        assert result.file_bytes < 0.6 * full.file_bytes
        assert (tmp_path / adapters.WEIGHTS).stat().st_size == result.file_bytes
        assert 0 < result.reload_difference < 2e-2
        adapters.load(tmp_path, base, METHODS["lora"], SENTIMENT)

    def test_a_file_of_just_that_size_stays_as_it_is(self, tmp_path, trained, base):
        size = trained.runs["lora"].result.file_bytes
        model = adapters.load(trained.folder("lora"), base, METHODS["lora"], SENTIMENT)
        saved = loop._save(model, tmp_path, size)
        assert saved.stat().st_size == size


class TestAnotherProcess:
    CODE = """
import json, socket, sys
from pathlib import Path

tried = []

def only_here(real):
    def checked(*arguments):
        for address in arguments:
            host = address[0] if isinstance(address, tuple) else address
            if isinstance(host, str) and not host.startswith(("127.", "/", "::1", "localhost")):
                tried.append(host)
                raise OSError(f"{host} is not this machine")
        return real(*arguments)
    return checked

class Socket(socket.socket):
    connect = only_here(socket.socket.connect)
    connect_ex = only_here(socket.socket.connect_ex)
    sendto = only_here(socket.socket.sendto)

socket.socket = Socket
real_lookup = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: only_here(
    lambda host: real_lookup(host, *more, **named))(host)
for refused in ("https://example.com", "https://huggingface.co"):
    import urllib.request
    try:
        urllib.request.urlopen(refused, timeout=5)
    except OSError:
        pass
assert tried == ["example.com", "huggingface.co"], tried
tried.clear()

from peft_demo.execution import Engine
from peft_demo.inference import Predictor
from peft_demo.runs import RunConfig
from peft_demo.storage import Store

store = Store(Path(sys.argv[1]))
run = Engine(store).run(store.start(RunConfig(json.loads(sys.argv[2])), "tester"))
assert run.result, run.error
answer = Predictor(store).predict("A good film", [run.run_id])[0]
steps = [[step.step, step.loss, step.learning_rate] for step in store.steps(run.run_id)]
print(json.dumps({"tried": tried, "steps": steps, "test_loss": run.result.test_loss,
                  "probabilities": answer.probabilities}))
"""

    def test_uses_no_network_and_computes_the_same(self, home, trained):
        config = json.dumps(small_config("lora").flat())
        # Not offline by decree: it must have no reason to ask.
        done = run_python(
            self.CODE, home, str(home), config, HF_HUB_OFFLINE="0", HF_HOME=str(home / "hub")
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        assert found["tried"] == []
        run = trained.runs["lora"]
        assert found["steps"] == [
            [step.step, step.loss, step.learning_rate] for step in trained.store.steps(run.run_id)
        ]
        assert found["test_loss"] == run.result.test_loss
        (mine,) = Predictor(trained.store).predict("A good film", [run.run_id])
        assert found["probabilities"] == pytest.approx(mine.probabilities, abs=1e-6)
