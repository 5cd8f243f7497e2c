"""How numbers and names are written in sentences."""

from __future__ import annotations

from collections.abc import Sequence


def percent(share: float) -> str:
    """Such as ``81.2 %``."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """A difference of two percentages: ``−1.4``."""
    return f"{100 * difference:.1f}".replace("-", "−")


def p_value(p: float) -> str:
    """Such as ``p = 0.16`` or ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def listed(names: Sequence[str]) -> str:
    """Such as ``A, B and C``, or ``A, b; C, d and E`` where names have commas themselves."""
    comma = "; " if len(names) > 2 and any("," in name for name in names) else ", "
    return names[0] if len(names) == 1 else f"{comma.join(names[:-1])} and {names[-1]}"


def counted(number: int, noun: str) -> str:
    """Such as ``1 run`` or ``1,200 runs``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def in_order(*sentences: str) -> tuple[str, ...]:
    """Sentences of a verdict, with those in brackets, about the methods, at its end."""
    return tuple(sorted(sentences, key=lambda sentence: sentence.startswith("(")))
