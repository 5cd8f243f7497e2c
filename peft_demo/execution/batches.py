"""Batches: queued runs that are computed together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from peft_demo.runs import Run, RunStatus
from peft_demo.training import vmapped


def in_one_pass(run: Run, members: Sequence[Run]) -> list[Run]:
    """The run and those queued right behind it that can be trained in one pass with it."""
    if not vmapped.is_wanted():
        return [run]
    queued = [other for other in members if other.status is RunStatus.QUEUED]
    alike = takewhile(lambda other: vmapped.can_share(run.config, other.config), queued)
    return [run, *alike][: vmapped.MOST_RUNS]
