"""What costs seconds and no network: the majority class, and TF-IDF with logistic regression.

Both learn from exactly the texts that a run trains on, cut where the run's are cut, and are
tested on the same test texts, so that an adapter can be asked whether it was worth the trouble.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from peft_demo import data, models, statistics
from peft_demo.models import Base
from peft_demo.runs import RunConfig, RunTexts, draw
from peft_demo.statistics import DAMAGED, Predictions

MAJORITY = "Majority class"
TFIDF = "TF-IDF + logistic regression"


@dataclass(frozen=True)
class TextBaseline:
    """A classifier that every fine-tuning should beat, and what it reached."""

    name: str
    predictions: Predictions
    accuracy: float
    low: float
    high: float
    """Ends of the accuracy's 95 % Wilson interval."""
    seconds: float
    """To learn and to predict."""

    @classmethod
    def of(cls, name: str, predictions: Predictions, seconds: float) -> TextBaseline:
        """With the accuracy that its predictions have."""
        correct = predictions.correct
        low, high = statistics.wilson_interval(int(correct.sum()), len(correct))
        return cls(name, predictions, float(correct.mean()), low, high, seconds)


_measured: dict[tuple[object, ...], tuple[TextBaseline, ...]] = {}
_measuring: defaultdict[tuple[object, ...], threading.Lock] = defaultdict(threading.Lock)


def measure(config: RunConfig, folder: Path | None = None) -> tuple[TextBaseline, ...]:
    """Both baselines of a run's texts, computed once and kept.

    Args:
        config: the run's; only what decides its texts and where they are cut matters.
        folder: where to keep them for the next start as well, if anywhere.

    Raises:
        AssetError: the data set or the base's tokenizer is missing or out of reach.
        InvalidFieldsError: the data set has fewer texts than asked for, or today's rules refuse
            the configuration.
    """
    config.require_valid()
    key = (
        config.dataset,
        config.base_model,
        config.seed_of("sample_seed"),
        config.num_reviews,
        config.max_length,
        config.num_test_reviews,
    )
    with _measuring[key]:
        if key not in _measured:
            drawn = draw(data.load(config.dataset), config)
            path = folder / _file_name(config, drawn) if folder else None
            kept = _load(path) if path else None
            _measured[key] = kept or _compute(config, drawn)
            if path and not kept:
                _save(path, _measured[key])
        return _measured[key]


def cut(texts: Sequence[str], base: Base, max_length: int) -> list[str]:
    """The part of each text that a run reads: its first ``max_length`` tokens."""
    offsets = base.encode(texts, max_length)["offset_mapping"]
    ends = [max(end for _, end in places) for places in offsets]
    return [text[:end] for text, end in zip(texts, ends, strict=True)]


def _compute(config: RunConfig, drawn: RunTexts) -> tuple[TextBaseline, ...]:
    base = models.load(config.base_model)
    train = cut(drawn.train.texts, base, config.max_length)
    test = cut(drawn.test.texts, base, config.max_length)
    labels = np.array(drawn.test.labels, dtype=np.int8)
    baselines = []
    for name, classifier in _classifiers().items():
        started = time.perf_counter()
        classifier.fit(train, drawn.train.labels)
        # A label that was not drawn is one that it does not know.
        probabilities = np.zeros((len(test), len(config.labels)), dtype=np.float32)
        probabilities[:, classifier.classes_] = classifier.predict_proba(test)
        seconds = time.perf_counter() - started
        baselines.append(TextBaseline.of(name, Predictions(probabilities, labels), seconds))
    return tuple(baselines)


def _classifiers() -> dict[str, Any]:
    """scikit-learn's; neither draws from the random generators that trainings share."""
    from sklearn.dummy import DummyClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return {
        MAJORITY: DummyClassifier(strategy="prior"),
        TFIDF: make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            # C = 1, the default, is as accurate and far too unsure; 10 was chosen on texts of
            # the training pool, never on the test pool.
            LogisticRegression(C=10, max_iter=1_000),
        ),
    }


def _file_name(config: RunConfig, drawn: RunTexts) -> str:
    """Says what decides the numbers: another base, cut or text gives another name."""
    decisive = [
        config.base_model,
        config.max_length,
        drawn.train.fingerprint,
        drawn.test.fingerprint,
    ]
    digest = hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:16]
    return f"text-baselines-{digest}.npz"


def _load(path: Path) -> tuple[TextBaseline, ...] | None:
    """What ``_save`` wrote, or None where it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return tuple(
                TextBaseline.of(
                    str(name), Predictions(probabilities, arrays["labels"]), float(seconds)
                )
                for name, probabilities, seconds in zip(
                    arrays["names"], arrays["probabilities"], arrays["seconds"], strict=True
                )
            )
    except (OSError, *DAMAGED):
        return None


def _save(path: Path, baselines: tuple[TextBaseline, ...]) -> None:
    # A folder that cannot be written to costs seconds at the next start, no more.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written elsewhere and moved: nobody finds half a file.
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder) / path.name
            np.savez_compressed(
                part,
                names=[baseline.name for baseline in baselines],
                probabilities=[baseline.predictions.probabilities for baseline in baselines],
                labels=baselines[0].predictions.labels,
                seconds=[baseline.seconds for baseline in baselines],
            )
            part.replace(path)
