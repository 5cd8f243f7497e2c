"""What a base without dropout does: to accuracy over seeds, and to time where blocks are frozen.

Each pair is the same run twice, with the checkpoint's own dropout and with 0, in turns. Accuracy is
of the recommended LoRA on all blocks; time is of one on the last two blocks alone, where the frozen
blocks below compute each text once for all epochs, against the same run without that.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from pathlib import Path
from statistics import mean
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.__main__ import silence
from benchmarks.training import config_of
from peft_demo import statistics
from peft_demo.models import hardware
from peft_demo.runs import Reporter, RunConfig, RunResult
from peft_demo.training import loop

SEEDS = 8


def trained(config: RunConfig) -> tuple[RunResult, np.ndarray]:
    """A run's result, and which test texts it classifies right."""
    with tempfile.TemporaryDirectory() as folder, silence():
        result = loop.train(config, Path(folder), Reporter())
        return result, statistics.Predictions.load(Path(folder)).correct


def accuracies(seeds: int, num_reviews: int, num_test_reviews: int) -> dict[str, Any]:
    """Test accuracy in percent with the checkpoint's dropout and with none, seed by seed."""
    pairs, right = [], ([], [])  # type: ignore[var-annotated]
    for seed in range(1, seeds + 1):
        config = config_of(
            "recommended-lora",
            num_reviews=num_reviews,
            num_test_reviews=num_test_reviews,
            seed=seed,
        ).model_copy(update={"num_train_epochs": 2})
        both = [trained(config.model_copy(update={"base_dropout": p})) for p in (None, 0)]
        for kept, (_, correct) in zip(right, both, strict=True):
            kept.append(correct)
        pairs.append([100 * result.test_accuracy for result, _ in both])
        print(
            f"seed {seed}: {pairs[-1][0]:.1f} % with dropout, {pairs[-1][1]:.1f} % without",
            flush=True,
        )
    own, none = (np.concatenate(kept) for kept in right)
    return {
        "pairs": pairs,
        "difference": mean(none - own for own, none in pairs),
        "p": statistics.mcnemar(*statistics.discordant(none, own)),
    }


def times(seeds: int, num_reviews: int) -> list[float]:
    """Seconds of training as a share of those without remembered blocks, pair by pair."""
    shares = []
    for seed in range(1, seeds + 1):
        config = config_of("recommended-lora", num_reviews=num_reviews, seed=seed).model_copy(
            update={"base_dropout": 0, "layers_to_transform": "4-5", "num_train_epochs": 4}
        )
        ours, _ = trained(config)
        with patch("peft_demo.models.fast_forward.remember_frozen", lambda *_: 0):
            plain, _ = trained(config)
        seconds = [each.train_output["train_runtime"] for each in (ours, plain)]
        shares.append(seconds[0] / seconds[1])
        print(f"seed {seed}: {seconds[0]:.1f} s of {seconds[1]:.1f} s", flush=True)
    return shares


def main() -> None:
    """Measure and print, at last as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--num-reviews", type=int, default=2_000)
    parser.add_argument("--num-test-reviews", type=int, default=1_000)
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    accuracy = accuracies(asked.seeds, asked.num_reviews, asked.num_test_reviews)
    shares = times(min(asked.seeds, 3), asked.num_reviews)
    print(
        f"Without dropout {accuracy['difference']:+.2f} points (exact McNemar test over all texts: "
        f"p = {accuracy['p']:.2f}); frozen blocks that compute each text once: "
        f"{mean(shares):.2f} of the time."
    )
    print(json.dumps({"accuracy": accuracy, "time": shares}))


if __name__ == "__main__":
    main()
