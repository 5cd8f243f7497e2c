"""The forward pass: transformers' own numbers, with masks that are drawn faster."""

import copy
import dataclasses
import math

import numpy as np
import pytest
import torch
from made_up_family import MADE_UP, MINE
from small_runs import Recorder, small_config
from torch.nn import functional
from transformers.models.distilbert.modeling_distilbert import TransformerBlock

from peft_demo import adapters, models
from peft_demo.data import SENTIMENT
from peft_demo.errors import InvalidFieldsError
from peft_demo.methods import METHODS
from peft_demo.models import FAMILY, fast_forward, loading
from peft_demo.models.families import ARCHITECTURES
from peft_demo.training import loop

TEXTS = ["A wonderful film.", "Dull, long and loud: I left after an hour. " * 3, "No."]
WITH_DROPOUT = tuple(method for method in METHODS if method != "head_only")
"""All but the one whose body computes without."""


def as_transformers(model: torch.nn.Module) -> torch.nn.Module:
    """A copy made of the classes of transformers and PyTorch themselves."""
    plain = copy.deepcopy(model)
    for name, module in reversed(list(plain.named_modules(remove_duplicate=False))):
        if isinstance(module, fast_forward.Dropout):
            plain.set_submodule(name, torch.nn.Dropout(module.p))
        if isinstance(module, fast_forward.FrozenBody):
            plain.set_submodule(name, module.body)
        if isinstance(module, fast_forward.LastBlock):
            with torch.random.fork_rng():
                block = TransformerBlock(plain.config)
            for child, own in module.named_children():
                setattr(block, child, own)
            plain.set_submodule(name, block)
    plain.set_attn_implementation("sdpa")
    assert not own_kinds(plain)
    return plain.train(model.training)


def own_kinds(model: torch.nn.Module) -> set[str]:
    """The names of our classes among a model's modules."""
    kinds = {type(module) for module in model.modules()}
    return {kind.__name__ for kind in kinds if kind.__module__ == fast_forward.__name__}


@pytest.fixture(scope="module")
def base(narrow_base):
    """Two blocks: the last one, and one that is not."""
    return narrow_base


@pytest.fixture
def batch(base) -> dict[str, torch.Tensor]:
    """Three reviews of different lengths, padded."""
    found = base.tokenizer(TEXTS, padding=True, return_tensors="pt")
    return {**found, "labels": torch.tensor([1, 0, 0])}


@pytest.fixture
def faster_dropout(monkeypatch):
    """What exported code puts in the place of PyTorch's dropout."""

    def replaced(values, p=0.5, training=True, inplace=False):
        return (
            values * fast_forward.dropout_mask(values.shape, p, values.dtype)
            if training
            else values
        )

    monkeypatch.setattr(functional, "dropout", replaced)


def built(base, method: str, **values) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return adapters.build(base, small_config(method, base_model=base.id, **values))


def in_double(base, method: str) -> torch.nn.Module:
    """A model whose adapter does something, in numbers whose roundings hide nothing."""
    model = copy.deepcopy(built(base, method)).double()
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(6)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.05 * torch.randn_like(parameter)
    return model


def loss_and_gradients(model, batch, seed=3):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        loss = model(**batch).loss
        loss.backward()
        state = torch.get_rng_state()
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return loss.item(), found, state


ENCODER = torch.nn.Module()
ENCODER.is_causal = False


class TestAttentionWithoutDropout:
    """In bfloat16 its gradients are computed in float32, which is several times as fast."""

    @pytest.mark.parametrize("is_masked", [True, False])
    def test_has_the_gradients_of_attention(self, is_masked):
        generator = torch.Generator().manual_seed(1)
        query, key, value, upstream = (
            torch.randn(2, 3, 9, 8, generator=generator).bfloat16() for _ in range(4)
        )
        mask = torch.ones(2, 1, 9, 9, dtype=torch.bool) if is_masked else None
        if mask is not None:
            mask[1, :, :, 4:] = False
        parts = [part.requires_grad_() for part in (query, key, value)]
        with torch.autocast("cpu", torch.bfloat16):
            found, _ = fast_forward.attention(ENCODER, *parts, mask, scaling=0.3)
        found.backward(upstream.transpose(1, 2))
        exact = [part.detach().double().requires_grad_() for part in parts]
        expected = functional.scaled_dot_product_attention(*exact, attn_mask=mask, scale=0.3)
        expected.backward(upstream.double())
        assert found.dtype is torch.bfloat16
        pairs = [(found.transpose(1, 2), expected)]
        pairs += [(part.grad, other.grad) for part, other in zip(parts, exact, strict=True)]
        for ours, other in pairs:
            # One rounding to eight bits, and no other.
            assert (ours.double() - other).abs().max() < 0.004 * other.abs().max()

    def test_is_pytorchs_own_where_nobody_asks_for_gradients(self):
        parts = [torch.randn(2, 3, 9, 8).bfloat16() for _ in range(3)]
        with torch.no_grad():
            found, _ = fast_forward.attention(ENCODER, *parts, None, scaling=0.3)
        expected = functional.scaled_dot_product_attention(*parts, scale=0.3)
        assert torch.equal(found.transpose(1, 2), expected)


@pytest.mark.slow
class TestTheLastLayer:
    @pytest.mark.parametrize("method", METHODS)
    def test_computes_what_transformers_does(self, base, batch, method):
        """And the body is a frozen one where nothing but the head is trained, nowhere else."""
        model = in_double(base, method).eval()
        trained = [name for name, p in model.named_parameters() if p.requires_grad]
        heads = [name for name in trained if any(part in name for part in FAMILY.head)]
        assert ("FrozenBody" in own_kinds(model)) == (trained == heads)
        plain = as_transformers(model)
        (last,) = (part for part in model.modules() if isinstance(part, fast_forward.LastBlock))
        assert last.all_tokens == METHODS[method].needs_all_tokens
        with torch.inference_mode():
            found, expected = (some(**batch).logits for some in (model, plain))
        assert abs(found - expected).max() < 1e-9 * abs(expected).max()

    @pytest.mark.parametrize("method", WITH_DROPOUT)
    def test_trains_as_transformers_does_with_the_same_masks(
        self, base, batch, method, faster_dropout
    ):
        model = in_double(base, method).train()
        plain = as_transformers(model)
        plain.set_attn_implementation("eager")
        loss, gradients, state = loss_and_gradients(model, batch)
        expected, others, other_state = loss_and_gradients(plain, batch)
        assert loss == pytest.approx(expected, rel=1e-9)
        assert torch.equal(state, other_state)  # and so are all masks that follow
        assert set(gradients) == set(others)
        # C3A's gradients differ by 1.7e-7, more than those of any other method.
        limit = 1e-6 if method == "c3a" else 1e-7
        for name, gradient in gradients.items():
            largest = others[name].abs().max()
            # That of a key's bias is nothing but roundings.
            assert (gradient - others[name]).abs().max() <= limit * largest + 1e-12, name

    def test_computes_the_first_token_only(self, base, batch):
        last = base.shared(SENTIMENT).distilbert.transformer.layer[-1]
        seen = {}
        for name in ("attention.q_lin", "attention.k_lin", "attention.out_lin", "ffn.lin2"):
            last.get_submodule(name).register_forward_hook(
                lambda _module, inputs, _output, name=name: seen.update({name: inputs[0].shape[1]})
            )
        hidden = torch.randn(2, 9, base.model.config.dim)
        assert last(hidden).shape == (2, 1, base.model.config.dim)
        assert seen == {"attention.q_lin": 1, "attention.k_lin": 9, "attention.out_lin": 1} | {
            "ffn.lin2": 1
        }


@pytest.mark.parametrize(("pooling", "left_out"), [("first", {"LastBlock"}), ("mean", set())])
def test_only_what_a_familys_head_does_not_read_is_left_out(monkeypatch, pooling, left_out):
    family = dataclasses.replace(MADE_UP, pooling=pooling)
    monkeypatch.setitem(ARCHITECTURES, family.model_type, family)
    network = models.Shape(**MINE, architecture=family).network()
    fast_forward.prepare_base(network)
    assert own_kinds(network) == left_out


class TestDropout:
    @pytest.mark.parametrize("p", [0.05, 0.1, 0.2, 0.5, 0.9])
    def test_zeroes_with_its_probability_and_keeps_the_mean(self, p):
        count = 1_000_000
        mask = fast_forward.dropout_mask((1000, 1000), p, torch.float32)
        assert set(mask.unique().tolist()) == {0.0, torch.tensor(1 / (1 - p)).item()}
        # Five standard deviations of a binomial.
        assert abs((mask == 0).sum().item() - p * count) < 5 * math.sqrt(count * p * (1 - p))

    @pytest.mark.parametrize("distance", [1, 2, 3, 4, 5, 1000])
    def test_numbers_are_independent_of_their_neighbours(self, distance):
        mask = fast_forward.dropout_mask((1_000_000,), 0.5, torch.float32).numpy() - 1
        assert abs(np.mean(mask[:-distance] * mask[distance:])) < 5 / 1000

    def test_is_as_random_as_bernoulli(self):
        ours = fast_forward.dropout_mask((4000, 256), 0.1, torch.float32).eq(0).sum(1).double()
        pytorchs = torch.empty(4000, 256).bernoulli_(0.1).sum(1).double()
        # The counts of 4,000 rows: the same variance within five standard errors.
        error = math.sqrt(2 / 4000) * math.sqrt(2) * 256 * 0.09
        assert abs(ours.var() - pytorchs.var()) < 5 * error

    def test_nothing_and_everything(self):
        values = torch.randn(8, 8)
        assert torch.equal(fast_forward.drop(values, 0.0), values)
        assert not fast_forward.drop(values, 1.0).any()

    @pytest.mark.parametrize("count", [1, 2, 3, 5, 4097])
    def test_any_size_and_type(self, count):
        for dtype in (torch.float32, torch.bfloat16, torch.float64):
            mask = fast_forward.dropout_mask((count,), 0.25, dtype)
            assert mask.shape == (count,)
            assert mask.dtype == dtype

    def test_the_generators_seed_decides(self):
        masks = []
        for seed in (1, 1, 2):
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                masks.append(fast_forward.dropout_mask((64, 64), 0.5, torch.float32))
        assert torch.equal(masks[0], masks[1])
        assert not torch.equal(masks[0], masks[2])

    def test_gradients_pass_where_numbers_do(self):
        values = torch.randn(5, 6, 7, requires_grad=True)
        dropped = fast_forward.drop(values, 0.4)
        dropped.sum().backward()
        assert torch.equal(values.grad == 0, dropped == 0)

    def test_models_do_not_drop_when_they_predict(self, base, batch):
        model = built(base, "lora", lora_dropout=0.5).eval()
        with torch.inference_mode():
            assert torch.equal(model(**batch).logits, model(**batch).logits)


@pytest.mark.slow
class TestAFrozenBody:
    def test_computes_each_review_once(self, base, batch, monkeypatch):
        model = built(base, "head_only").train()
        computed = []
        first_layer = model.base_model.model.distilbert.body.transformer.layer[0]
        first_layer.register_forward_hook(
            lambda _module, inputs, _output: computed.append(len(inputs[0]))
        )
        model(**batch)
        model(**batch)
        more = base.tokenizer([TEXTS[2], "Another."], padding=True, return_tensors="pt")
        model(**more)
        assert computed == [3, 1]

    def test_gives_the_features_that_the_body_computes(self, base, batch):
        model = built(base, "head_only").train()
        body = model.base_model.model.distilbert
        model(**batch)
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
        remembered = body(**inputs)[0]
        with torch.no_grad():
            assert torch.equal(remembered, base.model.distilbert(**inputs)[0])
        assert not remembered.requires_grad

    def test_predicts_in_float32_after_a_training_in_bfloat16(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PEFT_DEMO_PRECISION", "bfloat16")
        result = loop.train(small_config("head_only"), tmp_path, Recorder())
        assert result.precision == "bfloat16"
        assert result.reload_difference < 1e-5


class TestTheSwitch:
    @pytest.mark.slow
    def test_takes_transformers_own_classes(self, monkeypatch, forget_bases):
        monkeypatch.setenv("PEFT_DEMO_FORWARD", "transformers")
        base = models.load(loading.BUILTIN_BASE)
        for method in ("lora", "head_only"):
            model = built(base, method)
            assert not own_kinds(model)
            assert model.config._attn_implementation == "sdpa"
            assert torch.nn.Dropout in {type(module) for module in model.modules()}

    def test_another_value_is_refused(self, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_FORWARD", "slow")
        with pytest.raises(InvalidFieldsError, match="fast or transformers, got 'slow'"):
            fast_forward.prepare_base(object())

    def test_the_program_refuses_it_before_it_starts(self, command, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_FORWARD", "slow")
        done = command("runs")
        assert done.status == 2
        assert done.err == "Error: PEFT_DEMO_FORWARD must be fast or transformers, got 'slow'.\n"
