"""ParameterCount: what is counted on paper is what a built model trains and a saved one stores."""

import dataclasses
import math
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from field_values import allowed_by
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from made_up_family import MINE
from small_runs import run_python
from transformers import BertTokenizer, DistilBertConfig, DistilBertForSequenceClassification

from peft_demo import adapters, models
from peft_demo.adapters.parameter_count import (
    ParameterCount,
    Part,
    Tensor,
    _counted,
    count_parameters,
)
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Field, Integer
from peft_demo.methods import METHODS
from peft_demo.models import FAMILY, HUB_BASE, loading
from peft_demo.runs import RunConfig


def counted(config: RunConfig) -> ParameterCount:
    return count_parameters(config.method, config.method_values, config.setting)


def built(base: models.Base, config: RunConfig) -> torch.nn.Module:
    with torch.random.fork_rng():
        return adapters.build(base, config)


def trained_numbers(tensors: tuple[Tensor, ...]) -> int:
    return sum(math.prod(tensor.shape) for tensor in tensors if tensor.trained)


def assert_adds_up(drawn: ParameterCount) -> None:
    """What is listed by place is all that is trained, except in the head."""
    block = sum(trained_numbers(part.tensors) for part in drawn.block)
    outside = trained_numbers(drawn.shared) + trained_numbers(drawn.embeddings)
    blocks = (len(drawn.some_blocks) or drawn.n_layers) * block + drawn.num_elsewhere
    assert blocks + outside + drawn.num_around == drawn.num_adapter_parameters


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_counts_and_file_are_those_of_a_built_model(self, base, method, tmp_path):
        config = RunConfig(method=method)
        model, drawn = built(base, config), counted(config)
        assert adapters.count_trained(model, FAMILY) == (
            drawn.num_adapter_parameters,
            drawn.num_head_parameters,
        )
        assert drawn.num_base_parameters == base.num_parameters()
        assert drawn.file_bytes == adapters.save(model, tmp_path).stat().st_size

    def test_every_trained_tensor_has_its_place(self, method):
        drawn = counted(RunConfig(method=method))
        assert_adds_up(drawn)
        modules = [part.module for part in drawn.block]
        assert len(set(modules)) == len(modules)
        assert {*modules} <= {*FAMILY.linear, *FAMILY.layer_norms}
        for part in drawn.block:
            names = [tensor.name for tensor in part.tensors]
            assert len(set(names)) == len(names)

    def test_the_target_modules_are_those_that_get_something(self, method):
        config = RunConfig(method=method)
        targets = config.method_values.get("target_modules", ())
        if METHODS[method].peft_config is None:
            targets = (*FAMILY.linear, *FAMILY.layer_norms)
        assert {part.module for part in counted(config).block} == set(targets)

    def test_the_optimiser_keeps_two_numbers_for_each_trained_one(self, method):
        drawn = counted(RunConfig(method=method))
        trained = drawn.num_adapter_parameters + drawn.num_head_parameters
        assert drawn.optimizer_bytes == 8 * trained
        assert drawn.share_of_base == drawn.num_adapter_parameters / drawn.num_base_parameters


def random_value(field: Field) -> st.SearchStrategy[object]:
    """Any allowed value; small numbers more often, for large ones suit few networks."""
    if not isinstance(field, Integer):
        return allowed_by(field)
    powers = [2**power for power in range(8) if field.minimum <= 2**power <= field.maximum]
    return st.one_of(st.sampled_from(powers), allowed_by(field)) if powers else allowed_by(field)


@contextmanager
def made_up(folder, n_layers: int) -> Iterator[models.Base]:
    """A small network of random weights takes the place of the Hub's model."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijk"]
    (folder / "words.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizer(str(folder / "words.txt"), do_lower_case=False).save_pretrained(folder)
    with torch.random.fork_rng():
        DistilBertForSequenceClassification(
            DistilBertConfig(
                vocab_size=len(vocabulary), dim=64, n_layers=n_layers, n_heads=4, hidden_dim=128
            )
        ).save_pretrained(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(folder))
        patch.setattr(loading, "_loaded", {})
        yield models.load(HUB_BASE)


@pytest.mark.slow
class MadeUpBase:
    """The same questions on a network of other measures."""

    n_layers: int

    @pytest.fixture(scope="class")
    def small_base(self, tmp_path_factory):
        with made_up(tmp_path_factory.mktemp("made-up"), self.n_layers) as base:
            yield base

    @pytest.mark.parametrize("method", METHODS)
    # A method that checks its fields against each other refuses most of what is drawn.
    @profile(max_examples=3, suppress_health_check=[HealthCheck.filter_too_much])
    @given(data=st.data())
    def test_any_fields_that_a_run_accepts(self, small_base, tmp_path_factory, method, data):
        fields = {field.name: data.draw(random_value(field)) for field in METHODS[method].fields}
        try:
            config = RunConfig(method=method, base_model=HUB_BASE, **fields)
            config.require_valid()
        except InvalidFieldsError:
            assume(False)
        model, drawn = built(small_base, config), counted(config)
        assert adapters.count_trained(model, FAMILY) == (
            drawn.num_adapter_parameters,
            drawn.num_head_parameters,
        )
        assert drawn.num_base_parameters == small_base.num_parameters()
        assert drawn.n_layers == self.n_layers
        assert_adds_up(drawn)
        folder = tmp_path_factory.mktemp("saved")
        assert drawn.file_bytes == adapters.save(model, folder).stat().st_size


class TestABaseOfOneBlock(MadeUpBase):
    n_layers = 1


class TestABaseOfThreeBlocks(MadeUpBase):
    n_layers = 3


class TestByHand:
    def test_lora(self):
        drawn = counted(RunConfig(method="lora", r=4, target_modules=["q_lin", "ffn.lin1"]))
        assert drawn.block == (
            Part("q_lin", (Tensor("lora_A", (4, 384), True), Tensor("lora_B", (384, 4), True))),
            Part("ffn.lin1", (Tensor("lora_A", (4, 384), True), Tensor("lora_B", (1536, 4), True))),
        )
        assert (drawn.shared, drawn.embeddings) == ((), ())
        assert drawn.num_adapter_parameters == 6 * 4 * (384 + 384 + 384 + 1536)

    def test_matrices_that_all_blocks_share_are_listed_once(self):
        drawn = counted(RunConfig(method="vera", r=16, target_modules=FAMILY.attention))
        assert drawn.shared == (
            Tensor("vera_A", (16, 384), False),
            Tensor("vera_B", (384, 16), False),
        )
        assert [part.module for part in drawn.block] == list(FAMILY.attention)
        scales = (Tensor("vera_lambda_b", (384,), True), Tensor("vera_lambda_d", (16,), True))
        assert drawn.block[0].tensors == scales

    def test_vectors_kept_outside_the_blocks_belong_to_their_modules(self):
        drawn = counted(RunConfig(method="tinylora", u=5, target_modules=["k_lin", "v_lin"]))
        assert drawn.num_adapter_parameters == 6 * 2 * 5
        for part in drawn.block:
            assert Tensor("tinylora_v", (5,), True) in part.tensors
        assert drawn.shared == ()

    def test_a_layer_norm_that_is_trained_is_named_by_its_own_tensors(self):
        drawn = counted(RunConfig(method="ln_tuning", target_modules=["sa_layer_norm"]))
        own = (Tensor("weight", (384,), True), Tensor("bias", (384,), True))
        assert drawn.block == (Part("sa_layer_norm", own),)

    def test_full_fine_tuning_trains_the_embeddings_too(self):
        drawn = counted(RunConfig(method="full_ft"))
        assert Tensor("word_embeddings", (30_522, 384), True) in drawn.embeddings
        assert drawn.num_adapter_parameters == drawn.num_base_parameters

    def test_the_head_alone_leaves_all_else_empty(self):
        drawn = counted(RunConfig(method="head_only"))
        assert (drawn.block, drawn.shared, drawn.embeddings) == ((), (), ())
        assert drawn.num_adapter_parameters == 0
        assert drawn.num_head_parameters == 384 * 384 + 384 + 2 * 384 + 2


@pytest.mark.slow
class TestBesideATraining:
    """All threads share the random generators, and the classes of peft."""

    @pytest.fixture(autouse=True)
    def forgotten(self):
        """Everything is counted anew."""
        _counted.cache_clear()

    @pytest.mark.parametrize("method", METHODS)
    def test_no_random_generator_moves(self, method, monkeypatch):
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a generator that all threads share was set")

        config = RunConfig(method=method)
        before = (torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate())
        # Put back afterwards, they would still have moved for the others.
        for where, name in (
            (torch, "manual_seed"),
            (torch, "set_rng_state"),
            (torch.random, "manual_seed"),
            (torch.random, "set_rng_state"),
            (np.random, "seed"),
            (np.random, "set_state"),
            (random, "seed"),
            (random, "setstate"),
        ):
            monkeypatch.setattr(where, name, refuse)
        counted(config)
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])
        assert random.getstate() == before[2]

    def test_another_thread_draws_and_computes_as_ever(self):
        drawn: list[float] = []
        is_over = threading.Event()

        def train() -> None:
            while not is_over.is_set():
                made = torch.nn.init.normal_(torch.empty(3))
                rows, _ = torch.triu_indices(3, 3, 1)
                assert rows.tolist() == [0, 0, 1]
                assert torch.where(made.cpu() < math.inf)[0].tolist() == [0, 1, 2]
                drawn.extend(made.tolist())

        with torch.random.fork_rng():
            torch.manual_seed(3)
            with ThreadPoolExecutor(1) as pool:
                training = pool.submit(train)
                for method in METHODS:
                    counted(RunConfig(method=method))
                is_over.set()
                training.result()
            torch.manual_seed(3)
            assert drawn
            assert drawn == [
                number for _ in range(len(drawn) // 3) for number in torch.randn(3).tolist()
            ]

    def test_several_threads_count_the_same_as_one(self):
        configs = [RunConfig(method=method) for method in METHODS]
        alone = [counted(config) for config in configs]
        _counted.cache_clear()
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(counted, configs)) == alone


class TestMemory:
    def test_the_same_question_is_answered_once(self):
        config = RunConfig(method="lora", r=7)
        assert counted(config) is counted(RunConfig(method="lora", r=7))
        assert counted(config) is not counted(RunConfig(method="lora", r=6))

    def test_another_row_of_the_same_name_is_counted_anew(self, monkeypatch):
        config = RunConfig(method="lora")
        before = counted(config)
        other = dataclasses.replace(METHODS["lora"], peft_config=METHODS["dora"].peft_config)
        monkeypatch.setitem(METHODS, "lora", other)
        assert counted(config).num_adapter_parameters > before.num_adapter_parameters

    @pytest.mark.slow
    def test_no_weight_is_loaded(self, tmp_path):
        code = """
from peft_demo.adapters.parameter_count import count_parameters
from peft_demo.models import BUILTIN_BASE, HUB_BASE, loading
from peft_demo.runs import RunConfig

def refuse(base_id):
    raise AssertionError(f"{base_id} was loaded")

loading.load = refuse
for base in (BUILTIN_BASE, HUB_BASE):
    config = RunConfig(method="full_ft", base_model=base)
    print(count_parameters(config.method, config.method_values, config.setting).num_base_parameters)
print(loading._loaded)
"""
        done = run_python(code, tmp_path)
        assert done.stdout.split() == ["22564608", "65190912", "{}"], done.stderr


def test_another_family_is_counted_by_its_own_names(made_up_base):
    config = RunConfig(base_model=made_up_base.id, r=2, target_modules=["self.query", "self.value"])
    found = counted(config)
    dim, n_layers = MINE["dim"], MINE["n_layers"]
    assert found.num_head_parameters == 2 * dim + 2
    assert found.num_adapter_parameters == n_layers * 2 * 2 * 2 * dim
    network = made_up_base.shape.network(num_labels=2)
    assert found.num_base_parameters == network.num_parameters() - found.num_head_parameters
    assert [(part.module, part.tensors) for part in found.block] == [
        (module, (Tensor("lora_A", (2, dim), True), Tensor("lora_B", (dim, 2), True)))
        for module in ("self.query", "self.value")
    ]
