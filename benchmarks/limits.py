"""What the machine can do at best: matrix products of the shapes and type in use."""

from __future__ import annotations

import time
from functools import lru_cache

from peft_demo.models import hardware
from peft_demo.runs import RunConfig, draw

SECONDS = 0.3
"""How long each shape is measured."""


@lru_cache
def gemm_flops_per_second(rows: int, precision: str) -> float:
    """Floating-point operations a second of a block's matrix products, ``rows`` tokens at once."""
    import torch

    dtype, device = getattr(torch, precision), hardware.device()
    flops = seconds = 0.0
    for width_in, width_out, each in ((384, 384, 4), (384, 1536, 1), (1536, 384, 1)):
        left, right = (
            torch.randn(rows, width_in, dtype=dtype, device=device),
            torch.randn(width_in, width_out, dtype=dtype, device=device),
        )
        best, until = float("inf"), time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            started = time.perf_counter()
            left @ right
            if device == "cuda":
                torch.cuda.synchronize()
            best = min(best, time.perf_counter() - started)
        flops += each * 2.0 * rows * width_in * width_out
        seconds += each * best
    return flops / seconds


def training_flops(config: RunConfig) -> float:
    """Of matrix products for one review of an epoch, as our forward pass does them.

    Forward and backward, and forward for its share of the validation reviews.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from peft_demo import adapters, data, models

    model = adapters.build(models.load(config.base_model), config)
    batch = config.per_device_train_batch_size
    ids = torch.full((batch, config.max_length), 2_000)
    read = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "labels": torch.zeros(batch, dtype=torch.long),
    }
    with FlopCounterMode(display=False) as trained:
        model.train()(**read).loss.backward()
    with FlopCounterMode(display=False) as evaluated, torch.no_grad():
        model.eval()(**read)
    drawn = draw(data.load(config.dataset), config)
    share = len(drawn.validation.labels) / len(drawn.train.labels)
    return (trained.get_total_flops() + share * evaluated.get_total_flops()) / batch
