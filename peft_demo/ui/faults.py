"""A fault of ours, for people: one sentence with a number that stands in the log with the rest."""

from __future__ import annotations

import hashlib
import inspect
import logging
import traceback
from functools import partial
from itertools import takewhile
from typing import Any

import gradio as gr
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from peft_demo.errors import InvalidFieldsError, PeftDemoError
from peft_demo.folders import without_folders
from peft_demo.languages import language, speaking, told
from peft_demo.logs import about
from peft_demo.ui.counted import FAULTS
from peft_demo.ui.identity import acting, acting_as
from peft_demo.ui.sessions import LeanSessions
from peft_demo.ui.turns import require_somebody, waited_for
from peft_demo.ui.uploads import require_no_address
from peft_demo.ui.visitors import visitor_of
from peft_demo.ui.waiting import FairQueue

logger = logging.getLogger(__name__)

_logged: set[str] = set()

_FILE = {"_type": "gradio.FileData"}


def readable(error: Exception) -> PeftDemoError:
    """What a client may read of an error, in the current language."""
    if isinstance(error, InvalidFieldsError):
        told_each = {name: for_others(told(words)) for name, words in error.problems.items()}
        return InvalidFieldsError(told_each)
    return PeftDemoError(for_others(told(_sentence(error))))


def for_others(said: Any) -> Any:
    """What is said, in which who is not at the machine reads no folder of it.

    Of lists and mappings too; a file to download keeps its path, by which Gradio gives it out.
    """
    if acting().is_local:
        return said
    if isinstance(said, str):
        return without_folders(said)
    if isinstance(said, list | tuple):
        return [for_others(each) for each in said]
    if isinstance(said, dict) and said.get("meta") != _FILE:
        return {name: for_others(each) for name, each in said.items()}
    return said


def _sentence(error: Exception) -> str:
    """An error's own sentence if it has one, else a fault's number.

    The number follows from where the error came up: one defect has one number, and is logged
    whole once, then a line for each time.
    """
    if isinstance(error, PeftDemoError):
        return str(error)
    if isinstance(error, gr.Error):
        return str(error.message)
    FAULTS.inc()
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno}" for frame in frames]
    number = hashlib.sha256(repr((type(error).__name__, where)).encode()).hexdigest()[:6]
    known = about("fault", acting().owner, fault=number)
    if number in _logged:
        logger.error("Fault %s again: %s", number, type(error).__name__, extra=known)
    else:
        _logged.add(number)
        logger.error("Fault %s", number, exc_info=error, extra=known)
    return f"Something went wrong here (fault {number}); the log says more."


class Blocks(gr.Blocks):
    """Gradio's, where an event knows the page's language and who acts; its error is a sentence.

    Before our functions run Gradio takes a request apart, and fails in its own words if the
    request does not have the shape that the page gives it.
    """

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self._language = language()
        # On a Space's own address its header would fetch fonts from a third party.
        self.space_id = None
        self.default_config = LeanSessions(self)

    def queue(self, *args: object, **more: object) -> Blocks:
        """See Blocks; with a queue that is fair."""
        super().queue(*args, **more)
        self._calls = self._queue = FairQueue.in_place_of(self._queue)
        return self

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *more: Any) -> list[Any]:
        """See Blocks; takes no addresses for files, which Gradio would fetch.

        What a raw request leaves out at the end has its default, as in clients.
        """
        require_no_address(inputs)
        known = [] if block_fn.fn is None else [*inspect.signature(block_fn.fn).parameters.values()]
        left_out = known[len(inputs) : len(block_fn.inputs)]
        given = takewhile(lambda one: one.default is not one.empty, left_out)
        filled = [*inputs, *(one.default for one in given)]
        return await super().preprocess_data(block_fn, filled, *more)

    async def process_api(
        self, *args: object, request: object = None, **more: object
    ) -> dict[str, object]:
        """See Blocks; raises nothing but gr.Error that is not printed."""
        more["request"] = request
        is_waited_for = partial(self._calls.is_waited_for, str(more.get("event_id")))
        with speaking(self._language), acting_as(visitor_of(request)), waited_for(is_waited_for):
            try:
                require_somebody()
                answer = await super().process_api(*args, **more)  # type: ignore[arg-type]
                return {**answer, "data": for_others(answer["data"])}
            except Exception as error:
                # What people can act on stays until they close it.
                usual = None if isinstance(error, PeftDemoError) else 10
                duration = getattr(error, "duration", usual)
                raise gr.Error(str(readable(error)), duration, print_exception=False) from error


class NoServerErrors:
    """Middleware: what Gradio cannot make sense of gets 400 and a sentence, never 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        has_begun = False

        async def pass_on(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                if message["status"] == 500:
                    message = {**message, "status": 400}
            await send(message)

        try:
            await self._app(scope, receive, pass_on)
        except Exception as error:
            sentence = str(readable(error))
            if has_begun or scope["type"] != "http":
                raise
            await JSONResponse({"error": sentence}, 400)(scope, receive, send)
