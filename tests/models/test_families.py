"""Every family of encoders: a tiny checkpoint of each is counted, trained, saved and loaded."""

from __future__ import annotations

import json
import math
import shutil

import pytest
import torch
from small_runs import run_python
from tiny_encoders import save_tiny

from peft_demo import adapters, models
from peft_demo.adapters.parameter_count import count_parameters
from peft_demo.errors import AssetError, InvalidFieldsError, NotFoundError
from peft_demo.methods import METHODS
from peft_demo.models import BASES, own
from peft_demo.models.families import ARCHITECTURES
from peft_demo.runs import RunConfig

FAMILIES = [name for name in ARCHITECTURES if name != "distilbert"]

EVERYWHERE = ("lora", "ln_tuning", "prompt_tuning", "head_only", "full_ft")
"""Methods that each meet every family: what they touch differs from family to family."""

SMALL = {
    **{"r": 4, "oft_block_size": 8, "boft_block_size": 4, "block_size": 8, "vector_length": 8},
    **{"num_B": 2, "n_frequency": 64, "theta_d_length": 64, "gralora_k": 2, "group_size": 8},
    **{"tinit": 0, "tfinal": 0, "target_r": 2, "init_r": 4},
}
"""What fits layers that are 32 wide."""

TEXTS = ["the film not good", "bad a dull long wonderful film", "a"]

PAIRS = [
    (family, method)
    for number, family in enumerate(FAMILIES)
    for place, method in enumerate(METHODS)
    # Each of the others meets two families.
    if method in EVERYWHERE or place % 4 == number % 4
]


def small(base: models.Base, method: str, **values: object) -> RunConfig:
    fitting = {
        field.name: max(SMALL[field.name], field.minimum)
        for field in METHODS[method].fields
        if field.name in SMALL
    }
    given = {"method": method, "base_model": base.id, "max_length": 16, "num_reviews": 40}
    return RunConfig({**given, **fitting, **values})


def built(base: models.Base, config: RunConfig) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return adapters.build(base, config)


def step(model: torch.nn.Module, base: models.Base, method: str) -> None:
    """One step of training."""
    batch = base.tokenizer(TEXTS, padding=True, return_tensors="pt")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    model.train()
    model(**batch, labels=torch.tensor([1, 0, 1])).loss.backward()
    assert all(parameter.grad is not None for parameter in trained)
    optimizer.step()
    if each_step := METHODS[method].each_step:
        each_step(model, 1)
    optimizer.zero_grad()
    model.eval()


def logits(model: torch.nn.Module, base: models.Base):
    return adapters.logits(model, base, base.encode(TEXTS)["input_ids"])


def trained_numbers(tensors) -> int:
    return sum(math.prod(tensor.shape) for tensor in tensors if tensor.trained)


@pytest.mark.slow
@pytest.mark.parametrize(("family", "method"), PAIRS)
def test_a_method_on_a_family(tiny_bases, family, method, tmp_path):
    base = tiny_bases[family]
    if (family, method) == ("modernbert", "beft"):
        with pytest.raises(InvalidFieldsError, match="whose layers have no biases") as caught:
            small(base, method)
        assert list(caught.value.problems) == ["method"]
        return
    config = small(base, method)
    before = base.checksum()
    model = built(base, config)
    counted = count_parameters(method, config.method_values, config.setting)
    assert adapters.count_trained(model, base.architecture) == (
        counted.num_adapter_parameters,
        counted.num_head_parameters,
    )
    assert counted.num_base_parameters == base.num_parameters()
    in_blocks = sum(trained_numbers(part.tensors) for part in counted.block)
    outside = trained_numbers(counted.shared) + trained_numbers(counted.embeddings)
    assert counted.n_layers * in_blocks - counted.num_lacking + outside + counted.num_around == (
        counted.num_adapter_parameters
    )
    step(model, base, method)
    expected = logits(model, base)
    saved = adapters.save(model, tmp_path)
    if not METHODS[method].shrinks:
        assert saved.stat().st_size == counted.file_bytes
    for by_peft in (True, False):
        loaded = adapters.load(tmp_path, base, METHODS[method], config.labels, by_peft=by_peft)
        assert abs(logits(loaded, base) - expected).max() < 1e-4
    if METHODS[method].merges and not METHODS[method].is_head_only:
        assert abs(logits(adapters.merge(loaded), base) - expected).max() < 1e-3
    assert base.checksum() == before


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
class TestAFamily:
    def test_names_what_its_network_has(self, tiny_bases, family):
        base, row = tiny_bases[family], ARCHITECTURES[family]
        shape = BASES[base.id].shape
        for number in range(shape.n_layers):
            block = base.model.get_submodule(row.block(number).rstrip("."))
            for module in row.linear:
                layer = block.get_submodule(row.path(module))
                assert shape.features(module) == (layer.in_features, layer.out_features)
            for module in row.layer_norms:
                assert block.get_submodule(row.path(module)).weight.shape == (shape.dim,)
        for name in (*row.head, *filter(None, [row.pooler])):
            assert isinstance(base.model.get_submodule(name), torch.nn.Linear)
        names = dict(base.model.named_parameters())
        assert any(name.startswith(f"{row.body}.{row.embeddings}.") for name in names)

    def test_adapts_the_modules_that_are_chosen_alone(self, tiny_bases, family):
        base = tiny_bases[family]
        for module in base.architecture.linear:
            model = built(base, small(base, "lora", target_modules=[module]))
            names = {name for name, p in model.named_parameters() if ".lora_A." in name}
            path = f".{base.architecture.within}{base.architecture.path(module)}.lora_A."
            assert names
            assert all(path in name for name in names)
            assert len(names) == BASES[base.id].shape.n_layers

    def test_adapts_the_blocks_and_ranks_that_are_chosen(self, tiny_bases, family):
        base = tiny_bases[family]
        last = BASES[base.id].shape.n_layers - 1
        module = base.architecture.feedforward_out
        config = small(base, "lora", layers_to_transform=[last], rank_pattern=f"{module}: 2", r=4)
        model = built(base, config)
        shapes = {n: tuple(p.shape) for n, p in model.named_parameters() if ".lora_A." in n}
        assert len(shapes) == len(base.architecture.linear)
        for name, shape in shapes.items():
            path = base.architecture.path(module)
            is_own = f"{base.architecture.block(last)}{path}." in name
            assert base.architecture.block(last) in name
            assert shape[0] == (2 if is_own else 4)

    def test_trains_biases_with_an_adapter(self, tiny_bases, family):
        base = tiny_bases[family]
        for bias in ("all", "lora_only"):
            config = small(base, "lora", bias=bias)
            counted = count_parameters("lora", config.method_values, config.setting)
            trained, _ = adapters.count_trained(built(base, config), base.architecture)
            assert trained == counted.num_adapter_parameters

    def test_its_own_forward_pass_is_that_of_transformers(self, tiny_bases, family, monkeypatch):
        """Without dropout, which is drawn in another way."""
        base = tiny_bases[family]
        expected = logits(base.model, base)
        monkeypatch.setenv("PEFT_DEMO_FORWARD", "transformers")
        monkeypatch.setattr(models.loading, "_loaded", {})
        plain = models.load(base.id)
        assert abs(logits(plain.model, plain) - expected).max() < 1e-5

    def test_a_frozen_body_computes_each_text_once(self, tiny_bases, family):
        base = tiny_bases[family]
        model = built(base, small(base, "head_only")).train()
        batch = base.tokenizer(TEXTS, padding=True, return_tensors="pt")
        with torch.random.fork_rng():
            torch.manual_seed(1)
            first = model(**batch).logits
            torch.manual_seed(1)
            second = model(**batch).logits
        assert torch.equal(first, second)
        ((body, _),) = models.fast_forward.remembered(model)
        assert len(body.features) == (3 if base.architecture.pooling == "first" else 0)


@pytest.mark.slow
class TestPoolers:
    @pytest.mark.parametrize("family", ["bert", "albert", "modernbert"])
    def test_one_that_the_checkpoint_brings_stays_as_it_is(self, tiny_bases, family):
        base = tiny_bases[family]
        pooler = base.architecture.pooler
        model = built(base, small(base, "lora"))
        mine = model.get_base_model().get_submodule(pooler).weight
        assert torch.equal(mine, base.model.get_submodule(pooler).weight)
        assert not mine.requires_grad

    @pytest.mark.parametrize("family", ["bert", "albert"])
    def test_one_that_it_lacks_belongs_to_the_head(self, home, tmp_path, forget_bases, family):
        folder = save_tiny(family, tmp_path / "headless", headless=True)
        base = models.load(own.add(str(folder), may_be_folder=True).id)
        pooler = ARCHITECTURES[family].pooler
        assert base.architecture.head == (pooler, "classifier")
        config = small(base, "lora")
        model = built(base, config)
        step(model, base, "lora")
        expected = logits(model, base)
        adapters.save(model, tmp_path / "saved")
        loaded = adapters.load(tmp_path / "saved", base, METHODS["lora"], config.labels)
        assert abs(logits(loaded, base) - expected).max() < 1e-5
        counted = count_parameters("lora", config.method_values, config.setting)
        assert counted.num_head_parameters == 32 * 32 + 32 + 2 * 32 + 2


@pytest.mark.slow
class TestAdding:
    def test_a_folder_is_a_base_of_its_own_name(self, home, tiny_folders, forget_bases):
        row = own.add(str(tiny_folders["albert"]), may_be_folder=True, name="mine")
        assert (row.id, row.label) == ("mine", "mine (folder)")
        assert row.shape.n_layers == 1
        assert row.shape.times == 3
        assert BASES["mine"] is row or BASES["mine"].shape == row.shape
        assert "mine" in [*BASES]
        assert RunConfig(base_model="mine").base_model_label == "mine (folder)"
        with pytest.raises(InvalidFieldsError, match="a base that is not here yet, got mine"):
            own.add(str(tiny_folders["bert"]), may_be_folder=True, name="mine")
        own.remove("mine")
        assert "mine" not in BASES
        with pytest.raises(NotFoundError, match="no added base"):
            own.remove("mine")

    def test_a_stranger_names_no_paths(self, home, tiny_folders):
        for source in (str(tiny_folders["bert"]), "../home", "/etc", "~/model", "a/b/c"):
            with pytest.raises(InvalidFieldsError, match="owner/name on the Hub"):
                own.add(source)

    def test_what_is_no_encoder_is_refused(self, home, tmp_path, tiny_folders):
        folder = tmp_path / "copy"
        shutil.copytree(tiny_folders["bert"], folder)
        config = json.loads((folder / "config.json").read_text())
        for changed, told in (
            ({**config, "model_type": "gpt2"}, "one of the families here .DistilBERT, BERT"),
            ({**config, "hidden_size": "wide"}, "whole numbers"),
            ([], "config.json of transformers"),
        ):
            (folder / "config.json").write_text(json.dumps(changed))
            with pytest.raises(AssetError, match=told):
                own.add(str(folder), may_be_folder=True)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        with pytest.raises(AssetError, match=r"weights in model\.safetensors"):
            own.add(str(folder), may_be_folder=True)
        assert not own.rows()

    def test_what_cannot_be_loaded_is_not_kept(self, home, tmp_path, tiny_folders):
        folder = tmp_path / "copy"
        shutil.copytree(tiny_folders["roberta"], folder)
        for path in (*folder.glob("tokenizer*"), folder / "vocab.txt"):
            path.unlink(missing_ok=True)
        with pytest.raises(AssetError, match="could not be loaded as a RoBERTa with its tok"):
            own.add(str(folder), may_be_folder=True)
        assert not own.rows()

    def test_lists_need_no_torch(self, home, tiny_folders, forget_bases):
        own.add(str(tiny_folders["electra"]), may_be_folder=True)
        done = run_python(
            "import sys; from peft_demo.models import *; print(shape_of('tiny-electra').dim)\n"
            "print({'torch', 'transformers', 'peft'} & set(sys.modules))",
            home,
        )
        assert done.stdout.split() == ["32", "set()"], done.stderr

    def test_a_spoilt_list_is_empty(self, home):
        home.mkdir(parents=True, exist_ok=True)
        for text in ("", "{", "[1]", '[{"id": "x"}]'):
            (home / own.FILE).write_text(text)
            assert not own.rows()
