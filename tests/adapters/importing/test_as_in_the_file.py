"""Adapters of plain peft: told with the settings of their files, with plain peft's logits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from peft_demo import adapters, models
from peft_demo.adapters import importing
from peft_demo.execution.executor import Finished, Job
from peft_demo.execution.jobs import do
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE, FAMILY
from peft_demo.runs import ImportedConfig, Reporter, RunKind

pytestmark = pytest.mark.slow  # plain peft makes and tries each

TEXTS = ["A slow start, but what an ending!", "Two hours that I will never get back."]

LAYER = "distilbert.transformer.layer"

HEAD = list(FAMILY.head)

MADE: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "patterns": (
        "LoraConfig",
        {
            "r": 4,
            "target_modules": ["q_lin", "v_lin"],
            "rank_pattern": {"layer.5.attention.q_lin": 12},
            "alpha_pattern": {"v_lin": 40},
        },
        "lora",
        {
            "r": 4,
            "rank_pattern": {"layer.5.attention.q_lin": 12},
            "alpha_pattern": {"v_lin": 40},
            "target_modules": ("q_lin", "v_lin"),
        },
    ),
    "a regular expression": (
        "LoraConfig",
        {"target_modules": r".*layer\.[345]\.(attention\.k_lin|ffn\.lin1)"},
        "lora",
        {"r": 8, "target_modules": r".*layer\.[345]\.(attention\.k_lin|ffn\.lin1)"},
    ),
    "full paths": (
        "LoraConfig",
        {"target_modules": [f"{LAYER}.{n}.attention.out_lin" for n in (0, 3)]},
        "lora",
        {"target_modules": tuple(f"{LAYER}.{n}.attention.out_lin" for n in (0, 3))},
    ),
    "some layers": (
        "LoraConfig",
        {"target_modules": ["v_lin"], "layers_to_transform": [1, 2], "layers_pattern": "layer"},
        "lora",
        {"target_modules": ("v_lin",), "layers_to_transform": (1, 2)},
    ),
    "a rank beyond the form": (
        "LoraConfig",
        {"r": 320, "lora_alpha": 1_024, "target_modules": ["q_lin"]},
        "lora",
        {"r": 320, "lora_alpha": 1_024},
    ),
    "an alpha below the form": (
        "LoraConfig",
        {"r": 3, "lora_alpha": 0.5, "target_modules": ["q_lin"], "init_lora_weights": "gaussian"},
        "lora",
        {"r": 3, "lora_alpha": 0.5, "init_lora_weights": "gaussian"},
    ),
    "all biases": (
        "LoraConfig",
        {"target_modules": ["k_lin"], "bias": "all"},
        "lora",
        {"bias": "all"},
    ),
    "the biases of its layers": (
        "LoraConfig",
        {"target_modules": ["k_lin"], "bias": "lora_only"},
        "lora",
        {"bias": "lora_only"},
    ),
    "IA3 on attention": (
        "IA3Config",
        {"target_modules": ["k_lin", "v_lin"], "feedforward_modules": []},
        "ia3",
        {"target_modules": ("k_lin", "v_lin"), "feedforward_modules": ()},
    ),
    "DoRA with rsLoRA": (
        "LoraConfig",
        {"r": 4, "target_modules": ["q_lin"], "use_dora": True, "use_rslora": True},
        "dora",
        {"r": 4, "use_rslora": True},
    ),
    "the last layer of the head alone": (
        "LoraConfig",
        {"target_modules": ["q_lin"], "modules_to_save": ["classifier"]},
        "lora",
        {"modules_to_save": ("classifier", "score")},
    ),
}
"""What peft was told, the row that it is, and what must be told of it."""


@pytest.fixture(params=MADE)
def made(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    return MADE[request.param]


@pytest.fixture
def plain(exported: Path, made: Any, tmp_path: Path) -> Iterator[tuple[Path, np.ndarray]]:
    """An adapter that plain peft saved, and the logits that plain peft has of it."""
    import peft
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    def base() -> Any:
        return AutoModelForSequenceClassification.from_pretrained(exported)

    kind, options, _, _ = made
    with torch.random.fork_rng():
        torch.manual_seed(5)
        config = getattr(peft, kind)(**{"task_type": "SEQ_CLS", "modules_to_save": HEAD, **options})
        model = peft.get_peft_model(base(), config)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data += 0.1 * torch.randn_like(parameter)
    folder = tmp_path / "from afar"
    model.save_pretrained(str(folder), save_embedding_layers=False)
    again = peft.PeftModel.from_pretrained(base(), str(folder)).eval()
    tokens = AutoTokenizer.from_pretrained(exported)(TEXTS, return_tensors="pt", padding=True)
    tokens.pop("token_type_ids", None)
    with torch.no_grad():
        yield folder, again(**tokens).logits.numpy()


def test_settings_and_logits_are_the_files(
    plain: tuple[Path, np.ndarray], made: Any, base: models.Base, tmp_path: Path
) -> None:
    source, expected = plain
    _, _, method, told = made
    before = base.checksum()
    folder = importing.unpack(source, tmp_path)
    config = importing.describe(folder, "from afar", base_model=BUILTIN_BASE)
    assert config.method == method
    assert config.method_values.items() >= told.items()
    assert config.base_model == BUILTIN_BASE
    again = ImportedConfig(config.flat())
    model = adapters.load(folder, base, METHODS[again.method], again.labels)
    found = adapters.logits(model, base, base.encode(TEXTS)["input_ids"])
    assert np.abs(found - expected).max() < 1e-4
    assert base.checksum() == before


def test_a_worker_tests_it_from_json(tmp_path: Path, exported: Path) -> None:
    """As it goes to another process: a flat mapping and files."""
    import peft
    from transformers import AutoModelForSequenceClassification

    with torch.random.fork_rng():
        model = peft.get_peft_model(
            AutoModelForSequenceClassification.from_pretrained(exported),
            peft.LoraConfig(
                task_type="SEQ_CLS",
                r=320,
                bias="all",
                target_modules=["q_lin"],
                modules_to_save=HEAD,
            ),
        )
    model.save_pretrained(str(tmp_path / "wide"), save_embedding_layers=False)
    folder = importing.unpack(tmp_path / "wide", tmp_path)
    config = importing.describe(folder, "wide", base_model=BUILTIN_BASE, max_length=12)
    flat = ImportedConfig({**config.flat(), "num_test_reviews": 50}).flat()
    job = Job(kind=RunKind.IMPORTED, config=flat, files=folder)
    end = do(Job.model_validate_json(job.model_dump_json()), Reporter())
    assert isinstance(end, Finished), end
    assert end.result.num_adapter_parameters > 320 * 384 * 2 * 6
    shutil.rmtree(folder)
