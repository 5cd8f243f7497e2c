"""What the review lab computes in minutes, put into a store as if that had been done."""

import numpy as np

from peft_demo import capabilities, data
from peft_demo.runs.map import FeatureMap, Place
from peft_demo.runs.mix import LINE, Mix, MixPoint
from peft_demo.runs.strength import CURVE, StrengthCurve, StrengthPoint
from peft_demo.statistics import Predictions
from peft_demo.storage import Store

TWO = ("reference-recommended-lora", "reference-lora-1")
"""Of one method, so that they can be mixed; the built-in base has no revision."""

ACCURACIES = (0.5, 0.52, 0.6, 0.7, 0.84, 0.82, 0.7, 0.61, 0.55)


def know(store: Store) -> None:
    """Keep challenges and maps of both, the first one's strengths, and the line between them."""
    first, second = (store.get(run_id) for run_id in TWO)
    texts = capabilities.all_texts(capabilities.every(), capabilities.built_in())
    labels = np.asarray(texts.labels, dtype=np.int8)
    for run, step in ((first, 7), (second, 3)):
        is_wrong = np.arange(len(labels)) % step == 0
        positive = np.where(labels ^ is_wrong, 0.9, 0.1).astype(np.float32)
        said = Predictions(np.stack([1 - positive, positive], axis=1), labels)
        store.keep_challenge(run.run_id, texts.fingerprint, said)
    around = [
        {"accuracy": value, "low": value - 0.03, "high": value + 0.03} for value in ACCURACIES
    ]
    points = zip(CURVE, around, strict=True)
    curve = StrengthCurve(
        run_id=first.run_id,
        num_texts=1_000,
        points=tuple(StrengthPoint(strength=at, **told) for at, told in points),
    )
    store.derived(first, "strength", StrengthCurve, "", lambda: curve)
    steps = zip(LINE, around, strict=True)
    mix = Mix(
        run_ids=TWO, num_texts=1_000, points=tuple(MixPoint(at=at, **told) for at, told in steps)
    )
    key = f" {second.created_at.isoformat()}"
    store.derived(first, f"mix-{second.run_id}", Mix, key, lambda: mix)
    for run_id in TWO:
        store.derived(
            store.get(run_id), "map", FeatureMap, "", lambda run_id=run_id: mapped(run_id)
        )


def mapped(run_id: str) -> FeatureMap:
    """Two clouds that part."""
    random, test = np.random.default_rng(1), data.load(data.IMDB).test
    before, after = random.normal(size=(2, 40, 2))
    places = tuple(
        Place(
            index=index,
            label=data.SENTIMENT[label],
            said=data.SENTIMENT[label if index % 5 else 1 - label],
            before=tuple(before[index].tolist()),
            after=tuple((after[index] + [4 * label - 2, 0]).tolist()),
        )
        for index, label in enumerate(test.labels[:40])
    )
    return FeatureMap(run_id=run_id, explained=(0.61, 0.2), texts=places)
