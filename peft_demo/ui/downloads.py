"""Downloads from the Hub while a page's event waits for them: how many bytes of how many came."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

from peft_demo import hub
from peft_demo.ui.html import render

Answer = TypeVar("Answer")

SECONDS = 0.4
"""Between two looks."""


def told_meanwhile(
    work: Callable[[], Answer], meanwhile: Callable[[str], Answer]
) -> Iterator[Answer]:
    """Answer an event with what it does, and before that with how far its downloads are.

    Args:
        work: what it does, in a thread that is this one for whoever asks who acts.
        meanwhile: the answer with a piece of HTML in its place.

    Raises:
        Exception: that of ``work``.
    """
    came = [0, 0]

    def watch(done: int, total: int) -> None:
        came[:] = done, total

    def do() -> None:
        try:
            with hub.watched_by(watch):
                answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)

    answer: Future[Answer] = Future()
    threading.Thread(target=copy_context().run, args=(do,), daemon=True).start()
    shown = [0, 0]
    while not _is_done(answer):
        if came[1] and came != shown:
            shown = [*came]
            yield meanwhile(render("downloading", done=min(*came), total=came[1]))
    yield answer.result()


def _is_done(answer: Future[Answer]) -> bool:
    try:
        answer.exception(timeout=SECONDS)
    except TimeoutError:
        return False
    return True
