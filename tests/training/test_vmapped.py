"""One pass: repeats whose steps are computed at once, each as it is alone."""

import numpy as np
import pytest
import torch
from one_pass import alone, in_one_pass, losses
from safetensors.torch import load_file
from small_runs import long_config, one_module, small_config, wait_until

from peft_demo import adapters
from peft_demo.errors import InvalidFieldsError
from peft_demo.execution import Engine
from peft_demo.inference import Predictor
from peft_demo.methods import METHODS
from peft_demo.models import fast_forward
from peft_demo.runs import GroupKind, RunStatus
from peft_demo.runs.sweeps import Plan
from peft_demo.training import loop, vmapped

STACKING = [name for name in METHODS if METHODS[name].stacks]
NOT_STACKING = [name for name in METHODS if not METHODS[name].stacks]

TWO_RATES = (small_config(), small_config(seed=8, learning_rate=3e-4))
TWO_SEEDS = (small_config(seed=1), small_config(seed=2))


def without_dropout(patch):
    patch.setattr(fast_forward, "drop", lambda values, p: values)


@pytest.fixture
def no_dropout(monkeypatch):
    without_dropout(monkeypatch)


def alone_in_float32(configs, folder, *patches):
    """What each reports, its result and its files, by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_PRECISION", "float32")
        for each in patches:
            each(patch)
        folders = [folder / f"{place}" for place in range(len(configs))]
        return [(*alone(config, own), own) for config, own in zip(configs, folders, strict=True)]


@pytest.fixture(scope="module")
def two_rates_alone(tmp_path_factory):
    return alone_in_float32(TWO_RATES, tmp_path_factory.mktemp("rates"), without_dropout)


@pytest.fixture(scope="module")
def two_seeds_alone(tmp_path_factory):
    return alone_in_float32(TWO_SEEDS, tmp_path_factory.mktemp("seeds"))


@pytest.fixture
def counted(monkeypatch):
    """How many runs each common step was for."""
    found = []
    backward = vmapped._Stack.backward

    def noted(stack, steps):
        found.append(len(steps))
        return backward(stack, steps)

    monkeypatch.setattr(vmapped._Stack, "backward", noted)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("in_float32")
class TestEachIsAsItIsAlone:
    def test_over_a_run_without_dropout(self, tmp_path, no_dropout, counted, two_rates_alone):
        recorders, results = in_one_pass(TWO_RATES, tmp_path)
        assert counted == [2] * 12
        for place, (expected, result, folder) in enumerate(two_rates_alone):
            assert np.abs(losses(recorders[place]) - losses(expected)).max() < 1e-5
            assert results[place].test_accuracy == result.test_accuracy
            assert [s.learning_rate for s in recorders[place].steps] == [
                s.learning_rate for s in expected.steps
            ]
            ours, theirs = (
                load_file(files / adapters.WEIGHTS) for files in (tmp_path / f"{place}", folder)
            )
            assert ours.keys() == theirs.keys()
            assert max((ours[name] - theirs[name]).abs().max() for name in ours) < 1e-3

    def test_with_its_own_dropout_and_order(self, tmp_path, counted, two_seeds_alone):
        recorders, _ = in_one_pass(TWO_SEEDS, tmp_path)
        assert counted == [2] * 12
        for recorder, (expected, *_) in zip(recorders, two_seeds_alone, strict=True):
            assert np.abs(losses(recorder) - losses(expected)).max() < 1e-4
        assert np.abs(losses(recorders[0]) - losses(recorders[1])).max() > 1e-2

    def test_gradients_are_clipped_for_each(
        self, tmp_path, no_dropout, monkeypatch, two_rates_alone
    ):
        """A run whose gradients explode must not shorten those of the run beside it."""
        backward = vmapped._Stack.backward

        def exploding(stack, steps):
            found = backward(stack, steps)
            for parameter in steps[1].model.parameters():
                if parameter.grad is not None:
                    parameter.grad *= 1e4
            return found

        monkeypatch.setattr(vmapped._Stack, "backward", exploding)
        recorders, _ = in_one_pass(TWO_RATES, tmp_path)
        assert np.abs(losses(recorders[0]) - losses(two_rates_alone[0][0])).max() < 1e-5

    def test_reviews_of_other_lengths_are_padded(self, base, no_dropout):
        texts = [["A fine film.", "Bad."], ["Dull, long and loud: I left after an hour.", "No."]]
        models, batches = models_of(base, "lora"), []
        for each in texts:
            found = base.tokenizer(each, padding=True, return_tensors="pt")
            batches.append({**found, "labels": torch.tensor([1, 0])})
        assert batches[0]["input_ids"].shape != batches[1]["input_ids"].shape
        check_gradients(models, batches)

    @pytest.mark.parametrize("method", STACKING)
    def test_gradients_of_every_method_that_stacks(self, base, no_dropout, method):
        check_gradients(models_of(base, method), random_batches())

    @pytest.mark.parametrize(
        "options",
        [
            {"bias": "all", "layers_to_transform": [5]},
            {"init_lora_weights": "orthogonal", "rank_pattern": "q_lin: 2"},
        ],
    )
    def test_gradients_with_options_that_few_need(self, base, no_dropout, options):
        check_gradients(models_of(base, "lora", **options), random_batches())


@pytest.mark.slow
class TestWhatDoesNotStack:
    @pytest.mark.parametrize("method", NOT_STACKING)
    def test_vmap_refuses_it_or_other_gradients_come(self, base, no_dropout, method):
        """If peft or PyTorch mends it, its row may say so."""
        with pytest.raises((RuntimeError, NotImplementedError, AssertionError)):
            check_gradients(models_of(base, method), random_batches())

    def test_is_trained_one_after_another(self):
        assert not vmapped.can_share(small_config("loha"), small_config("loha", seed=8))

    @pytest.mark.usefixtures("in_float32")
    def test_a_step_that_fails_is_computed_by_each(self, tmp_path, monkeypatch, two_seeds_alone):
        def failing(stack, steps):
            fast_forward.dropout_mask([8], 0.1, torch.float32, steps[0].generator)
            steps[0].model.base_model.model.classifier.weight.grad = torch.ones(2, 384)
            raise RuntimeError("out of memory")

        monkeypatch.setattr(vmapped._Stack, "backward", failing)
        recorders, _ = in_one_pass(TWO_SEEDS, tmp_path)
        for recorder, (expected, *_) in zip(recorders, two_seeds_alone, strict=True):
            assert (losses(recorder) == losses(expected)).all()


class TestWhoShares:
    @pytest.mark.parametrize(
        "changes",
        [{"seed": 8}, {"learning_rate": 1e-4}, {"name": "another"}, {"sample_seed": 3}],
    )
    def test_seeds_rates_and_names_may_differ(self, changes):
        assert vmapped.can_share(small_config(), small_config(**changes))

    @pytest.mark.parametrize(
        "changes", [{"r": 3}, {"num_reviews": 50}, {"max_length": 20}, {"num_train_epochs": 4}]
    )
    def test_nothing_else_may(self, changes):
        assert not vmapped.can_share(small_config(), small_config(**changes))

    def test_the_processor_trains_one_after_another_unless_told(self, monkeypatch):
        assert not vmapped.is_wanted()
        monkeypatch.setenv("PEFT_DEMO_REPEATS", "one_pass")
        assert vmapped.is_wanted()
        monkeypatch.setenv("PEFT_DEMO_FORWARD", "transformers")
        assert not vmapped.is_wanted()

    def test_a_wrong_setting_is_refused(self, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_REPEATS", "twice")
        with pytest.raises(InvalidFieldsError, match="auto, one_pass or apart, got 'twice'"):
            vmapped.is_wanted()


@pytest.mark.slow
class TestEngine:
    @pytest.fixture(autouse=True)
    def one_pass_is_wanted(self, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_REPEATS", "one_pass")

    @staticmethod
    def trained(store, configs, until=lambda runs: None):
        _, runs = store.submit_plan(Plan(GroupKind.REPEATS, "repeats", configs), "test")
        engine = Engine(store)
        engine.start()
        until(runs)
        wait_until(lambda: all(store.get(run.run_id).status.is_over for run in runs))
        engine.close()
        return [store.get(run.run_id) for run in runs]

    def test_repeats_become_ordinary_runs_that_share_the_time(self, store, counted):
        runs = self.trained(store, [small_config(seed=seed) for seed in (1, 2, 3)])
        assert [run.status for run in runs] == [RunStatus.COMPLETED] * 3
        assert counted == [3] * 12
        for run in runs:
            assert len(store.steps(run.run_id)) == 12
            assert len(run.epochs) == 3
            assert run.result.reload_difference < loop.RELOAD_TOLERANCE
        found = Predictor(store).predict("A fine film.", [run.run_id for run in runs])
        assert len({prediction.probabilities["positive"] for prediction in found}) == 3
        elapsed = max(r.finished_at for r in runs) - min(r.started_at for r in runs)
        spent = sum(run.result.train_output["train_runtime"] for run in runs)
        assert 0 < spent < elapsed.total_seconds()

    def test_who_differs_is_trained_after_them(self, store, counted):
        configs = [small_config(seed=1), small_config(seed=2), small_config("ia3")]
        runs = self.trained(store, configs)
        assert [run.status for run in runs] == [RunStatus.COMPLETED] * 3
        assert counted == [2] * 12
        assert runs[2].started_at >= max(run.finished_at for run in runs[:2])

    def test_one_is_stopped_and_the_others_go_on(self, store, counted):
        def stop_the_second(runs):
            wait_until(lambda: store.get(runs[1].run_id).epochs)
            store.request_stop(runs[1].run_id)

        configs = [long_config(seed=seed, num_train_epochs=4) for seed in (1, 2, 3)]
        runs = self.trained(store, configs, stop_the_second)
        completed, cancelled = RunStatus.COMPLETED, RunStatus.CANCELLED
        assert [run.status for run in runs] == [completed, cancelled, completed]
        assert {2, 3} == set(counted)
        assert len(store.steps(runs[0].run_id)) == len(counted)


def models_of(base, method, **options):
    """Two runs' models, moved away from where adapters begin."""
    found = []
    for seed in (1, 2):
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            config = small_config(method, seed=seed, **one_module(method), **options)
            model = adapters.build(base, config).train()
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.01 * torch.randn_like(parameter))
        found.append(model)
    return found


def random_batches():
    token_ids = torch.randint(1_000, 20_000, (2, 3, 12), generator=torch.manual_seed(3))
    labels = torch.tensor([1, 0, 1])
    return [
        {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
        for ids in token_ids
    ]


def stepped(models, batches):
    """The losses of one common step."""
    steps = [
        vmapped._Step(place, model, batch, torch.Generator())
        for place, (model, batch) in enumerate(zip(models, batches, strict=True))
    ]
    return vmapped._stacked(models, None).backward(steps)


def gradients_of(model):
    return {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }


def check_gradients(models, batches):
    """Losses and gradients of a common step are those of each model by itself."""
    expected = []
    for model, batch in zip(models, batches, strict=True):
        loss = model(**batch).loss
        loss.backward()
        expected.append((loss.item(), gradients_of(model)))
        model.zero_grad()
    for loss, model, (own_loss, own) in zip(
        stepped(models, batches), models, expected, strict=True
    ):
        assert loss.item() == pytest.approx(own_loss, abs=1e-5)
        found = gradients_of(model)
        assert found.keys() == own.keys()
        largest = max(gradient.abs().max() for gradient in own.values())
        for name, gradient in own.items():
            assert (found[name] - gradient).abs().max() < 1e-4 * largest, name
