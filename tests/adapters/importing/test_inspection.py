"""What an adapter's files say: its method and fields, its base, its head."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from imported_adapters import IA3, LORA, refusal
from small_runs import Recorder

from peft_demo import adapters
from peft_demo.adapters import importing
from peft_demo.data import DEFAULT_DATASET, SENTIMENT
from peft_demo.errors import InvalidFieldsError, UndecidedError
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE, FAMILY, HUB_BASE, UNCASED_HUB_BASE
from peft_demo.runs import telling
from peft_demo.settings import ADAPTERS
from peft_demo.statistics import Predictions
from peft_demo.storage import reference_runs


@pytest.mark.usefixtures("untried")
class TestDescribe:
    @pytest.mark.parametrize("source", [LORA, IA3, ADAPTERS / "reference-recommended-head-only"])
    def test_a_reference(self, copied, source):
        expected = reference_runs.read_references(ADAPTERS)[source.name].config
        config = importing.describe(copied(source), "from afar")
        assert config.name == "from afar"
        assert config.base_model == BUILTIN_BASE
        assert config.method == expected.method
        assert config.method_values == telling(expected.method, expected.method_values)

    def test_without_a_name_it_is_called_as_its_folder(self, copied):
        assert importing.describe(copied(IA3)).name == "adapter"

    def test_a_bad_name_is_the_names_problem(self, copied):
        with pytest.raises(InvalidFieldsError) as caught:
            importing.describe(copied(IA3), "x" * 81)
        assert list(caught.value.problems) == ["name"]

    @pytest.mark.parametrize(
        "method", [name for name, row in METHODS.items() if row.peft_config is not None]
    )
    def test_every_method_but_full_fine_tuning(self, trained, method, tmp_path):
        run = trained.runs[method]
        folder = importing.unpack(trained.folder(method), tmp_path)
        config = importing.describe(folder)
        assert config.method == method
        # The options that follow from the fields, or from the run's seed, are in the file too; what
        # few need is told where it is unusual.
        rare = {(field.name, field.default) for field in METHODS[method].fields if field.is_rare}
        told = run.config.method_values.items() - rare
        assert config.method_values.items() >= told

    # Those that load in ways of their own; that a saved adapter answers as its training did is
    # shown for every method where it is trained.
    @pytest.mark.parametrize("method", ["lora", "pissa", "adalora", "vera", "ia3", "p_tuning"])
    def test_an_import_answers_as_its_training_did(self, trained, method, tmp_path):
        run = trained.runs[method]
        folder = importing.unpack(trained.folder(method), tmp_path)
        result = importing.test(run.config, folder, Recorder())
        assert result.num_adapter_parameters == run.result.num_adapter_parameters
        assert result.num_head_parameters == run.result.num_head_parameters
        expected, found = Predictions.load(trained.folder(method)), Predictions.load(folder)
        # The run's own were computed in bfloat16 where the processor has it.
        assert np.abs(expected.probabilities - found.probabilities).max() < 2e-2

    @pytest.mark.slow
    def test_values_beyond_the_form_keep_the_method(self, base, tmp_path):
        from peft import LoraConfig, get_peft_model

        model = get_peft_model(
            base.private(SENTIMENT),
            LoraConfig(
                task_type="SEQ_CLS",
                r=300,
                lora_alpha=600,
                use_dora=True,
                target_modules=["q_lin"],
                modules_to_save=list(FAMILY.head),
            ),
        )
        adapters.save(model, tmp_path / "wide")
        config = importing.describe(tmp_path / "wide")
        assert config.method == "dora"
        assert config.method_values["target_modules"] == ("q_lin",)
        assert (config.method_values["r"], config.method_values["lora_alpha"]) == (300, 600)

    def test_a_pattern_of_target_modules(self, copied):
        pattern = r".*\.(q_lin|k_lin|v_lin|out_lin|ffn\.lin1|ffn\.lin2)"
        folder = copied(LORA, config=lambda values: values.update(target_modules=pattern))
        assert importing.describe(folder).method == "lora"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[",
            "[]",
            "{}",
            '{"peft_type": 3}',
            "[" * 100_000,
            f'{{"a": {"[" * 900 + "]" * 900}}}',
        ],
    )
    def test_a_damaged_configuration(self, copied, text):
        folder = copied(IA3)
        (folder / adapters.CONFIG).write_text(text)
        assert adapters.CONFIG in refusal(importing.describe, folder)

    @pytest.mark.parametrize("task", ["CAUSAL_LM", None, "FEATURE_EXTRACTION", 3])
    def test_a_head_for_classifying_tells_the_task(self, copied, task):
        folder = copied(IA3, config=lambda values: values.update(task_type=task))
        assert importing.describe(folder).method == "ia3"
        assert json.loads((folder / adapters.CONFIG).read_text())["task_type"] == "SEQ_CLS"

    @pytest.mark.parametrize("task", ["CAUSAL_LM", "TOKEN_CLS"])
    def test_another_task_without_such_a_head(self, copied, task):
        folder = copied(
            IA3,
            config=lambda values: values.update(task_type=task),
            tensors=lambda weights: [
                weights.pop(name) for name in list(weights) if ".pre_classifier." in name
            ],
        )
        assert f'SEQ_CLS (classifying texts), got "{task}"' in refusal(importing.describe, folder)

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
    def test_an_encoding_of_an_editor_is_nothing(self, copied, encoding):
        folder = copied(IA3)
        path = folder / adapters.CONFIG
        path.write_bytes(path.read_text().encode(encoding))
        assert importing.describe(folder).method == "ia3"

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ('{"peft_type": "LORA",\n "r": 8,\n}', "in line 3: a comma before the end"),
            ('{"r": [1, 2,],\n "peft_type": "LORA"}', "in line 1: a comma before the end"),
            ('{"peft_type": "LORA", # rank\n "r": 8}', "in line 1."),
        ],
    )
    def test_where_it_is_no_json(self, copied, text, place):
        folder = copied(IA3)
        (folder / adapters.CONFIG).write_text(text)
        assert place in refusal(importing.describe, folder)

    def test_an_adapter_of_adapterhub(self, copied):
        folder = copied(IA3)
        text = '{"config": {"r": 8}, "model_class": "BertAdapterModel", "hidden_size": 768}'
        (folder / adapters.CONFIG).write_text(text)
        assert "AdapterHub" in refusal(importing.describe, folder)

    @pytest.mark.parametrize(
        ("kind", "named"),
        [
            ("XLORA", "X-LoRA is not offered"),
            ("SHADOW", "Shadow is not offered"),
            ("PREFIX_TUNING", "Prefix tuning is not offered"),
            ("NEW_ONE", "peft_type must be one"),
        ],
    )
    def test_a_method_that_is_not_offered(self, copied, kind, named):
        folder = copied(IA3, config=lambda values: values.update(peft_type=kind))
        assert named in refusal(importing.describe, folder)

    @pytest.mark.parametrize("kept", [0, 7, 100, -10])
    def test_cut_weights(self, copied, kept):
        folder = copied(IA3)
        weights = folder / adapters.WEIGHTS
        weights.write_bytes(weights.read_bytes()[:kept])
        assert adapters.WEIGHTS in refusal(importing.describe, folder)

    def test_an_endless_header(self, copied):
        folder = copied(IA3)
        weights = folder / adapters.WEIGHTS
        weights.write_bytes(struct.pack("<Q", 50_000_000) + weights.read_bytes()[8:])
        assert "at most 1 MB" in refusal(importing.describe, folder)


@pytest.mark.usefixtures("untried")
class TestTheBase:
    @pytest.mark.parametrize("name", [BUILTIN_BASE, "sentence-transformers/all-MiniLM-L6-v2"])
    def test_the_built_in_one(self, copied, base, name):
        folder = copied(IA3, config=lambda values: values.update(base_model_name_or_path=name))
        assert importing.describe(folder).base_model == BUILTIN_BASE
        adapters.load(folder, base, METHODS["ia3"], SENTIMENT)

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("./out/base", 'the folder "./out/base"'),
            ("/home/me/base", 'the folder "/home/me/base"'),
            ("C:\\base", 'the folder "C:\\\\base"'),
            ("base", '"base"'),
            (f"x/{BUILTIN_BASE}", f'"x/{BUILTIN_BASE}"'),
            (None, "names none"),
            ("", "names none"),
        ],
    )
    def test_a_folder_is_asked_about(self, copied, base, name, told):
        folder = copied(IA3, config=lambda values: values.update(base_model_name_or_path=name))
        with pytest.raises(UndecidedError) as caught:
            importing.describe(folder)
        (sentence,) = caught.value.problems.values()
        assert list(caught.value.problems) == ["base_model"]
        assert sentence.startswith("base_model must be chosen")
        assert told in sentence
        assert [value for _, value in caught.value.choices] == [BUILTIN_BASE]
        assert importing.describe(folder, base_model=BUILTIN_BASE).base_model == BUILTIN_BASE
        adapters.load(folder, base, METHODS["ia3"], SENTIMENT)

    @pytest.fixture
    def tiny(self, distilbert_folder: Path, tmp_path: Path) -> Callable[..., Path]:
        """Makes an adapter for a DistilBERT that is 32 wide."""
        from peft import LoraConfig, get_peft_model
        from transformers import DistilBertForSequenceClassification

        def make(name: str, **changes: Any) -> Path:
            settings = {
                "task_type": "SEQ_CLS",
                "target_modules": ["q_lin"],
                "modules_to_save": list(FAMILY.head),
                **changes,
            }
            with torch.random.fork_rng():
                model = DistilBertForSequenceClassification.from_pretrained(distilbert_folder)
                model.name_or_path = name
                adapters.save(get_peft_model(model, LoraConfig(**settings)), tmp_path / "tiny")
            return tmp_path / "tiny"

        return make

    @pytest.mark.parametrize("name", ["someone/tiny", "/home/me/tiny", "tiny", HUB_BASE])
    def test_another_base(self, tiny, no_network, name):
        sentence = refusal(importing.describe, tiny(name))
        assert "32 wide" in sentence
        assert name in sentence
        assert all(base_id in sentence for base_id in (BUILTIN_BASE, HUB_BASE))
        assert not no_network

    @pytest.mark.parametrize(
        "name", ["distilbert-base-uncased-finetuned-sst-2-english", "someone/distilbert-x"]
    )
    @pytest.mark.parametrize("choice", [None, HUB_BASE])
    def test_the_same_width_with_other_weights(self, tiny, own_folders, name, choice):
        sentence = refusal(importing.describe, tiny(name), "", DEFAULT_DATASET, choice)
        assert name in sentence
        assert "which is another network" in sentence

    @pytest.fixture
    def own_folders(self, distilbert_folder, uncased_folder, monkeypatch, forget_bases):
        """The user's own copies of both, which are 32 wide here."""
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(distilbert_folder))
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_UNCASED_FOLDER", str(uncased_folder))

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            (HUB_BASE, HUB_BASE),
            ("distilbert-base-cased", HUB_BASE),
            (UNCASED_HUB_BASE, UNCASED_HUB_BASE),
            ("distilbert-base-uncased", UNCASED_HUB_BASE),
        ],
    )
    def test_the_hubs_by_their_names(self, tiny, own_folders, no_network, name, meant):
        assert importing.describe(tiny(name)).base_model == meant
        assert not no_network

    @pytest.mark.parametrize("choice", [HUB_BASE, UNCASED_HUB_BASE])
    def test_a_folder_could_be_either(self, tiny, own_folders, no_network, choice):
        folder = tiny("/content/drive/MyDrive/distilbert-base-uncased")
        with pytest.raises(UndecidedError) as caught:
            importing.describe(folder)
        assert [value for _, value in caught.value.choices] == [HUB_BASE, UNCASED_HUB_BASE]
        assert importing.describe(folder, base_model=choice).base_model == choice
        assert not no_network

    @pytest.mark.parametrize(
        ("name", "choice", "told"),
        [
            ("./base", BUILTIN_BASE, "which is 384 wide"),
            ("./base", "gpt2", "base_model must be"),
            (HUB_BASE, UNCASED_HUB_BASE, f"must be left out or {HUB_BASE}"),
        ],
    )
    def test_a_choice_that_cannot_be(self, tiny, own_folders, name, choice, told):
        with pytest.raises(InvalidFieldsError) as caught:
            importing.describe(tiny(name), base_model=choice)
        assert list(caught.value.problems) == ["base_model"]
        assert told in str(caught.value)

    def test_a_network_of_other_names(self, copied):
        def rename(weights: dict[str, Any]) -> None:
            for name in list(weights):
                weights[name.replace("distilbert.transformer", "bert.encoder")] = weights.pop(name)

        folder = copied(
            IA3, lambda values: values.update(base_model_name_or_path="gpt-tiny"), tensors=rename
        )
        sentence = refusal(importing.describe, folder)
        assert 'got one for "gpt-tiny"' in sentence
        assert "modules have other names" in sentence

    def test_other_shapes(self, copied):
        folder = copied(LORA, config=lambda values: values.update(r=4))
        sentence = refusal(importing.describe, folder)
        assert "weights of the rank in its adapter_config.json (4), got some of rank 8" in sentence


class TestTheHead:
    @pytest.mark.parametrize("part", FAMILY.head)
    def test_none(self, copied, part):
        folder = copied(
            IA3,
            tensors=lambda weights: [
                weights.pop(name) for name in list(weights) if f".{part}." in name
            ],
        )
        sentence = refusal(importing.describe, folder)
        assert "trained head" in sentence
        assert "modules_to_save" in sentence

    def test_three_labels(self, copied):
        def widen(weights: dict[str, Any]) -> None:
            weights["base_model.model.classifier.weight"] = torch.zeros(3, 384)

        assert "2 labels" in refusal(importing.describe, copied(IA3, tensors=widen))


@pytest.mark.slow
class TestTheTrial:
    """What shows only when it is loaded, twice, and asked."""

    @pytest.mark.parametrize("start", ["gaussian", "orthogonal"])
    def test_how_the_training_began_does_not_matter(self, copied, start):
        folder = copied(LORA, config=lambda values: values.update(init_lora_weights=start))
        assert importing.describe(folder).method == "lora"

    @pytest.mark.parametrize(
        ("name", "variable"),
        [
            (HUB_BASE, "PEFT_DEMO_DISTILBERT_FOLDER"),
            ("distilbert-base-uncased", "PEFT_DEMO_DISTILBERT_UNCASED_FOLDER"),
        ],
    )
    def test_a_base_that_is_not_here(self, copied, no_network, forget_bases, name, variable):
        def widen(weights: dict[str, Any]) -> None:
            first, last = (f"base_model.model.{part}.weight" for part in FAMILY.head)
            weights[first], weights[last] = torch.zeros(768, 768), torch.zeros(2, 768)

        folder = copied(
            IA3, lambda values: values.update(base_model_name_or_path=name), tensors=widen
        )
        sentence = refusal(importing.describe, folder)
        assert f"must be on this machine already (here are {BUILTIN_BASE})" in sentence
        assert variable in sentence
        assert f"hf download distilbert/{name.rpartition('/')[2]} config.json" in sentence
        assert not no_network

    def test_other_modules_of_the_same_width(self, copied):
        folder = copied(
            LORA,
            tensors=lambda weights: [
                weights.update({name.replace("q_lin", "query"): weights.pop(name)})
                for name in list(weights)
                if "q_lin" in name
            ],
        )
        assert "q_lin" in refusal(importing.describe, folder)

    def test_more_layers_than_the_base(self, copied):
        def add(weights: dict[str, Any]) -> None:
            for name in [name for name in weights if "layer.5" in name]:
                weights[name.replace("layer.5", "layer.6")] = weights[name].clone()

        assert "layer.6" in refusal(importing.describe, copied(LORA, tensors=add))

    def test_no_numbers(self, copied):
        def spoil(weights: dict[str, Any]) -> None:
            weights["base_model.model.classifier.bias"] *= float("nan")

        assert "finite" in refusal(importing.describe, copied(IA3, tensors=spoil))
