"""A learning rate that ruins a run is told as such; a merely bad one is trained to the end."""

import json
import math
import re

import numpy as np
import pytest
from one_pass import alone, in_one_pass, losses
from small_runs import Recorder, set_options, small_config

from peft_demo import adapters, data
from peft_demo.data import SENTIMENT
from peft_demo.errors import AssetError, DivergedError
from peft_demo.execution import Engine
from peft_demo.methods import METHODS
from peft_demo.runs import EpochMetrics, RunStatus, draw
from peft_demo.training import loop
from peft_demo.training.divergence import CLOSING, EXPLODED, HOPELESS, Divergence
from peft_demo.training.loop import train

GUESSING = math.log(2)

SENTENCE = re.compile(
    r"The run diverged: learning_rate (\S+) is too high for (.+) \(training loss (\S+), where "
    r"guessing has 0\.693\); measured nearest to it, \S+ learned, and (\S+ )?did best( here)?\."
)

KINDS = (
    "lora",
    "ia3",
    "boft",
    "adalora",
    "prompt_tuning",
    "full_ft",
)
"""One of each way to train: beside weights, on activations, turning them, with a penalty, …"""


def watched(method: str, *epochs: tuple[float, float], of: int, first: float = GUESSING) -> int:
    """After how many epochs, of ``of``, a training with these losses is refused; 0 if it is not."""
    watch = Divergence(small_config(method))
    watch.check_step(first, 1)
    for number, (train_loss, eval_loss) in enumerate(epochs, 1):
        epoch = EpochMetrics(
            epoch=number,
            step=4 * number,
            train_loss=train_loss,
            eval_loss=eval_loss,
            eval_accuracy=0.5,
            seconds=1.0,
        )
        try:
            watch.check_epoch(epoch, 4 * of)
        except DivergedError:
            return number
    return 0


class TestWhatCounts:
    @pytest.mark.parametrize(
        "epochs",
        [
            [(0.69, 0.69)] * 4,
            [(0.6, 0.9), (0.3, 2.0), (0.01, 8.0), (0.0, 12.0)],  # learns few texts by heart
            [(4.0, 5.0), (6.0, 6.0), (1.3, 0.9), (0.9, 0.7)],  # leans to one class
            [(20.0, 30.0), (4.0, 2.0), (0.7, 0.68), (0.6, 0.61)],  # comes back
        ],
    )
    def test_is_no_small_bad_or_passing_loss(self, epochs):
        assert watched("lora", *epochs, of=4) == 0

    def test_is_no_penalty_that_is_there_from_the_start(self):
        assert watched("adalora", (9.0, 0.69), (8.8, 0.69), of=2, first=9.2) == 0

    def test_is_a_loss_that_explodes_and_stays(self):
        assert watched("lora", (50.0, 40.0), (90.0, 70.0), (80.0, 90.0), (9, 9), of=4) == 2

    def test_is_a_loss_that_explodes_and_ends_as_guessing(self):
        assert watched("lora", (50.0, 40.0), (5.0, 2.0), (1.0, 0.8), (0.72, 0.69), of=4) == 4

    def test_is_one_epoch_of_it(self):
        assert watched("ia3", (43.0, 1.9), of=1) == 1

    def test_is_at_once_where_it_is_hopeless(self):
        far = 1.1 * HOPELESS * GUESSING
        assert watched("lora", (far, far), of=50) == 1

    def test_more_labels_are_harder_to_guess(self, five):
        watch = Divergence(small_config(dataset=five.id))
        watch.check_step(math.log(5), 1)
        loss = 0.9 * EXPLODED * math.log(5)
        epoch = EpochMetrics(
            epoch=1, step=4, train_loss=loss, eval_loss=loss, eval_accuracy=0.2, seconds=1.0
        )
        watch.check_epoch(epoch, 4)

    def test_a_range_test_has_no_epochs(self):
        """It goes to rates at which everything diverges, and finds out by itself where."""
        Divergence(small_config()).check_step(1e6, 1)


def spoil_heads(monkeypatch, is_spoilt):
    """Built models' heads give NaN, where that says so of training or not and the steps so far."""
    build = adapters.build

    def spoilt(base, config):
        model = build(base, config)
        head = model.get_submodule("base_model.model.classifier.modules_to_save.default")
        steps = 0

        def spoil(module, _inputs, output):
            nonlocal steps
            steps += module.training
            return output * float("nan") if is_spoilt(module.training, steps) else output

        head.register_forward_hook(spoil)
        return model

    monkeypatch.setattr(adapters, "build", spoilt)


@pytest.mark.slow
class TestARuinousRate:
    @pytest.mark.parametrize(
        ("method", "rate"), [*((method, 1.0) for method in KINDS), ("lora", 0.3)]
    )
    def test_is_told_with_the_rate_and_those_that_learned(self, tmp_path, method, rate):
        recorder = Recorder()
        with pytest.raises(DivergedError) as caught:
            train(small_config(method, learning_rate=rate), tmp_path, recorder)
        found = SENTENCE.fullmatch(str(caught.value))
        assert found, str(caught.value)
        assert found[1] == f"{rate:g}"
        assert found[2] == METHODS[method].label
        assert float(found[3].replace(",", "")) > EXPLODED * GUESSING
        # The curve shows it, and the rest is not waited for.
        assert 1 <= len(recorder.epochs) <= 3
        assert len(recorder.steps) == 4 * len(recorder.epochs)
        assert list(tmp_path.glob("*.safetensors")) == []

    def test_is_not_waited_for_until_the_last_epoch(self, tmp_path):
        recorder = Recorder()
        config = small_config(learning_rate=1.0, num_train_epochs=20)
        with pytest.raises(DivergedError):
            train(config, tmp_path, recorder)
        assert len(recorder.epochs) <= CLOSING * 20

    def test_leaves_the_curve_in_the_store_and_no_files(self, store, base, caplog):
        run = Engine(store).run(store.start(small_config(learning_rate=1.0), "me"))
        assert run.status is RunStatus.FAILED
        assert run.error.startswith("The run diverged: learning_rate 1 is too high for LoRA")
        steps = store.steps(run.run_id)
        assert len(steps) == run.epochs[-1].step
        assert max(step.loss for step in steps) > EXPLODED * GUESSING
        assert not store.folder_of(run.run_id).exists()
        assert not caplog.records  # it is told where the run is, and needs no traceback

    def test_ends_the_command_with_one_sentence(self, command, home, base):
        done = command("train", *set_options(learning_rate=0.3, method="ia3"))
        assert done.status == 1
        assert done.err.count("The run diverged: learning_rate 0.3 is too high for IA3") == 1
        assert done.err.startswith("run-000001 failed. The run diverged")
        assert len(done.err.splitlines()) == 1
        told = command("train", "--json", *set_options(learning_rate=0.3, method="ia3"))
        last = json.loads(told.out.splitlines()[-1])
        assert (last["event"], told.err) == ("failed", "")
        assert "learning_rate 0.3 is too high for IA3" in last["error"]

    def test_does_not_hurt_those_that_share_its_steps(self, tmp_path, in_float32):
        configs = [small_config(learning_rate=rate, seed=7) for rate in (1e-3, 1.0, 3e-4)]
        recorders, results = in_one_pass(configs, tmp_path / "pass")
        assert results[1] == "diverged"
        for place in (0, 2):
            expected, result = alone(configs[place], tmp_path / f"alone-{place}")
            assert np.abs(losses(recorders[place]) - losses(expected)).max() < 1e-3
            assert results[place].test_accuracy == result.test_accuracy

    @pytest.mark.parametrize("part", ["training", "validation"])
    def test_is_told_alike_where_a_loss_is_no_number(self, tmp_path, monkeypatch, part):
        is_training = part == "training"
        # In training at once, or only when it is evaluated after a step.
        spoil_heads(
            monkeypatch,
            lambda trains, steps: trains == is_training and (trains or steps > 0),
        )
        recorder = Recorder()
        with pytest.raises(DivergedError) as caught:
            train(small_config(), tmp_path, recorder)
        step = {"training": 1, "validation": 4}[part]
        assert str(caught.value).startswith(
            "The run diverged: learning_rate 0.001 is too high for LoRA "
            f"({part} loss nan at step {step}); "
        )
        assert len(recorder.steps) == {"training": 0, "validation": 4}[part]

    def test_before_the_first_step_is_not_the_fault_of_the_rate(self, tmp_path, monkeypatch):
        spoil_heads(monkeypatch, lambda trains, steps: not trains)
        recorder = Recorder()
        with pytest.raises(DivergedError, match="nan before the first step") as caught:
            train(small_config(), tmp_path, recorder)
        assert "learning_rate" not in str(caught.value)
        assert recorder.steps == []


@pytest.mark.slow
class TestAMerelyBadRate:
    @pytest.mark.parametrize("method", ["adalora", "head_only"])
    def test_is_trained_to_the_end(self, tmp_path, method):
        result = train(small_config(method, learning_rate=0.03), tmp_path, Recorder())
        assert result.train_output["global_step"] == 12


@pytest.mark.slow
class TestTheSavedAdapter:
    @pytest.fixture
    def scaled(self, trained, base, tmp_path):
        """The model of a small run with logits that many times as large, and its files."""

        def scaled(by: float):
            model = adapters.load(trained.folder("lora"), base, METHODS["lora"], SENTIMENT)
            head = model.get_submodule("base_model.model.classifier.modules_to_save.default")
            head.weight.data *= by
            head.bias.data *= by
            adapters.save(model, tmp_path)
            return model, head

        return scaled

    def checked(self, model, folder, base, trained):
        config = trained.runs["lora"].config
        test = draw(data.load(config.dataset), config).test
        return loop._reload_difference(model, folder, base, test, config)

    @pytest.mark.parametrize("by", [1.0, 1e4])
    def test_is_compared_by_the_size_of_its_logits(self, scaled, base, trained, tmp_path, by):
        model, head = scaled(by)
        assert self.checked(model, tmp_path, base, trained) < 1e-4 * by
        head.bias.data[0] += 3e-4 * by
        with pytest.raises(AssetError, match="does not give the same logits"):
            self.checked(model, tmp_path, base, trained)

    def test_may_not_give_what_is_no_number(self, scaled, base, trained, tmp_path):
        model, head = scaled(1.0)
        head.bias.data[0] = math.nan
        with pytest.raises(AssetError, match="does not give the same logits"):
            self.checked(model, tmp_path, base, trained)
