"""``python -m benchmarks.footprint``: what trainings take of memory, against what is forecast.

Linux only. Each is a training of two steps; base and texts are loaded before, and a peak is set
back before each. With ``--widths`` the base is one of distilbert-base's measures, with weights that
nobody has trained: memory does not depend on their values.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.__main__ import silence
from benchmarks.memory import peak_megabytes
from peft_demo import data, memory, models
from peft_demo.data import IMDB
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE, UNCASED_HUB_BASE, hardware
from peft_demo.runs import Reporter, RunConfig, footprint
from peft_demo.training import loop

SHAPES = ((16, 128), (64, 128))
"""Texts of a batch, and tokens of each."""


def measured(config: RunConfig) -> float:
    """The program's peak in MB while it trains this."""
    gc.collect()
    memory.set_back()
    with tempfile.TemporaryDirectory() as folder, silence():
        loop.train(config, Path(folder), Reporter())
    return peak_megabytes()


@contextmanager
def distilbert_folder() -> Iterator[None]:
    """The uncased base's folder is one of its measures, with the built-in base's tokenizer."""
    with tempfile.TemporaryDirectory() as folder:
        network = models.BASES[UNCASED_HUB_BASE].shape.network()
        network.save_pretrained(folder)
        models.load(BUILTIN_BASE).tokenizer.save_pretrained(folder)
        del network
        os.environ["PEFT_DEMO_DISTILBERT_UNCASED_FOLDER"] = folder
        yield


def compare(base_id: str, methods: list[str], shapes: list[tuple[int, int]]) -> None:
    """Print a line for each method and shape."""
    precision = hardware.training_precision()
    models.load(base_id)
    data.load(IMDB)
    for method in methods:
        for batch, length in shapes:
            config = RunConfig(
                {
                    "base_model": base_id,
                    "dataset": IMDB,
                    "method": method,
                    "per_device_train_batch_size": batch,
                    "max_length": length,
                    "num_reviews": batch * 5 // 2,
                    "num_train_epochs": 1,
                    "num_test_reviews": 50,
                }
            )
            forecast = footprint.peak_bytes(config, precision) / 1e6
            found = measured(config)
            print(
                f"{base_id} {precision} {method} {batch} × {length}: {found:,.0f} MB, forecast "
                f"{forecast:,.0f} MB, {forecast / found:.2f} ×",
                flush=True,
            )


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", action="store_true", help="as large as distilbert-base")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--shapes", nargs="+", default=[f"{b}x{n}" for b, n in SHAPES])
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    shapes = [(int(batch), int(length)) for batch, length in (s.split("x") for s in asked.shapes)]
    if asked.widths:
        with distilbert_folder():
            compare(UNCASED_HUB_BASE, asked.methods, shapes)
    else:
        compare(BUILTIN_BASE, asked.methods, shapes)


if __name__ == "__main__":
    main()
