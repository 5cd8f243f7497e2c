"""Made-up texts as files that people have."""

from __future__ import annotations

import json
from collections.abc import Sequence

from peft_demo.data import own

WORDS = ("tram", "kettle", "meadow", "engine", "lantern", "harbour", "violin", "pepper", "window")


def texts(count: int, label: str) -> list[str]:
    """Different texts that say what they are."""
    return [
        f"{WORDS[n % 9]} number {n} is {label}, of {WORDS[n // 9]} {n * n}" for n in range(count)
    ]


def rows(labels: Sequence[str] = ("good", "bad"), each: int = 20) -> list[tuple[str, str]]:
    """Pairs of a text and its label, the labels in turn."""
    columns = [[(text, label) for text in texts(each, label)] for label in labels]
    return [pair for turn in zip(*columns, strict=True) for pair in turn]


def as_csv(pairs: Sequence[tuple[str, str]], header: str = "text,label", end: str = "\n") -> str:
    """With every text in quotes."""
    lines = [f'"{text}",{label}' for text, label in pairs]
    return end.join([*([header] if header else []), *lines, ""])


def as_json_lines(pairs: Sequence[tuple[object, object]]) -> str:
    return "\n".join(json.dumps({"text": text, "label": label}) for text, label in pairs)


def prepared(content: str | bytes, file: str = "mine.csv", **more: object) -> own.Prepared:
    """A file's content, prepared."""
    raw = content.encode() if isinstance(content, str) else content
    return own.prepare(own.Source(file, raw), **more)  # type: ignore[arg-type]
