"""``python -m benchmarks.forward``: what each saving of models.fast_forward brings."""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from peft_demo import adapters, data, models, settings, statistics
from peft_demo.data import IMDB, SENTIMENT
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE, hardware, loading
from peft_demo.runs import RunConfig
from peft_demo.storage import reference_runs

if TYPE_CHECKING:
    from torch import nn

STEPS = 12
NUMBERS = 16 * 50 * 384 * 8


def _seconds(action: Callable[[], object], times: int) -> float:
    action()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        found.append(time.perf_counter() - started)
    return median(found)


def _masks() -> None:
    import torch
    from torch.nn import functional

    from peft_demo.models import fast_forward

    values = torch.randn(16, NUMBERS // 16)
    drawn = torch.empty_like(values)
    bits = torch.empty(NUMBERS // 8, dtype=torch.int64)
    for what, action in {
        "bernoulli_": lambda: drawn.bernoulli_(0.9),
        "torch's dropout": lambda: functional.dropout(values, 0.1),
        "8 random bits each": lambda: bits.random_(-(2**63), None),
        "our mask": lambda: fast_forward.dropout_mask(values.shape, 0.1, values.dtype),
        "our dropout": lambda: fast_forward.drop(values, 0.1),
    }.items():
        print(f"{what:40} {_seconds(action, 10) / NUMBERS * 1e9:6.2f} ns a number")


def _steps(max_length: int) -> None:
    import torch

    from benchmarks.training import config_of

    config = config_of("lora-1", max_length=max_length)
    built = {}
    for kind in ("fast", "transformers"):
        os.environ["PEFT_DEMO_FORWARD"] = kind
        loading._loaded.clear()
        built[kind] = adapters.build(models.load(BUILTIN_BASE), config)
    token_ids = torch.randint(1_000, 20_000, (16, max_length))
    batch = {"input_ids": token_ids, "attention_mask": torch.ones_like(token_ids)}

    def train(kind: str) -> float:
        started = time.perf_counter()
        labels = torch.ones(16, dtype=torch.long)
        with hardware.predicting():
            loss = built[kind].train()(**batch, labels=labels).loss
        loss.backward()
        return time.perf_counter() - started

    def evaluate(kind: str) -> float:
        started = time.perf_counter()
        with torch.inference_mode(), hardware.predicting():
            built[kind].eval()(**batch)
        return time.perf_counter() - started

    for what, action in {"training step": train, "forward pass alone": evaluate}.items():
        for kind in built:
            action(kind)
        ratios = [action("fast") / action("transformers") for _ in range(STEPS)]
        label = f"{what}, LoRA 1, 16 x {max_length} tokens"
        print(f"{label:40} {median(ratios):6.2f} x the time of transformers' own")
    del os.environ["PEFT_DEMO_FORWARD"]
    loading._loaded.clear()


def _methods() -> None:
    """Forward passes with adapters of all methods, for Method.merges_to_predict."""
    base = models.load(BUILTIN_BASE)
    token_ids = base.encode([" ".join(data.load(IMDB).test.texts[:5])], 128)["input_ids"]

    def seconds(model: nn.Module) -> float:
        with hardware.predicting():
            return _seconds(lambda: adapters.logits(model, base, token_ids), STEPS)

    of_base = seconds(base.shared(SENTIMENT).eval())
    for method in METHODS.values():
        config = RunConfig({"method": method.id, "max_length": 128})
        model = adapters.build(base, config).requires_grad_(False).eval()
        # Head only would remember the review.
        ratio = 1.0 if method.is_head_only else seconds(model) / of_base
        label = f"one review of 128 tokens, {method.label}"
        advice = "merged" if method.merges_to_predict else ""
        print(f"{label:40} {ratio:6.2f} x the time of the base alone  {advice}".rstrip())


def _probabilities() -> None:
    """How far bfloat16 moves the reference adapters' answers."""
    base, moved, changed = models.load(BUILTIN_BASE), [], 0
    token_ids = base.encode(data.load(IMDB).test.texts[:200], 128)["input_ids"]
    for folder in sorted(settings.ADAPTERS.glob(f"{reference_runs.PREFIX}*")):
        method = METHODS[
            reference_runs.read_references(settings.ADAPTERS)[folder.name].config.method
        ]
        model = adapters.load(folder, base, method, SENTIMENT)
        shares = []
        for precision in ("float32", "bfloat16"):
            os.environ["PEFT_DEMO_PRECISION"] = precision
            logits = adapters.logits_in_batches(model, base, token_ids, method, 16)
            shares.append(statistics.softmax(logits)[:, 1])
        moved.append(abs(shares[0] - shares[1]))
        changed += int(((shares[0] > 0.5) != (shares[1] > 0.5)).sum())
    del os.environ["PEFT_DEMO_PRECISION"]
    every = np.concatenate(moved)
    print(
        f"bfloat16 moves {every.size:,} probabilities by {every.mean():.2%} on average and "
        f"{every.max():.2%} at most, and changes {changed} labels"
    )


def _padding() -> None:
    base, test = models.load(BUILTIN_BASE), data.load(IMDB).test.take(range(1_000))
    lengths = [len(ids) for ids in base.encode(test.texts, 256)["input_ids"]]
    for what, order in {"as they come": lengths, "by length": sorted(lengths)}.items():
        size = adapters.EVALUATION_BATCH
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        read = sum(max(batch) * len(batch) for batch in batches)
        label = f"padding in batches of {size}, {what}"
        print(f"{label:40} {1 - sum(lengths) / read:6.1%} of 1,000 reviews of at most 256 tokens")


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    precision = hardware.prediction_precision()
    print(f"{hardware.processor_name()}, {hardware.threads()} threads, {precision}")
    _masks()
    for max_length in (50, 128):
        _steps(max_length)
    _padding()
    _methods()
    _probabilities()


if __name__ == "__main__":
    main()
