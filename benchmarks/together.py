"""What reviews cost the processor that wait at the same moment, as ``together.json``.

Thirty different reviews as people type them, each in a thread as of a visitor of its own, who all
wait for their turn, against the same ones one after another: CPU seconds in pairs, and by how much
an answer differs from the one computed alone. Beside it a pass alone in float32 and in bfloat16.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import found
from peft_demo import adapters, data, memory, models, settings
from peft_demo.data import IMDB
from peft_demo.inference import Predictor
from peft_demo.models import BUILTIN_BASE, hardware
from peft_demo.storage import Store
from peft_demo.ui.identity import Visitor, acting_as
from peft_demo.ui.turns import Turns

RESULTS = Path(__file__).with_name("together.json")
VISITORS = 30
WORDS = (3, 30)
"""Of a review, at least and at most."""
ASKED = tuple(
    f"reference-{preset}"
    for preset in ("recommended-lora", "recommended-ia3", "lora-1", "recommended-head-only")
)
LENGTHS = (8, 16, 32, 48, 64, 128)
"""Tokens of a review that is computed alone."""
PAIRS = 5

Answers = dict[tuple[str, str], float]
"""How likely an adapter finds a review positive, by both."""


class Asking:
    """Some adapters that are asked about all reviews, and how many passes that took."""

    def __init__(self, predictor: Predictor, turns: Turns, run_ids: Sequence[str]) -> None:
        self._predictor, self._turns, self._run_ids = predictor, turns, run_ids
        chance = random.Random(1)
        self._reviews = [
            " ".join(review.split()[: chance.randint(*WORDS)])
            for review in data.load(IMDB).test.texts[:VISITORS]
        ]

    def apart(self) -> Answers:
        """One review after another."""
        told: Answers = {}
        for review in self._reviews:
            told |= self._ask(review)
        return told

    def together(self) -> Answers:
        """All of them wait when the first turn is given."""
        told: Answers = {}
        with ThreadPoolExecutor(VISITORS) as pool:
            with self._turns.one():
                asked = [pool.submit(self._ask, review) for review in self._reviews]
                while self._predictor.together.num_waiting() < VISITORS:
                    time.sleep(0.001)
            for each in asked:
                told |= each.result()
        return told

    def _ask(self, review: str) -> Answers:
        with acting_as(Visitor(f"who writes {review}")):
            answers = self._predictor.predict(review, self._run_ids)
        return {(review, each.run_id): each.probabilities["positive"] for each in answers}


def measure_together(predictor: Predictor, turns: Turns, num_adapters: int) -> Any:
    """Some adapters about thirty reviews: pairs of CPU seconds, and how far answers differ."""
    asking = Asking(predictor, turns, ASKED[:num_adapters])
    asking.apart()
    pairs, differ, wall = [], 0.0, []
    for _ in range(PAIRS):
        apart, of_apart, slow = _timed(asking.apart)
        together, of_together, quick = _timed(asking.together)
        pairs.append((of_apart, of_together))
        wall.append(slow / quick)
        differ = max(differ, *(abs(apart[key] - together[key]) for key in apart))
    return {
        "reviews": VISITORS,
        "adapters": num_adapters,
        "apart_cpu_seconds": round(median(apart for apart, _ in pairs), 3),
        "together_cpu_seconds": round(median(together for _, together in pairs), 3),
        "times_as_fast": round(median(apart / together for apart, together in pairs), 2),
        "times_as_soon": round(median(wall), 2),
        "largest_difference": differ,
        "pairs": [[round(value, 4) for value in pair] for pair in pairs],
    }


def measure_alone(predictor: Predictor) -> list[dict[str, float]]:
    """One review at a time in float32 and in bfloat16, in turns: CPU milliseconds of a pass."""
    base = models.load(BUILTIN_BASE)
    (run,) = predictor.finished(ASKED[:1])
    model = predictor.model(run)
    every = base.encode(data.load(IMDB).test.texts[:200], 512)["input_ids"]
    long = [token_ids for token_ids in every if len(token_ids) > max(LENGTHS)][:PAIRS]
    before, rows = os.environ.get("PEFT_DEMO_PRECISION"), []
    for length in LENGTHS:
        taken: dict[str, list[float]] = {"float32": [], "bfloat16": []}
        for token_ids in (long[0], *long):  # the first is not counted
            for precision, seconds in taken.items():
                os.environ["PEFT_DEMO_PRECISION"] = precision
                with hardware.predicting():
                    one_pass = partial(adapters.logits, model, base, [token_ids[:length]])
                    seconds.append(_timed(one_pass)[1])
        told = {name: round(1000 * median(seconds[1:]), 1) for name, seconds in taken.items()}
        rows.append({"tokens": length, **told})
    os.environ.pop("PEFT_DEMO_PRECISION")
    if before:
        os.environ["PEFT_DEMO_PRECISION"] = before
    return rows


def _timed(act: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gives, its CPU seconds, and by the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    given = act()
    return given, time.process_time() - cpu, time.perf_counter() - clock


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--note", default="", help="what else the machine did meanwhile")
    asked = parser.parse_args()
    hardware.share_cores()
    memory.share()
    commit, turns = found.commit(), Turns()
    with tempfile.TemporaryDirectory() as home:
        predictor = Predictor(Store(Path(home), settings.ADAPTERS), turns.one)
        numbers = {
            "threads": hardware.threads(),
            "precision": hardware.prediction_precision(),
            "together": [measure_together(predictor, turns, count) for count in (1, len(ASKED))],
            "alone": measure_alone(predictor),
        }
    print(numbers)
    found.keep(RESULTS, "together", numbers, of=commit, note=asked.note)


if __name__ == "__main__":
    main()
