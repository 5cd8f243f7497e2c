"""The base's dropout as a setting, and frozen blocks that compute each text once."""

from __future__ import annotations

import pytest
import torch
from small_runs import Recorder, numbers_of, small_config
from tiny_encoders import save_tiny

from peft_demo import adapters, models
from peft_demo.errors import InvalidFieldsError, RunCancelledError
from peft_demo.models import fast_forward, frozen_blocks, own
from peft_demo.models.families import ARCHITECTURES
from peft_demo.models.shared_states import shared_states
from peft_demo.runs import RunConfig
from peft_demo.training.loop import train

LAST = {"base_dropout": 0, "layers_to_transform": "4-5"}

OTHERS = sorted({*ARCHITECTURES} - {"distilbert", "albert"})
"""The families but the built-in base's, and the one whose blocks share their weights."""


def built(base, method="lora", **values):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return adapters.build(base, small_config(method, **values))


def remembering(model) -> list[frozen_blocks.FrozenBlock]:
    return [part for part in model.modules() if isinstance(part, frozen_blocks.FrozenBlock)]


def expecting(model, batch):
    """The model, told of the batch's texts; and its memory."""
    rows = zip(batch["input_ids"].tolist(), batch["attention_mask"].sum(1).tolist(), strict=True)
    frozen_blocks.expect(model, [ids[:length] for ids, length in rows], is_autocast=False)
    return model, frozen_blocks.memory_of(model)


def computed(model, batch):
    """Logits and gradients of one training step, without the step."""
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(2)  # of the head's dropout, and LoRA's own
        found = model(**batch)
        found.loss.backward()
    grads = [p.grad.clone() for p in model.parameters() if p.requires_grad]
    model.zero_grad()
    return found.logits.detach(), grads


class TestTheField:
    def test_is_the_checkpoints_own_where_it_is_empty(self):
        assert RunConfig().base_dropout is None
        assert RunConfig(base_dropout="").base_dropout is None
        assert RunConfig(base_dropout="0").base_dropout == 0
        assert RunConfig(base_dropout=0.3).flat()["base_dropout"] == 0.3

    @pytest.mark.parametrize("value", [-0.1, 0.31, "much", True, float("nan")])
    def test_is_refused_beyond_its_limits(self, value):
        with pytest.raises(InvalidFieldsError, match=r"base_dropout must be a number between 0 an"):
            RunConfig(base_dropout=value)

    def test_is_that_of_the_run_and_not_of_the_base(self, base):
        def rates(model):
            body = model.get_submodule(base.architecture.body)
            return {part.p for part in body.modules() if isinstance(part, torch.nn.Dropout)}

        before = rates(base.model)
        for p in (0, 0.25):
            network = built(base, base_dropout=p, lora_dropout=0).get_base_model()
            assert rates(network) == {p}
            assert network.dropout.p == base.model.dropout.p > 0  # the head's stays
        assert rates(base.model) == before == {0.1}

    @pytest.mark.slow
    def test_reaches_every_family(self, tiny_bases):
        for tiny in tiny_bases.values():
            for p in (0, 0.2):
                config = RunConfig(
                    base_model=tiny.id, base_dropout=p, max_length=16, r=4, lora_dropout=0
                )
                network = adapters.build(tiny, config).get_base_model()
                body = network.get_submodule(tiny.architecture.body)
                dropouts = [part for part in body.modules() if isinstance(part, torch.nn.Dropout)]
                assert {part.p for part in dropouts} == {p}
                assert frozen_blocks.drops(body) == (p > 0)
                block = network.get_submodule(tiny.architecture.block(0).rstrip("."))
                # After attention and after the feed-forward part, whatever their rates were.
                assert len({part for part in block.modules() if part in dropouts}) >= 2


class TestWhichBlocks:
    @pytest.mark.parametrize(
        ("method", "values", "count"),
        [
            ("lora", LAST, 4),
            ("lora", {**LAST, "layers_to_transform": "5"}, 5),
            ("vera", {**LAST, "d_initial": 0.1}, 4),
            ("lora", {**LAST, "base_dropout": 0.1}, 0),
            ("lora", {**LAST, "base_dropout": None}, 0),
            ("lora", {**LAST, "layers_to_transform": "0,5"}, 0),
            ("lora", {"base_dropout": 0}, 0),
            ("lora", {**LAST, "bias": "all"}, 0),
            ("prompt_tuning", {"base_dropout": 0}, 0),
            ("full_ft", {"base_dropout": 0}, 0),
        ],
    )
    def test_are_those_below_what_is_trained(self, base, method, values, count):
        assert len(remembering(built(base, method, **values))) == count

    def test_are_none_in_plain_transformers(self, base, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_FORWARD", "transformers")
        assert not remembering(built(base, **LAST))


class TestNumbers:
    @pytest.fixture
    def batch(self, base):
        texts = ["A wonderful film.", "Dull, long and loud: I left after an hour.", "No."]
        found = base.tokenizer(texts, padding=True, return_tensors="pt")
        return {**found, "labels": torch.tensor([1, 0, 0])}

    def test_and_gradients_are_those_without(self, base, batch, monkeypatch):
        ours, memory = expecting(built(base, **LAST), batch)
        monkeypatch.setattr(fast_forward, "remember_frozen", lambda *_, **__: 0)
        plain = built(base, **LAST)
        assert not remembering(plain)
        expected, gradients = computed(plain, batch)
        for _ in range(2):  # computed, and remembered
            found, own_gradients = computed(ours, batch)
            assert abs(found - expected).max() < 1e-5
            for mine, theirs in zip(own_gradients, gradients, strict=True):
                assert torch.allclose(mine, theirs, atol=1e-5)
        assert len(memory.states) == 3
        assert memory.num_bytes == sum(states.nbytes for states in memory.states.values())

    def test_of_texts_that_nobody_expected_are_computed_as_they_come(self, base, batch):
        model = built(base, **LAST)
        found, _ = computed(model, batch)
        _, memory = expecting(model, batch)
        again, _ = computed(model, batch)
        assert abs(found - again).max() < 1e-5
        assert len(memory.states) == 3

    def test_do_not_depend_on_who_is_asked_for_first(self, base, batch):
        (one, mine), (other, theirs) = (expecting(built(base, **LAST), batch) for _ in range(2))
        computed(one, batch)
        shared_states.clear()
        alone = {
            name: (values[2:] if name == "labels" else values[2:, :4])
            for name, values in batch.items()
        }
        computed(other, alone)
        assert len(theirs.states) == 1
        computed(other, batch)
        assert mine.states.keys() == theirs.states.keys()
        assert all(torch.equal(states, theirs.states[key]) for key, states in mine.states.items())

    def test_are_computed_once_for_all_runs_on_the_base(self, base, batch, monkeypatch):
        """Those of a base of its own are nobody else's, and other numbers of blocks make others."""
        shared_states.clear()
        found = []
        compute = frozen_blocks.Memory._computed
        monkeypatch.setattr(
            frozen_blocks.Memory,
            "_computed",
            lambda memory, body, ids, mask: found.append(ids) or compute(memory, body, ids, mask),
        )

        def logits(**values):
            return computed(expecting(built(base, **{**LAST, **values}), batch)[0], batch)[0]

        first = logits()
        assert len(found) == 3  # one for each length
        assert torch.equal(logits(), first)
        assert len(found) == 3
        logits(layers_to_transform="5")
        assert len(found) == 6
        logits(method="pissa")
        assert len(found) == 9

    def test_share_no_more_memory_than_is_set(self, base, monkeypatch):
        shared_states.clear()
        ids = torch.tensor([[101, number, *range(1000, 1048)] for number in range(2000, 2040)])
        batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        model, memory = expecting(built(base, **LAST).eval(), batch)
        monkeypatch.setenv("PEFT_DEMO_FEATURES_MB", "1")
        first = model(**batch).logits
        assert 0 < shared_states.num_bytes <= 1_000_000 < memory.num_bytes
        assert torch.equal(first, model(**batch).logits)

    def test_beyond_what_a_run_may_remember_are_computed_beside_the_others(self, base, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_FEATURES_MB", "1")
        asked, compute = [], frozen_blocks.Memory._computed

        def counted(memory, body, ids, mask):
            asked.append(len(ids))
            return compute(memory, body, ids, mask)

        monkeypatch.setattr(frozen_blocks.Memory, "_computed", counted)
        ids = torch.tensor([[101, number, *range(1000, 1198)] for number in range(2000, 2005)])
        mask = torch.ones_like(ids)
        mask[4, 100:] = 0
        batch = {"input_ids": ids, "attention_mask": mask, "labels": torch.arange(5) % 2}
        model, memory = expecting(built(base, "pissa", **LAST), batch)
        found, gradients = computed(model, batch)
        assert 0 < memory.num_bytes <= 1_000_000
        assert (len(memory.states), asked) == (3, [3, 2])
        assert torch.equal(computed(model, batch)[0], found)
        assert asked == [3, 2, 2]
        monkeypatch.setattr(fast_forward, "remember_frozen", lambda *_, **__: 0)
        expected, theirs = computed(built(base, "pissa", **LAST), batch)
        assert abs(found - expected).max() < 1e-5
        for mine, other in zip(gradients, theirs, strict=True):
            assert torch.allclose(mine, other, atol=1e-5)


@pytest.mark.slow
class TestFamilies:
    """Three blocks each, of which one is trained: so ModernBERT's frozen ones are of two kinds."""

    BATCH = ("the film not good", "bad a dull long wonderful film, not a good long film", "a")

    @pytest.fixture
    def model_of(self, home, tmp_path, forget_bases, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_PRECISION", "float32")

        def make(family, **more):
            folder = save_tiny(family, tmp_path / family, num_hidden_layers=3, **more)
            tiny = models.load(own.add(str(folder), may_be_folder=True).id)

            def model(**values):
                given = {"base_dropout": 0, "layers_to_transform": "2", "r": 4, **values}
                config = RunConfig(base_model=tiny.id, max_length=16, lora_dropout=0, **given)
                with torch.random.fork_rng():
                    torch.manual_seed(1)
                    return adapters.build(tiny, config)

            batch = tiny.tokenizer([*self.BATCH], padding=True, return_tensors="pt")
            return model, {**batch, "labels": torch.tensor([1, 0, 1])}

        return make

    @pytest.mark.parametrize("family", OTHERS)
    def test_give_the_numbers_and_gradients_of_those_without(self, model_of, family, monkeypatch):
        model, batch = model_of(family)
        ours, dropping = model(), model(base_dropout=0.1)
        assert (len(remembering(ours)), len(remembering(dropping))) == (2, 0)
        monkeypatch.setattr(fast_forward, "remember_frozen", lambda *_, **__: 0)
        expected, gradients = computed(model(), batch)
        _, memory = expecting(ours, batch)
        for _ in range(2):  # computed, and remembered
            found, own_gradients = computed(ours, batch)
            assert abs(found - expected).max() < 1e-5
            for mine, theirs in zip(own_gradients, gradients, strict=True):
                assert torch.allclose(mine, theirs, atol=1e-5)
        assert len(memory.states) == 3

    def test_that_share_their_weights_have_none_below(self, model_of):
        model, _ = model_of("albert")
        assert not remembering(model(layers_to_transform=""))

    def test_with_a_convolution_after_the_first_compute_it_each_time(self, model_of):
        model, batch = model_of("deberta-v2", conv_kernel_size=3, conv_act="gelu")
        network = model()
        assert not remembering(network)
        assert torch.isfinite(computed(network, batch)[0]).all()


@pytest.mark.slow
def test_a_training_that_is_interrupted_gives_the_same_numbers(tmp_path):
    config = small_config(**LAST, num_train_epochs=2)
    whole = Recorder()
    expected = train(config, tmp_path / "whole", whole)
    before, after = Recorder(stop_after=6), Recorder()
    with pytest.raises(RunCancelledError):
        train(config, tmp_path / "parts", before)
    result = train(config, tmp_path / "parts", after)
    after.steps[:0] = before.steps[:4]
    after.epochs[:0] = before.epochs
    assert numbers_of(after.steps, after.epochs, result) == numbers_of(
        whole.steps, whole.epochs, expected
    )
