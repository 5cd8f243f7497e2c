"""Every way in which plain peft, or somebody without it, saves a head for classifying."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from imported_adapters import refusal
from safetensors.torch import load_file, save_file

from peft_demo import adapters, models
from peft_demo.adapters import importing
from peft_demo.data import SENTIMENT
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE, FAMILY

pytestmark = pytest.mark.slow  # plain peft makes and tries each

TEXTS = ["It begins slowly, but what an ending!", "Dull, loud and far too long."]

Save = Callable[[Any, Path], object]
"""Writes a model of peft's into a folder."""


def by_peft(model: Any, folder: Path) -> None:
    model.save_pretrained(str(folder), save_embedding_layers=False)


def own_state(model: Any, folder: Path, prefix: str = "") -> None:
    """As people do who write the trained tensors themselves."""
    by_peft(model, folder)
    kept = {
        f"{prefix}{name}": tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if "lora_" in name or "classifier" in name
    }
    save_file(kept, folder / adapters.WEIGHTS)


def own_state_of_a_named_one(model: Any, folder: Path) -> None:
    own_state(model, folder)
    path = folder / adapters.WEIGHTS
    save_file({n.replace(".default", ".mine"): t for n, t in load_file(path).items()}, path)


def compiled(model: Any, folder: Path) -> None:
    """As from ``torch.compile``, which puts a part of its own into every name."""
    own_state(model, folder, "_orig_mod.")


@pytest.fixture
def made(exported: Path, tmp_path: Path) -> Callable[..., tuple[Path, np.ndarray]]:
    """Makes an adapter with plain peft; returns its folder and plain peft's logits."""
    from peft import LoraConfig, PromptTuningConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(exported)(TEXTS, return_tensors="pt", padding=True)
    tokens.pop("token_type_ids", None)

    def make(save: Save = by_peft, **options: Any) -> tuple[Path, np.ndarray]:
        prompts = "num_virtual_tokens" in options
        kind = PromptTuningConfig if prompts else LoraConfig
        usual: dict[str, Any] = {"r": 2, "target_modules": ["v_lin"]}
        if prompts:
            usual = {"token_dim": 384, "num_layers": 6, "num_attention_heads": 12}
        with torch.random.fork_rng():
            torch.manual_seed(11)
            base = AutoModelForSequenceClassification.from_pretrained(exported)
            for name in FAMILY.head:  # a session's own draw, which no file has
                base.get_submodule(name).reset_parameters()
            model = get_peft_model(base, kind(**{**usual, **options}))
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.data += 0.1 * torch.randn_like(parameter)
        folder = tmp_path / "theirs"
        save(model, folder)
        with torch.no_grad():
            return folder, model.eval()(**tokens).logits.numpy()

    return make


def brought(source: Path, scratch: Path) -> Path:
    folder = importing.unpack(source, scratch)
    importing.describe(folder, base_model=BUILTIN_BASE)
    return folder


@pytest.mark.parametrize(
    ("method", "options", "save"),
    [
        ("lora", {"task_type": "SEQ_CLS"}, by_peft),
        ("lora", {"modules_to_save": ["classifier"]}, by_peft),
        ("lora", {"modules_to_save": ["classifier"], "task_type": "FEATURE_EXTRACTION"}, by_peft),
        ("lora", {"modules_to_save": ["pre_classifier", "classifier"], "bias": "all"}, by_peft),
        ("lora", {"modules_to_save": ["classifier", "sa_layer_norm"]}, by_peft),
        ("lora", {"task_type": "SEQ_CLS", "modules_to_save": ["embeddings.LayerNorm"]}, by_peft),
        ("lora", {"task_type": "SEQ_CLS"}, own_state),
        ("lora", {"modules_to_save": ["classifier"]}, own_state_of_a_named_one),
        ("lora", {"task_type": "SEQ_CLS", "use_dora": True}, own_state),
        ("lora", {"task_type": "SEQ_CLS"}, compiled),
        ("prompt_tuning", {"task_type": "SEQ_CLS", "num_virtual_tokens": 3}, by_peft),
    ],
)
def test_a_whole_head_gives_plain_pefts_logits(
    made, base: models.Base, tmp_path, no_network, method, options, save
):
    source, expected = made(save, **options)
    folder = brought(source, tmp_path)
    method = "dora" if options.get("use_dora") else method
    model = adapters.load(folder, base, METHODS[method], SENTIMENT)
    found = adapters.logits(model, base, base.encode(TEXTS)["input_ids"])
    assert np.abs(found - expected).max() < 1e-4
    assert not no_network


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "got no pre_classifier.weight"),
        ({"modules_to_save": ["pre_classifier"]}, "got no classifier.weight"),
        ({"modules_to_save": ["score"]}, "got no pre_classifier.weight"),
        ({"target_modules": "all-linear"}, "but only an adapter of that layer"),
        (
            {"target_modules": ["q_lin", "pre_classifier", "classifier"]},
            "got no pre_classifier.weight in adapter_model.safetensors but only an adapter",
        ),
    ],
)
def test_a_part_that_was_drawn_at_random_cannot_be_made_again(made, tmp_path, options, told):
    source, _ = made(**options)
    sentence = refusal(brought, source, tmp_path)
    assert told in sentence
    assert "drawn at random where it was trained" in sentence
    assert "modules_to_save=['pre_classifier', 'classifier']" in sentence


@pytest.mark.parametrize("gone", ["pre_classifier", "pre_classifier.bias"])
def test_a_part_of_it(made, tmp_path, gone):
    """As other tools save it; peft itself takes pre_classifier for the end of its name."""
    source, _ = made(task_type="SEQ_CLS")
    weights = load_file(source / adapters.WEIGHTS)
    kept = {name: tensor for name, tensor in weights.items() if gone not in name}
    save_file(kept, source / adapters.WEIGHTS)
    sentence = refusal(brought, source, tmp_path)
    assert f"got no {gone}" in sentence
    assert ".safetensors, which was drawn at random where it was trained" in sentence


ODD: dict[str, Any] = {
    "auto_mapping": {
        "base_model_class": "DistilBertForSequenceClassification",
        "parent_library": "transformers.models.distilbert.modeling_distilbert",
    },
    "alora_invocation_tokens": None,
    "arrow_config": None,
    "corda_config": {"cov_mode": "average"},
    "eva_config": {"rho": 2.0},
    "loftq_config": {},
    "megatron_core": "megatron.core",
    "exclude_modules": ["embeddings"],
    "layer_replication": None,
    "lora_bias": False,
    "ensure_weight_tying": False,
    "peft_version": "0.18.1@0123abcdef",
    "qalora_group_size": 16,
    "revision": "main",
    "runtime_config": {"ephemeral_gpu_offload": False},
    "target_parameters": None,
    "trainable_token_indices": None,
    "use_qalora": False,
    "enable_lora": None,
    "merge_weights": False,
    "an_option_of_next_year": {"deep": [1, 2]},
    "base_model_class": "DistilBertModel",
}
"""What configurations of older, newer and other tools have beside."""


def test_whatever_else_a_public_configuration_says(made, base, tmp_path):
    source, expected = made(task_type="SEQ_CLS")
    values = json.loads((source / adapters.CONFIG).read_text())
    (source / adapters.CONFIG).write_text(json.dumps({**values, **ODD, "inference_mode": True}))
    folder = brought(source, tmp_path)
    model = adapters.load(folder, base, METHODS["lora"], SENTIMENT)
    found = adapters.logits(model, base, base.encode(TEXTS)["input_ids"])
    assert np.abs(found - expected).max() < 1e-4
