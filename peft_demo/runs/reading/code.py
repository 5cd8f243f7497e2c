"""Code, whatever stands around it, as the configurations and training values that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from peft_demo.errors import refuse
from peft_demo.runs.reading.configurations import Configuration, configurations_of
from peft_demo.runs.reading.parsing import Broken, parse
from peft_demo.runs.reading.pieces import Piece
from peft_demo.runs.reading.places import listed
from peft_demo.runs.reading.scripts import Script
from peft_demo.runs.reading.training import Training, is_training
from peft_demo.runs.reading.values import Made


@dataclass
class Code:
    """What code holds."""

    configurations: list[Configuration]
    training: Training
    settings: list[dict[str, Any]]
    """Dictionaries that stand by themselves and are no configuration of peft."""
    notes: list[str]
    """A sentence for what is not read or not honoured."""
    reason: str
    """Why there is no configuration, after "got"."""
    others: list[str] = field(default_factory=list)
    """Classes of other libraries that are called Config too."""

    def refuse(self) -> NoReturn:
        """Say that there is no configuration."""
        refuse("config", self.reason)


def read_code(pieces: Sequence[Piece], base: object) -> Code:
    """Read pieces of code in their order; nothing in it is executed.

    Args:
        pieces: the cells of a notebook, or one text.
        base: the base in use, for whose modules the sides of a condition are compared.
    """
    parsed = [parse(piece) for piece in pieces]
    broken = [lines for part in parsed for lines in part.broken]
    script = Script()
    script.follow(unit for part in parsed for unit in part.units)
    configurations, others = configurations_of(script.found, base)
    training = Training(script.found, script.mentions.found)
    return Code(
        configurations,
        training,
        script.settings if all(part.is_whole for part in parsed) else [],
        [*_unread(broken), *_quantised(script, others), *_unfollowed(script)],
        _reason(broken, others, script),
    )


def _unread(broken: Sequence[Broken]) -> list[str]:
    """A sentence about the lines that are neither Python nor prose."""
    code = [lines for lines in broken if lines.is_code]
    if not code:
        return []
    cells: dict[int, list[int]] = {}
    for lines in code:
        cells.setdefault(lines.places[0].cell, []).extend(place.line for place in lines.places)
    where = "; ".join(
        f"cell {cell}, {listed(lines)}" if cell else listed(lines)
        for cell, lines in list(cells.items())[:6]
    )
    return [f"What is no Python is left out: {where} ({code[0].reason})."]


def _quantised(script: Script, others: Sequence[Made]) -> list[str]:
    """A sentence about a base that the script makes smaller, which is not done here."""
    found = [
        f"{made.kind} in {made.place}"
        for made in others
        if made.kind in ("BitsAndBytesConfig", "GPTQConfig", "AwqConfig", "QuantoConfig")
    ]
    found += script.mentions.quantised
    if not found:
        return []
    return [f"The quantisation ({found[0]}) is not honoured: the base keeps its own precision."]


def _unfollowed(script: Script) -> list[str]:
    """A sentence about a text that is too much."""
    if not script.is_exhausted:
        return []
    return ["The code is too much to be followed to its end: what stands there may be missing."]


def _reason(broken: Sequence[Broken], others: Sequence[Made], script: Script) -> str:
    """Why there is no configuration, as a whole sentence."""
    if script.is_exhausted:
        return "config must be code that can be followed to its end, got too much of it."
    for lines in broken:
        if lines.has_call:
            return f"config must be JSON or valid Python, got: {lines.reason}."
    kinds = dict.fromkeys(made.kind[:60] for made in others if made.kind and not is_training(made))
    if script.mentions.read_elsewhere:
        return (
            "config must hold the settings themselves, such as the adapter_config.json that is "
            f"read there, got {script.mentions.read_elsewhere[0]}."
        )
    if kinds:
        listed_kinds = " and ".join(list(kinds)[:5])
        return (
            "config must hold one call of a configuration class of peft, such as LoraConfig, got "
            f"{listed_kinds}, not of peft."
        )
    unread = next((lines for lines in broken if lines.is_code), None)
    but = f"; it is no Python: {unread.reason}" if unread else ""
    return f"config must hold one call of a peft configuration, got none{but}."
