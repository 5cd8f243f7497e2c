"""Texts of lessons in the page's languages: a file in ``de/`` says what it translates of ``en/``.

It has the same keys as the English file and only those whose values are texts; what it lacks stays
English. So runs, controls and right answers are the English file's in every language.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from peft_demo.errors import refuse
from peft_demo.languages import SOURCE

FOLDER = Path(__file__).parent
"""A folder for each language."""

TEXTS = FOLDER / SOURCE

# Ten times as fast, where PyYAML was built with it.
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def content(path: Path, code: str = SOURCE) -> Any:
    """What a file says in a language, unchecked.

    Raises:
        InvalidFieldsError: it cannot be read, or its translation has what it lacks.
    """
    found, other = _read(path), path.parent.parent / code / path.name
    if code == SOURCE or not other.exists():
        return found
    return _over(found, _read(other), f"{code}/{path.name}")


def _read(path: Path) -> Any:
    where = path.name
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        refuse(where, f"{where} cannot be read: {' '.join(str(error).split())}.")


def _over(source: Any, translated: Any, where: str) -> Any:
    """The source with the texts of its translation, which is at this place of a file."""
    match source, translated:
        case dict(), dict():
            if unknown := sorted(translated.keys() - source.keys()):
                refuse(where, f"{where} has {unknown[0]}, which the English file lacks.")
            return source | {
                key: _over(source[key], part, f"{where}, {key}") for key, part in translated.items()
            }
        case list(), list():
            if len(source) != len(translated):
                refuse(where, f"{where} must have {len(source)} parts, got {len(translated)}.")
            pairs = enumerate(zip(source, translated, strict=True), start=1)
            return [_over(one, other, f"{where}, {number}") for number, (one, other) in pairs]
        case str(), str():
            return translated
    refuse(where, f"{where} must be a text where the English file has one.")
