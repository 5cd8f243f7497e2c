"""Visits on a ZeroGPU Space: a visitor's own event lets his runs have the GPU that he is lent.

The platform bills whoever sent the request. Pressing Start is followed by one that stays until what
was queued is computed. What is queued in another way (Resume, a lesson), or waits longer, is
visited by a timer of the open page; a tick with nothing to do is over at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import gradio as gr
from gradio.events import Dependency

from peft_demo.runs import Run, RunConfig
from peft_demo.ui.identity import acting
from peft_demo.ui.requests import QUIET
from peft_demo.ui.services import Services

TICK_SECONDS = 3.0

LEAST_SECONDS, MOST_SECONDS = 30.0, 120.0
"""What a GPU is asked for at a time: a guest has two minutes a day."""

UNKNOWN_SECONDS = 60.0
"""For the first run there."""

STARTING_SECONDS = 20.0
"""Until the process has a GPU, and the model is on it."""

AT_ONCE = 10
"""Visits; each holds a thread while its run is trained."""


LOOK_SECONDS = 0.25
"""Between two looks whether what was queued waits for the GPU."""

MOST_QUEUED_SECONDS = 20.0
"""How long Start's event stays while nothing of its visitor's begins."""


def follow(services: Services, queued: Dependency) -> None:
    """Let an event that queues runs go on, on a ZeroGPU Space, until they are computed."""
    if services.zero_gpu is None:
        return

    def stay() -> Iterator[None]:
        yield from stays(services)

    queued.success(stay, None, None, concurrency_limit=AT_ONCE, **QUIET)


def draw(services: Services) -> None:
    """Put the timer into the current Blocks, on a ZeroGPU Space."""
    if services.zero_gpu is None:
        return

    def visit() -> Iterator[None]:
        yield from visits(services)

    timer = gr.Timer(TICK_SECONDS)
    timer.tick(visit, None, None, concurrency_limit=AT_ONCE, trigger_mode="once", **QUIET)


def visits(services: Services) -> Iterator[None]:
    """Let those runs of who acts that wait for a GPU be computed, one after another."""
    executor, me = services.zero_gpu, acting().owner
    if executor is None or not me:
        return
    known = services.known_runs()
    for run in reversed(known):  # the oldest first
        if run.owner != me or run.status.is_over:
            continue
        name = services.store.partial_folder_of(run.run_id).name
        for _event in executor.visit(name, seconds_for(run, known)):
            yield None


def stays(services: Services) -> Iterator[None]:
    """Visit until all is over that who acts has in the queue, or nothing of it begins."""
    until = time.monotonic() + MOST_QUEUED_SECONDS
    while time.monotonic() < until and _has_unfinished(services):
        for _event in visits(services):
            until = time.monotonic() + MOST_QUEUED_SECONDS
            yield None
        yield None  # where a page that was closed ends it
        time.sleep(LOOK_SECONDS)


def _has_unfinished(services: Services) -> bool:
    me = acting().owner
    return any(run.owner == me and not run.status.is_over for run in services.known_runs())


def seconds_for(run: Run, known: list[Run]) -> float:
    """How long a GPU is asked for: as runs on one took, with room, within limits."""
    from peft_demo.adapters.forecast import expected_seconds  # loads torch

    on_gpu = [each for each in known if _was_on_gpu(each)]
    config = run.config
    expected = expected_seconds(config, on_gpu) if isinstance(config, RunConfig) else None
    wanted = expected[1] + STARTING_SECONDS if expected else UNKNOWN_SECONDS
    return min(max(wanted, LEAST_SECONDS), MOST_SECONDS)


def _was_on_gpu(run: Run) -> bool:
    return run.result is not None and run.result.environment.get("device") == "cuda"
