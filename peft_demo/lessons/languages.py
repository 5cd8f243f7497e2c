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
    found = _read(path)
    other = path.parent.parent / code / path.name
    return found if code == SOURCE or not other.exists() else _over(found, _read(other), other)


def _read(path: Path) -> Any:
    where = path.name
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        refuse(where, f"{where} cannot be read: {' '.join(str(error).split())}.")


def _over(source: Any, translated: Any, path: Path, place: str = "the file") -> Any:
    """The source with the texts of its translation."""
    where = f"{path.parent.name}/{path.name}"
    if isinstance(source, dict) and isinstance(translated, dict):
        keys = translated.items()
    elif isinstance(source, list) and isinstance(translated, list):
        if len(source) != len(translated):
            refuse(where, f"{where}: {place} must have {len(source)} parts, got {len(translated)}.")
        return [
            _over(one, other, path, f"{place}, {number}")
            for number, (one, other) in enumerate(zip(source, translated, strict=True), start=1)
        ]
    elif isinstance(source, str) and isinstance(translated, str):
        return translated
    else:
        refuse(where, f"{where}: {place} must be a text where the English file has one.")
    if unknown := [key for key, _ in keys if key not in source]:
        refuse(where, f"{where}: {place} has {unknown[0]}, which the English file lacks.")
    return source | {key: _over(source[key], part, path, key) for key, part in keys}
