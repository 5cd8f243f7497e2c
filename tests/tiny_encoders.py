"""A tiny checkpoint of each family of encoders, of random weights, made in the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from peft_demo import models
from peft_demo.models import loading, own
from peft_demo.models.families import ARCHITECTURES

WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *"abcdefghijklmnopqrstuvwxyz.,'!?",
    *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    *("the", "film", "good", "bad", "not", "a", "dull", "long", "wonderful"),
]

MEASURES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
    "vocab_size": len(WORDS),
    "pad_token_id": 0,
}

OF_FAMILY: dict[str, dict[str, Any]] = {
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
    "albert": {"embedding_size": 16, "num_hidden_layers": 3},
    "electra": {"embedding_size": 16},
    "deberta-v2": {
        "relative_attention": True,
        "position_buckets": 16,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "type_vocab_size": 0,
        "position_biased_input": False,
    },
    "modernbert": {
        **{"bos_token_id": 2, "cls_token_id": 2, "eos_token_id": 3, "sep_token_id": 3},
        **{"global_attn_every_n_layers": 2, "local_attention": 8},
    },
}


def save_tiny(model_type: str, folder: Path, *, headless: bool = False, **more: Any) -> Path:
    """Write a checkpoint of a family into a folder, with a tokenizer that knows letters.

    ``headless``: as one that was trained for something else, without a classifier or a pooler.
    """
    import torch

    # Not by itself: a server that an earlier test began may be importing it in a thread.
    from peft_demo.libraries import transformers

    values = {**MEASURES, **OF_FAMILY.get(model_type, {}), **more}
    config = transformers.AutoConfig.for_model(model_type, **values)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        if headless:
            kinds = transformers.AutoModelForMaskedLM
        else:
            kinds = transformers.AutoModelForSequenceClassification
        model = kinds.from_config(config)
        with torch.no_grad():  # larger than transformers' own, so that texts differ
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.mul_(5)
    model.save_pretrained(folder)
    words = folder / "vocab.txt"
    words.write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    transformers.BertTokenizer(
        str(words), model_input_names=["input_ids", "attention_mask"]
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each family."""
    root = tmp_path_factory.mktemp("encoders")
    return {name: save_tiny(name, root / f"tiny-{name}") for name in ARCHITECTURES}


@pytest.fixture(scope="module")
def tiny_bases(
    tmp_path_factory: pytest.TempPathFactory, tiny_folders: dict[str, Path]
) -> Iterator[dict[str, models.Base]]:
    """All of them as bases that were added, in a home of the file's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PEFT_DEMO_PRECISION", "float32")
        patch.setattr(loading, "_loaded", {})
        for folder in tiny_folders.values():
            own.add(str(folder), may_be_folder=True)
        yield {name: models.load(folder.name) for name, folder in tiny_folders.items()}
