"""How long people wait for an explanation, and how often it points at the right words, as
``explaining.json``.

Time: one review of 100 words by four adapters of different methods, each way, until the first and
until the last is there, and the processor's time for all. Truth: texts put together of a positive
and a negative sentence (test texts of Rotten Tomatoes, whose sentences have labels of their own);
what share of all contributions speaks for positive in the positive half and against it in the
other. Of random ones it is a half. And how long it takes to ask a run all that it should
understand.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import found
from benchmarks.__main__ import silence
from benchmarks.prediction import MIXED, train
from peft_demo import data, models, settings
from peft_demo.data import IMDB, ROTTEN_TOMATOES, SENTIMENT
from peft_demo.inference import WAYS, Explainer, Predictor, challenged
from peft_demo.inference.words import Span, words
from peft_demo.models import hardware
from peft_demo.runs import Run
from peft_demo.statistics.intervals import mean_interval
from peft_demo.storage import Store

RESULTS = Path(__file__).with_name("explaining.json")

ADAPTERS = MIXED[:4]
LEARNED = {"num_reviews": 160, "num_train_epochs": 1}
"""So that they have learned something: what is level takes fewer steps."""

NUM_WORDS = 100
PAIRS = 5
LONGEST = 15
"""Words of a sentence: two are read whole in 50 tokens."""

JUDGED = "reference-recommended-lora"
CHALLENGED = (JUDGED, "reference-recommended-ia3", "reference-lora-2")
POSITIVE = 1


def waits(
    predictor: Predictor, run_ids: Sequence[str], text: str, by: str
) -> tuple[float, float, float]:
    """Seconds until the first and the last adapter's explanation, and the processor's for all.

    None of them was known before.
    """
    explainer, began, cpu = Explainer(predictor), time.perf_counter(), time.process_time()
    ends = [
        (explainer.explain(text, [run_id], by), time.perf_counter() - began)[1]
        for run_id in run_ids
    ]
    return ends[0], ends[-1], time.process_time() - cpu


def time_them() -> dict[str, Any]:
    """Of each way, the seconds until the first adapter's explanation and until the last one's."""
    ways: dict[str, Any] = {}
    review = next(text for text in data.load(IMDB).test.texts if len(words(text)) > NUM_WORDS)
    text = review[: words(review)[NUM_WORDS - 1].end]
    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home))
        with silence():
            run_ids = [train(store, method, **LEARNED).run_id for method in ADAPTERS]
        predictor = Predictor(store)
        predictor.predict(text, run_ids)
        for by, label in WAYS.items():
            waits(predictor, run_ids, text, by)
            told = [waits(predictor, run_ids, text, by) for _ in range(PAIRS)]
            first, last, cpu = (round(median(values), 2) for values in zip(*told, strict=True))
            print(f"{label}: first {first:.2f} s, all four {last:.2f} s ({cpu:.2f} s)", flush=True)
            ways[by] = {"first": first, "all": last, "cpu_seconds": cpu}
        store.close()
    return {"words": NUM_WORDS, "adapters": len(ADAPTERS), "ways": ways}


def mixed_reviews(count: int) -> Iterator[tuple[str, int, bool]]:
    """Texts, where the second sentence begins, and whether the first is the positive one."""
    pool = data.load(ROTTEN_TOMATOES).test
    short = [
        [
            text
            for text, label in zip(pool.texts, pool.labels, strict=True)
            if label == wanted and 5 <= len(words(text)) <= LONGEST
        ]
        for wanted in (1 - POSITIVE, POSITIVE)
    ]
    for number, (negative, positive) in enumerate(zip(*short, strict=False)):
        if number == count:
            return
        is_positive_first = number % 2 == 0
        first, second = (positive, negative) if is_positive_first else (negative, positive)
        first = first if first[-1] in ".!?" else f"{first}."
        yield f"{first} {second}", len(first), is_positive_first


def rightness(contributions: Sequence[float], is_positive: Sequence[bool]) -> float:
    """The share of all that words contribute to *positive* with the sign that their half has."""
    sizes = np.abs(contributions)
    right = (np.asarray(contributions) > 0) == np.asarray(is_positive)
    return float(sizes[right].sum() / sizes.sum())


Way = Callable[[str, Sequence[Span]], Sequence[float]]


def gradient_times_input(predictor: Predictor, run: Run) -> Way:
    """The plainest of the gradients' ways, in log-odds of *positive*."""
    import torch
    from captum.attr import LayerGradientXActivation

    model, base = predictor.merged(run, in_float32=True), models.load(run.config.base_model)

    def forward(input_ids: torch.Tensor) -> torch.Tensor:
        mask = torch.ones_like(input_ids)
        logits = model(input_ids=input_ids, attention_mask=mask).logits.float()
        difference: torch.Tensor = logits[:, POSITIVE] - logits[:, 1 - POSITIVE]
        return difference

    def of(text: str, parts: Sequence[Span]) -> list[float]:
        encoded = base.encode([text], run.config.max_length)
        ids = torch.tensor(encoded["input_ids"])
        body = model.get_input_embeddings()  # type: ignore[operator]
        with torch.enable_grad():
            found = LayerGradientXActivation(forward, body).attribute(ids)
        by_token = found.detach().sum(dim=-1)[0].tolist()
        (offsets,) = encoded["offset_mapping"]
        told = [*zip(by_token, offsets, strict=True)]
        return [
            sum(value for value, (start, end) in told if start < part.end and end > part.start)
            for part in parts
        ]

    return of


def explained(explainer: Explainer, by: str) -> Way:
    """What each word contributes to *positive*, whichever label was said."""

    def of(text: str, parts: Sequence[Span]) -> list[float]:
        (found,) = explainer.explain(text, [JUDGED], by)
        assert [(each.start, each.end) for each in found.words] == [tuple(part) for part in parts]
        sign = 1 if found.label == SENTIMENT[POSITIVE] else -1
        return [sign * (each.contribution or 0.0) for each in found.words]

    return of


def judge_them(count: int) -> dict[str, Any]:
    """How much of what each way says is right, with a 95 % interval over the reviews."""
    judged = {}
    with tempfile.TemporaryDirectory() as home:
        predictor = Predictor(Store(Path(home), settings.ADAPTERS))
        (run,) = predictor.finished([JUDGED])
        explainer, random = Explainer(predictor), np.random.default_rng(1)
        ways: dict[str, Way] = {label: explained(explainer, by) for by, label in WAYS.items()}
        ways["Gradient × input"] = gradient_times_input(predictor, run)
        ways["Random"] = lambda text, parts: random.normal(size=len(parts)).tolist()
        reviews = [*mixed_reviews(count)]
        for label, way in ways.items():
            shares = []
            for text, middle, is_positive_first in reviews:
                parts = words(text)
                halves = [(part.start < middle) == is_positive_first for part in parts]
                shares.append(rightness(way(text, parts), halves))
            share = mean_interval(shares)
            told = f"{share.value:.1%} right ({share.low:.1%} to {share.high:.1%})"
            print(f"{label}: {told}, {len(reviews)} reviews", flush=True)
            judged[label] = {"right": share.value, "low": share.low, "high": share.high}
    return {"reviews": len(reviews), "ways": judged}


def challenge_them() -> dict[str, Any]:
    """How long each reference run takes to answer the texts of all capabilities and pairs."""
    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home), settings.ADAPTERS)
        predictor = Predictor(store)
        seconds = {}
        for run_id in CHALLENGED:
            predictor.predict("A fine film.", [run_id])
            began = time.perf_counter()
            answers = challenged(store, predictor, run_id)
            seconds[run_id] = round(time.perf_counter() - began, 2)
        store.close()
    longest = max(seconds, key=seconds.__getitem__)
    print(f"Asked {len(answers.positive):,} texts: {seconds}", flush=True)
    return {"texts": len(answers.positive), "longest": longest, "seconds": seconds}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=200, help="put together (200)")
    parser.add_argument("--only", nargs="+", choices=("waits", "rightness", "challenge"))
    parser.add_argument("--note", default="", help="what else the machine did meanwhile")
    asked = parser.parse_args()
    hardware.share_cores()
    parts = {
        "waits": time_them,
        "rightness": lambda: judge_them(asked.reviews),
        "challenge": challenge_them,
    }
    for part in asked.only or parts:
        commit = found.commit()
        found.keep(RESULTS, part, parts[part](), of=commit, note=asked.note)


if __name__ == "__main__":
    main()
