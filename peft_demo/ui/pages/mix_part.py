"""The part of the Compare page that mixes runs: along the line between two, and as a new run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

from peft_demo.comparison.describe import texts_of, with_epochs
from peft_demo.errors import PeftDemoError
from peft_demo.languages import _, told
from peft_demo.runs import Run
from peft_demo.runs.combinations import DENSITY, WEIGHT, combinations_of
from peft_demo.runs.mix import Mix
from peft_demo.ui.faults import readable
from peft_demo.ui.html import problem, render, styled
from peft_demo.ui.pages.page import Frame
from peft_demo.ui.requests import QUIET, RunIds, page_function
from peft_demo.ui.services import Services
from peft_demo.ui.steps import Steps


class MixPart:
    """Its places, and what happens when somebody wants to mix."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def draw(self) -> None:
        """Draw it into the current tab."""
        with gr.Column(elem_id="mixing"):
            styled(render("compare/mixing"))
            self._form = styled("", elem_id="mix-form")
            self._line = styled("", elem_id="mix-line")

    def connect(self, frame: Frame) -> None:
        """Mix those that are compared; what was begun can be left."""
        going = frame.header.mixed(
            self.asked,
            None,
            [self._form, self._line],
            concurrency_limit=1,
            concurrency_id="mix",
            **{**QUIET, "show_progress": "minimal", "show_progress_on": self._line},
        )
        frame.header.left(None, None, self._line, js="() => ''", cancels=[going], **QUIET)

    def functions(self) -> list[Callable[..., Any]]:
        """What the page's script may call."""
        return [page_function(self.save_mix)]

    def asked(self, event: gr.EventData) -> Iterator[tuple[Any, Any]]:
        """The form of a mix, and then how far the line between two is, and the line."""
        run_ids = event._data.get("run_ids")
        ids = [*dict.fromkeys(map(str, run_ids))] if isinstance(run_ids, list) else []
        known = self._services.runs()
        runs = [known[run_id] for run_id in ids if run_id in known]
        if len(runs) < 2:
            yield problem(_("Choose two runs or more to compare first.")), ""
            return
        yield form(runs), "" if len(runs) > 2 else waiting(_("Computing …"))
        if len(runs) == 2:
            yield from ((gr.skip(), line) for line in self.line_between(runs))

    def line_between(self, runs: list[Run]) -> Iterator[str]:
        """How far the line between two runs is, and at last the line, or why there is none."""
        going = Steps(partial(self._services.mixes.between, [run.run_id for run in runs]))
        for done, most in going:
            step = {"done": done, "most": most}
            yield waiting(_("%(done)s of %(most)s mixes on the line between both …") % step)
        try:
            yield drawn(going.result, *runs)
        except Exception as error:
            yield problem(readable(error))

    def save_mix(
        self,
        run_ids: RunIds,
        weights: list[str],
        combination: str,
        density: str = "",
        name: str = "",
    ) -> str:
        """Queue a mix of runs as a run that names them, in JSON; see ``Services.save_mix``.

        Args:
            run_ids: the runs.
            weights: as they were typed, one for each.
            combination: how.
            density: the share of entries that it keeps.
            name: how to call it.
        """
        run = self._services.save_mix(run_ids, weights, combination, density, name)
        return json.dumps({"html": render("compare/mix_saved", run=run)})


def form(runs: list[Run]) -> str:
    """The form of a mix as HTML, or why peft cannot make one of these runs."""
    try:
        offered, why_not = combinations_of(runs), ""
    except PeftDemoError as error:
        offered, why_not = (), told(str(error))
    return render(
        "compare/mix_form",
        runs=runs,
        run_ids=[run.run_id for run in runs],
        combinations=offered,
        only_any_rank=all(row.takes_any_rank for row in offered),
        problem=why_not,
        share=round(1 / len(runs), 2),
        weight=WEIGHT,
        density=DENSITY,
        with_epochs=with_epochs,
    )


def waiting(sentence: str) -> str:
    """How far it is, with a button that leaves it."""
    return render("compare/waiting", sentence=sentence)


def drawn(found: Mix, first: Run, second: Run) -> str:
    """The accuracy between two runs as HTML."""
    return render(
        "compare/mix",
        found=found,
        line=line(found),
        first=first,
        second=second,
        lowest=min(point.accuracy for point in found.points),
        texts_of=texts_of,
        with_epochs=with_epochs,
    )


def line(found: Mix) -> str:
    """Accuracies as points of a line in a box of 100 by 30, each below its column."""
    values = [point.accuracy for point in found.points]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return " ".join(
        f"{100 * (place + 0.5) / len(values):.1f},{29 - 28 * (value - low) / span:.1f}"
        for place, value in enumerate(values)
    )
