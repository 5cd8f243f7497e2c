"""What costs seconds and no network: the majority class, and TF-IDF with logistic regression.

Both learn from exactly the texts that a run trains on, cut where the run's are cut, and are
tested on the same test texts, so that an adapter can be asked whether it was worth the trouble.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from peft_demo import data, models, settings
from peft_demo.data import LabelledTexts
from peft_demo.models import Base
from peft_demo.runs import RunConfig, RunTexts, draw
from peft_demo.statistics import Predictions

MAJORITY = "Majority class"
TFIDF = "TF-IDF + logistic regression"

_FILES = {MAJORITY: "majority", TFIDF: "tf-idf"}
"""How the files of each begin."""

PACKAGED = settings.ADAPTERS / "baselines"
"""Those of the reference runs: every first page asks for them, and would wait for seconds."""

_measured: dict[str, dict[str, Predictions]] = {}
_measuring: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


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
    drawn = draw(data.load(config.dataset), config)
    key = _key(config, drawn)
    with _measuring[key]:
        if key not in _measured:
            found = (folder and _load(folder, key)) or _load(PACKAGED, key)
            _measured[key] = found or _compute(config, drawn)
            if folder and not found:
                _save(folder, key, _measured[key])
        return _measured[key]


def said(config: RunConfig, texts: LabelledTexts, folder: Path | None = None) -> Predictions:
    """What counting words says of other texts, learned and cut as in ``measure``; kept likewise.

    Raises as ``measure``.
    """
    config.require_valid()
    drawn = draw(data.load(config.dataset), config)
    name = f"{_FILES[TFIDF]}-{_key(config, drawn)}-{texts.fingerprint}"
    with contextlib.suppress(OSError, ValueError):
        if folder:
            return Predictions.load(folder, name)
    base = models.load(config.base_model)
    classifier = _classifiers()[TFIDF]
    classifier.fit(cut(drawn.train.texts, base, config.max_length), drawn.train.labels)
    found = _predicted(
        classifier, cut(texts.texts, base, config.max_length), texts.labels, len(config.labels)
    )
    with contextlib.suppress(OSError):
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            found.save(folder, name)
    return found


def cut(texts: Sequence[str], base: Base, max_length: int) -> list[str]:
    """The part of each text that a run reads: its first ``max_length`` tokens."""
    offsets = base.encode(texts, max_length)["offset_mapping"]
    ends = [max(end for _, end in places) for places in offsets]
    return [text[:end] for text, end in zip(texts, ends, strict=True)]


def _compute(config: RunConfig, drawn: RunTexts) -> dict[str, Predictions]:
    base = models.load(config.base_model)
    train = cut(drawn.train.texts, base, config.max_length)
    test = cut(drawn.test.texts, base, config.max_length)
    found = {}
    for name, classifier in _classifiers().items():
        classifier.fit(train, drawn.train.labels)
        found[name] = _predicted(classifier, test, drawn.test.labels, len(config.labels))
    return found


def _predicted(
    classifier: Any, texts: Sequence[str], labels: Sequence[int], num_labels: int
) -> Predictions:
    # A label that was not drawn is one that it does not know.
    probabilities = np.zeros((len(texts), num_labels), dtype=np.float32)
    probabilities[:, classifier.classes_] = classifier.predict_proba(texts)
    return Predictions(probabilities, np.array(labels, dtype=np.int8))


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


def _key(config: RunConfig, drawn: RunTexts) -> str:
    """Says what decides the numbers: another base, cut or text gives another."""
    decisive = [
        config.base_model,
        config.max_length,
        drawn.train.fingerprint,
        drawn.test.fingerprint,
    ]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:16]


def _load(folder: Path, key: str) -> dict[str, Predictions] | None:
    """What ``_save`` wrote, or None where it is missing or damaged."""
    try:
        return {name: Predictions.load(folder, f"{file}-{key}") for name, file in _FILES.items()}
    except (OSError, ValueError):
        return None


def _save(folder: Path, key: str, found: Mapping[str, Predictions]) -> None:
    # A folder that cannot be written to costs seconds at the next start, no more.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for name, predictions in found.items():
            predictions.save(folder, f"{_FILES[name]}-{key}")
