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
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from peft_demo import data, models
from peft_demo.models import Base
from peft_demo.runs import RunConfig, RunTexts, draw
from peft_demo.statistics import DAMAGED, Predictions

MAJORITY = "Majority class"
TFIDF = "TF-IDF + logistic regression"


_measured: dict[tuple[object, ...], dict[str, Predictions]] = {}
_measuring: defaultdict[tuple[object, ...], threading.Lock] = defaultdict(threading.Lock)


def measure(config: RunConfig, folder: Path | None = None) -> dict[str, Predictions]:
    """What both baselines say of a run's test texts, by name; computed once and kept.

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


def _compute(config: RunConfig, drawn: RunTexts) -> dict[str, Predictions]:
    base = models.load(config.base_model)
    train = cut(drawn.train.texts, base, config.max_length)
    test = cut(drawn.test.texts, base, config.max_length)
    labels = np.array(drawn.test.labels, dtype=np.int8)
    found = {}
    for name, classifier in _classifiers().items():
        classifier.fit(train, drawn.train.labels)
        # A label that was not drawn is one that it does not know.
        probabilities = np.zeros((len(test), len(config.labels)), dtype=np.float32)
        probabilities[:, classifier.classes_] = classifier.predict_proba(test)
        found[name] = Predictions(probabilities, labels)
    return found


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


def _load(path: Path) -> dict[str, Predictions] | None:
    """What ``_save`` wrote, or None where it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            labels = arrays["labels"]
            pairs = zip(arrays["names"], arrays["probabilities"], strict=True)
            return {str(name): Predictions(probabilities, labels) for name, probabilities in pairs}
    except (OSError, *DAMAGED):
        return None


def _save(path: Path, found: Mapping[str, Predictions]) -> None:
    # A folder that cannot be written to costs seconds at the next start, no more.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written elsewhere and moved: nobody finds half a file.
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder) / path.name
            np.savez_compressed(
                part,
                names=list(found),
                probabilities=[predictions.probabilities for predictions in found.values()],
                labels=found[MAJORITY].labels,
            )
            part.replace(path)
