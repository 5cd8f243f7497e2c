"""What frozen blocks that compute each text once save, for each family of encoders.

A step of LoRA on the last of six blocks, of random weights as large as the built-in base, with and
without remembering, in turns in one process: the texts are those of the epochs after the first.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median
from typing import Any

import torch

from benchmarks.__main__ import silence
from peft_demo.libraries import peft, transformers
from peft_demo.models import Architecture, fast_forward, frozen_blocks, hardware
from peft_demo.models.families import ARCHITECTURES

MEASURES = {
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "vocab_size": 1_000,
    "pad_token_id": 0,
}
OF_FAMILY: dict[str, dict[str, Any]] = {
    "distilbert": {"dim": 384, "n_layers": 6, "n_heads": 12, "hidden_dim": 1536},
    "deberta-v2": {"relative_attention": True, "position_buckets": 256, "pos_att_type": ["c2p"]},
    "modernbert": dict.fromkeys(("bos_token_id", "eos_token_id", "cls_token_id"), 0),
}
NUM_TEXTS, NUM_TOKENS, STEPS, PAIRS = 16, 50, 4, 3


def model_of(family: Architecture, *, remembers: bool) -> torch.nn.Module:
    """A network with LoRA on its last block, without dropout, ready to be trained."""
    measures = {**MEASURES, **OF_FAMILY.get(family.model_type, {})}
    config = transformers.AutoConfig.for_model(family.model_type, **measures)
    torch.manual_seed(1)
    network = transformers.AutoModelForSequenceClassification.from_config(config)
    network.requires_grad_(False)
    frozen_blocks.set_dropout(network, 0.0)
    fast_forward.prepare_base(network)
    lora = peft.LoraConfig(
        task_type="SEQ_CLS",
        target_modules=list(family.linear),
        layers_to_transform=[5],
        modules_to_save=list(family.saved),
    )
    model = peft.get_peft_model(network, lora)
    fast_forward.prepare_training(model, is_head_only=False, may_remember=remembers)
    return model.train()


def seconds(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> float:
    """CPU seconds of some steps, forward and backward."""
    began = time.process_time()
    for _ in range(STEPS):
        model(**batch).loss.backward()
        model.zero_grad()
    return time.process_time() - began


def main() -> None:
    """Measure and print a line for each family."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    ids = torch.randint(5, 1_000, (NUM_TEXTS, NUM_TOKENS))
    batch = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "labels": torch.arange(NUM_TEXTS) % 2,
    }
    for family in ARCHITECTURES.values():
        with silence():
            ours, plain = (model_of(family, remembers=remembers) for remembers in (True, False))
            is_plain = frozen_blocks.memory_of(ours) is None
        if is_plain:
            print(f"{family.label}: each time anew")
            continue
        with silence():
            frozen_blocks.expect(ours, ids.tolist(), is_autocast=False)
            seconds(ours, batch), seconds(plain, batch)
            shares = [seconds(ours, batch) / seconds(plain, batch) for _ in range(PAIRS)]
        print(f"{family.label}: {median(shares):.2f} of the time", flush=True)


if __name__ == "__main__":
    main()
