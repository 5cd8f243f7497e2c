"""What frozen blocks that compute each text once save, for each family of encoders.

A step of LoRA on the last of six blocks, of random weights as large as the built-in base, with and
without remembering, in turns in one process: the texts are those of the epochs after the first.
With ``--runs``, whole runs of five epochs on the built-in base instead: LoRA on blocks 4 and 5
against LoRA on all, without the base's dropout, each of texts that nobody has computed before.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median
from typing import Any

import torch

from benchmarks.__main__ import silence
from benchmarks.quick_run import measure
from peft_demo.libraries import peft, transformers
from peft_demo.models import Architecture, fast_forward, frozen_blocks, hardware
from peft_demo.models.families import ARCHITECTURES
from peft_demo.models.shared_states import shared_states
from peft_demo.runs import RunConfig

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
RUN = {
    "method": "lora",
    "num_train_epochs": 5,
    "base_dropout": 0,
    "lora_dropout": 0,
    "num_test_reviews": 200,
}
WHERE = {"all blocks": (), "blocks 4 and 5": (4, 5)}


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


def compare_runs(num_texts: int, num_tokens: int) -> None:
    """Print CPU seconds of each run, and their ratios: of the training, and of all of it."""
    shape = {"num_reviews": num_texts, "max_length": num_tokens}
    spent: dict[str, list[dict[str, float]]] = {where: [] for where in WHERE}
    measure(RunConfig(**RUN, **{**shape, "num_reviews": 40}))  # which warms up
    for _ in range(PAIRS):
        for where, blocks in WHERE.items():
            shared_states.clear()
            found = measure(RunConfig(**RUN, **shape, layers_to_transform=blocks))
            spent[where].append(found)
            told = f"training {found['training']:.1f} s, all {found['cpu']:.1f} s"
            print(f"{where}: {told}", flush=True)
    for what in ("training", "cpu"):
        pairs = zip(*spent.values(), strict=True)
        ratio = median(whole[what] / upper[what] for whole, upper in pairs)
        print(f"{'all' if what == 'cpu' else what}: {ratio:.2f} times as fast", flush=True)


def main() -> None:
    """Measure and print a line for each family, or for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", action="store_true", help="whole runs on the built-in base")
    parser.add_argument("--texts", type=int, default=1_000, help="of a run")
    parser.add_argument("--tokens", type=int, default=50, help="of each text of a run")
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    if asked.runs:
        compare_runs(asked.texts, asked.tokens)
        return
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
