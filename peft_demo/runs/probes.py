"""Probes: a person's reviews that each of his trainings is asked about after every epoch."""

from __future__ import annotations

from peft_demo.data import check_text
from peft_demo.errors import refuse
from peft_demo.fields import must_be, shown

MOST_PROBES = 5
"""Of one person; each is computed in every epoch."""


def checked_probes(probes: object) -> tuple[str, ...]:
    """Them as they are kept: clean, each once.

    Raises:
        InvalidFieldsError: they are no list of texts, or too many, or one is empty or too long.
    """
    allowed = f"a list of at most {MOST_PROBES} texts"
    if not isinstance(probes, list | tuple):
        refuse("probes", must_be("probes", allowed, shown(probes)))
    found = tuple(dict.fromkeys(check_text(probe, "a probe") for probe in probes))
    if len(found) > MOST_PROBES:
        refuse("probes", must_be("probes", allowed, f"{len(found)}"))
    return found
