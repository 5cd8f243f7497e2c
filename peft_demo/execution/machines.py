"""Machines: where an executor computes, as plain data for whoever shows it."""

from __future__ import annotations

import os
import platform

from peft_demo.models import hardware
from peft_demo.runs.results import Record


class Machine(Record):
    """One machine, or one part of it that stands for itself in a cluster."""

    name: str
    slots: int
    """Lists of jobs that it works on at a time."""
    load: float | None = None
    """How busy its cores are: 1 where there is work for each; None where nobody knows."""
    processor: str = ""
    """Empty until it is known, as is ``precision``."""
    precision: str = ""
    """What trainings are computed in there."""
    trouble: str = ""
    """Why nothing is sent there, in a sentence; empty otherwise."""


def this_machine(slots: int) -> Machine:
    """The one that this process runs on."""
    return Machine(
        name=platform.node(), slots=slots, load=load(), precision=hardware.known_precision()
    )


def load() -> float | None:
    """See ``Machine.load``."""
    if not hasattr(os, "getloadavg"):
        return None
    return os.getloadavg()[0] / (os.cpu_count() or 1)
