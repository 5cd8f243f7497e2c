"""Adapters: what is saved is what comes back, and damaged files are refused by name."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from peft import get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from small_runs import one_module

from peft_demo import adapters, models
from peft_demo.adapters import files
from peft_demo.adapters.templates import Template
from peft_demo.data import SENTIMENT
from peft_demo.errors import AssetError
from peft_demo.methods import METHODS
from peft_demo.models import FAMILY, HUB_BASE
from peft_demo.runs import RunConfig

TEXTS = ["A wonderful film.", "Dull, long and loud.", "I have seen worse, but not often " * 5]
PEFT_METHODS = [name for name, method in METHODS.items() if method.peft_config]

SOME = ("lora", "pissa", "vera", "p_tuning", "head_only", "full_ft")
"""Files of each kind: with frozen tensors, made only when saving, without adapter, all weights."""


def built(base, method: str, seed: int = 0, **values):
    """A model with an adapter that changes every output: trained weights moved at random."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = adapters.build(base, RunConfig(method=method, **values))
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data += 0.02 * torch.randn_like(parameter)
    return model.eval()


def memory_of(model) -> list[torch.Tensor]:
    return [*model.parameters(), *model.buffers()]


def parts(model) -> tuple[list, list, list]:
    """The names and kinds of a model's modules, parameters and buffers."""
    return (
        [(name, type(module)) for name, module in model.named_modules()],
        [(name, p.shape, p.dtype, p.requires_grad) for name, p in model.named_parameters()],
        [(name, b.shape, b.dtype) for name, b in model.named_buffers()],
    )


def template_of(folder: Path, base, method) -> list[Template]:
    config = (folder / adapters.CONFIG).read_text(encoding="utf-8")
    return files._templates(base.model, method.id, SENTIMENT, config)


def logits(model, base):
    return adapters.logits(model, base, base.encode(TEXTS, 40)["input_ids"])


@pytest.fixture
def copied(trained, tmp_path):
    """Makes a copy of a trained run's folder that a test may damage."""

    def copy(method: str) -> Path:
        return Path(shutil.copytree(trained.folder(method), tmp_path / f"copy-of-{method}"))

    return copy


def refusal(folder: Path, base) -> str:
    with pytest.raises(AssetError) as caught:
        # Half loaded, whatever the folder holds may have written to the base: into a private copy.
        adapters.load(folder, base, METHODS["pissa"], SENTIMENT)
    sentence = str(caught.value)
    assert folder.name in sentence
    assert str(folder) not in sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_saved_and_loaded_gives_the_same_logits_and_in_half_nearly(
        self, base, method, tmp_path
    ):
        model = built(base, method, **one_module(method))
        full = adapters.save(model, tmp_path).stat().st_size
        before = logits(model, base)
        again = adapters.load(tmp_path, base, METHODS[method], SENTIMENT)
        assert abs(before - logits(again, base)).max() < 1e-5
        assert abs(before - logits(base.model, base)).max() > 1e-3
        if method in PEFT_METHODS:
            half = adapters.save(model, tmp_path, half_precision=True)
            assert {tensor.dtype for tensor in load_file(half).values()} == {torch.float16}
            assert half.stat().st_size < 0.6 * full
            again = adapters.load(tmp_path, base, METHODS[method], SENTIMENT)
            assert 0 < abs(before - logits(again, base)).max() < 2e-2

    def test_is_loaded_to_predict_only_and_draws_no_random_numbers(self, trained, base, method):
        state = torch.get_rng_state()
        first, second = (trained.load(method, base) for _ in range(2))
        assert torch.equal(torch.get_rng_state(), state)
        assert (logits(first, base) == logits(second, base)).all()
        assert not first.training
        assert not any(parameter.requires_grad for parameter in first.parameters())

    def test_files_cannot_run_code(self, trained, method):
        suffixes = {path.suffix for path in trained.folder(method).iterdir()}
        assert ".safetensors" in suffixes
        assert not suffixes & {".bin", ".pt", ".pkl", ".pickle"}


class TestCounts:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            # Six layers; a layer of n inputs and m outputs gets r · (n + m).
            ({"method": "lora", "r": 64, "target_modules": FAMILY.attention}, 6 * 4 * 64 * 768),
            (
                {"method": "lora", "r": 8, "target_modules": FAMILY.linear},
                6 * 8 * (4 * 768 + 2 * (384 + 1536)),
            ),
            # One factor per output channel, or per input channel of a feed-forward module.
            ({"method": "ia3"}, 6 * (4 * 384 + 384 + 1536)),
            ({"method": "head_only"}, 0),
        ],
    )
    def test_by_hand(self, base, values, expected):
        model = adapters.build(base, RunConfig(values))
        assert adapters.count_trained(model, FAMILY) == (expected, 148_610)

    def test_full_fine_tuning_trains_everything(self, base):
        model = adapters.build(base, RunConfig(method="full_ft"))
        assert adapters.count_trained(model, FAMILY) == (base.num_parameters(), 148_610)


class TestLogits:
    def test_a_text_gets_the_same_in_any_company(self, trained, base):
        model = adapters.load(trained.folder("lora"), base, METHODS["lora"], SENTIMENT)
        tokens = base.encode(TEXTS, 40)["input_ids"]
        together = adapters.logits(model, base, tokens)
        for row, ids in zip(together, tokens, strict=True):
            assert abs(adapters.logits(model, base, [ids])[0] - row).max() < 1e-4


class TestDamagedFolders:
    @pytest.mark.parametrize("method", SOME)
    @pytest.mark.parametrize("part", ["configuration", "weights"])
    def test_a_missing_file_is_named(self, copied, base, method, part):
        folder = copied(method)
        (weights,) = folder.glob("*model.safetensors")
        (configuration,) = (
            path for path in folder.glob("*config.json") if "token" not in path.name
        )
        gone = weights if part == "weights" else configuration
        gone.unlink()
        assert f"has no {gone.name}" in refusal(folder, base)

    @pytest.mark.parametrize("method", SOME)
    @pytest.mark.parametrize("kept", [0, 100, -1000])
    def test_cut_weights_are_refused(self, copied, base, method, kept):
        folder = copied(method)
        (weights,) = folder.glob("*model.safetensors")
        weights.write_bytes(weights.read_bytes()[:kept])
        assert weights.name in refusal(folder, base)

    @pytest.mark.parametrize("method", SOME)
    @pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
    def test_a_spoilt_configuration_is_refused(self, copied, base, method, content):
        folder = copied(method)
        (configuration,) = (
            path for path in folder.glob("*config.json") if "token" not in path.name
        )
        configuration.write_text(content)
        refusal(folder, base)

    @pytest.mark.parametrize(
        ("method", "part"),
        [
            *((name, 0.5) for name in METHODS),
            *((name, part) for name in SOME for part in (0, 0.99)),
        ],
    )
    def test_weights_that_are_left_out_are_not_made_up(self, copied, base, method, part):
        folder = copied(method)
        (weights,) = folder.glob("*model.safetensors")
        tensors = load_file(weights)
        gone = sorted(tensors)[int(part * len(tensors))]
        del tensors[gone]
        save_file(tensors, weights, metadata={"format": "pt"})
        assert gone.removesuffix(".weight") in refusal(folder, base)

    def test_weights_of_another_shape_are_refused(self, copied, base):
        folder = copied("lora")
        path = folder / "adapter_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "r": 3}))
        refusal(folder, base)

    @pytest.mark.parametrize("method", SOME)
    def test_another_bases_adapter_is_refused(
        self, copied, distilbert_folder, monkeypatch, forget_bases, method
    ):
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(distilbert_folder))
        other = models.load(HUB_BASE)
        assert f"must belong to the base {HUB_BASE}" in refusal(copied(method), other)

    def test_nothing_is_changed_by_a_refusal(self, copied, base):
        folder = copied("lora")
        (folder / "adapter_model.safetensors").write_bytes(b"short")
        before = {path: path.read_bytes() for path in folder.iterdir()}
        refusal(folder, base)
        assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.slow
class TestFurtherAdapters:
    """Those of a configuration of which one was loaded before."""

    @pytest.fixture(autouse=True)
    def no_templates(self):
        files._templates.cache_clear()

    @staticmethod
    def saved(base, method: str, folder: Path, seed: int) -> Path:
        adapters.save(built(base, method, seed, **one_module(method)), folder / str(seed))
        return folder / str(seed)

    @pytest.mark.parametrize(
        "method", [name for name, method in METHODS.items() if not method.writes_to_base]
    )
    def test_are_as_peft_builds_them(self, base, method, tmp_path):
        first, second = (self.saved(base, method, tmp_path, seed) for seed in (0, 1))
        before = adapters.load(first, base, METHODS[method], SENTIMENT)
        of_first = logits(before, base)
        assert template_of(first, base, METHODS[method])
        found = adapters.load(second, base, METHODS[method], SENTIMENT)
        expected = adapters.load(second, base, METHODS[method], SENTIMENT, by_peft=True)
        assert (logits(found, base) == logits(expected, base)).all()
        assert parts(found) == parts(expected)
        assert not found.training
        # Neither changes the other, and forgetting one leaves the other whole.
        assert (logits(before, base) == of_first).all()
        assert abs(of_first - logits(found, base)).max() > 1e-3
        del before
        assert (logits(found, base) == logits(expected, base)).all()

    @pytest.mark.parametrize("method", ["lora", "ia3", "vera", "prompt_tuning", "head_only"])
    def test_peft_is_not_asked_again(self, base, method, tmp_path, monkeypatch):
        first, second = (self.saved(base, method, tmp_path, seed) for seed in (0, 1))
        before = adapters.load(first, base, METHODS[method], SENTIMENT)
        monkeypatch.setattr("peft.PeftModel.from_pretrained", None)
        found = adapters.load(second, base, METHODS[method], SENTIMENT)
        memory = {tensor.data_ptr() for tensor in memory_of(found)}
        own = memory - {tensor.data_ptr() for tensor in memory_of(before)}
        assert len(own) == len(load_file(second / adapters.WEIGHTS))
        assert memory >= {tensor.data_ptr() for tensor in base.model.distilbert.parameters()}
        with pytest.raises(AssetError):
            adapters.load(second, base, METHODS[method], SENTIMENT, by_peft=True)

    @pytest.mark.parametrize("change", ["left out", "other shape", "cut", "missing"])
    def test_damaged_files_are_refused_in_the_same_words(self, base, tmp_path, change):
        first, second = (self.saved(base, "lora", tmp_path, seed) for seed in (0, 1))
        weights = second / adapters.WEIGHTS
        tensors = load_file(weights)
        if change == "left out":
            tensors.popitem()
        else:
            tensors = {name: tensor[:1] for name, tensor in tensors.items()}
        save_file(tensors, weights, metadata={"format": "pt"})
        if change == "cut":
            weights.write_bytes(weights.read_bytes()[:-10])
        if change == "missing":
            weights.unlink()
        sentences = []
        for _ in range(2):
            with pytest.raises(AssetError) as caught:
                adapters.load(second, base, METHODS["lora"], SENTIMENT)
            sentences.append(str(caught.value))
            adapters.load(first, base, METHODS["lora"], SENTIMENT)
        assert template_of(first, base, METHODS["lora"])
        first_words, words = (sentence.partition(", got: ") for sentence in sentences)
        assert words[0] == first_words[0]
        assert words == first_words or change == "cut"

    def test_those_that_write_to_the_base_have_none(self, base, tmp_path):
        folder = self.saved(base, "olora", tmp_path, 0)
        adapters.load(folder, base, METHODS["olora"], SENTIMENT)
        assert not files._templates.cache_info().currsize

    def test_a_method_that_computes_what_it_saves_has_none(self, base, tmp_path):
        folder = self.saved(base, "lora", tmp_path, 0)
        model = adapters.load(folder, base, METHODS["lora"], SENTIMENT)
        state = get_peft_model_state_dict(model, save_embedding_layers=False)
        name = next(iter(state))
        for tensor in (2 * state[name], state[name][:1]):
            with pytest.raises(ValueError, match="is not one of the model's own tensors"):
                Template(model, {**state, name: tensor})

    def test_a_file_that_changes_afterwards_changes_nothing(self, base, tmp_path):
        first, second = (self.saved(base, "lora", tmp_path, seed) for seed in (0, 1))
        adapters.load(first, base, METHODS["lora"], SENTIMENT)
        model = adapters.load(second, base, METHODS["lora"], SENTIMENT)
        before = logits(model, base)
        (second / adapters.WEIGHTS).write_bytes(b"short")
        assert (logits(model, base) == before).all()

    def test_the_configurations_used_last_are_kept(self, base, tmp_path, monkeypatch):
        monkeypatch.setattr(files, "_templates", lru_cache(2)(files._templates.__wrapped__))
        folders = {
            method: self.saved(base, method, tmp_path / method, 0)
            for method in ("lora", "ia3", "head_only")
        }
        for method in ("lora", "ia3", "lora", "head_only"):
            adapters.load(folders[method], base, METHODS[method], SENTIMENT)
        monkeypatch.setattr("peft.PeftModel.from_pretrained", None)
        for method in ("lora", "head_only"):
            adapters.load(folders[method], base, METHODS[method], SENTIMENT)
        with pytest.raises(AssetError):
            adapters.load(folders["ia3"], base, METHODS["ia3"], SENTIMENT)

    def test_several_threads_get_models_of_their_own(self, base, tmp_path):
        folders = [self.saved(base, "lora", tmp_path, seed) for seed in range(4)]
        expected = [
            logits(adapters.load(folder, base, METHODS["lora"], SENTIMENT, by_peft=True), base)
            for folder in folders
        ]
        with ThreadPoolExecutor(4) as pool:
            models = list(
                pool.map(
                    lambda n: adapters.load(folders[n % 4], base, METHODS["lora"], SENTIMENT),
                    range(16),
                )
            )
        for number, model in enumerate(models):
            assert (logits(model, base) == expected[number % 4]).all()
