"""The runs page: a table that the script fills, with what can be written and taken along."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

from peft_demo.comparison.compare import MOST_RUNS
from peft_demo.comparison.describe import epochs_in_words, texts_of
from peft_demo.comparison.diagnosis import diagnose, in_another_way
from peft_demo.errors import InvalidFieldsError, PeftDemoError
from peft_demo.export.csv import run_csv
from peft_demo.languages import SOURCE, speaking
from peft_demo.runs import Run, RunConfig, links
from peft_demo.ui.charts.figure import drawn
from peft_demo.ui.html import render, scripted
from peft_demo.ui.identity import public
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.requests import RunId, RunIds, page_function
from peft_demo.ui.run_states import called
from peft_demo.ui.run_table import RunTable


class RunsPage(Page):
    """Answers the table's buttons."""

    label = "Runs"
    tab_id = "runs"

    def draw(self, frame: Frame) -> None:
        """See Page."""
        (table,) = glossed(render("runs/page", most_compared=MOST_RUNS))
        scripted(table, "runsTable(element)")

    def functions(self) -> list[Callable[..., Any]]:
        """See Page."""
        return [
            page_function(self.table),
            page_function(self.annotate, _at_fields),
            page_function(self.records),
            page_function(self.details),
            page_function(self.code),
            page_function(self.swap_labels),
        ]

    def table(
        self,
        secret: list[str] = [],  # noqa: B006
        columns: list[str] = [],  # noqa: B006
        page: int = 0,
        text: str = "",
        method: str = "",
        only: str = "all",
        sort: str = "created",
        is_down: bool = True,
        key: str | None = None,
    ) -> str | None:
        """A page of the table of runs; see ``RunTable``, whose rows it has.

        Args:
            key: that of the answer which the browser has.
        """
        view = {"text": text, "method": method, "only": only, "sort": sort, "is_down": is_down}
        every = list(self._services.runs().values())
        known = RunTable(every, self._services.changes.may_change, secret)
        answer = known.page(page, columns, **view)
        found = f"{hash(json.dumps(answer)):x}"
        return None if key == found else json.dumps({"key": found, **answer})

    def annotate(
        self,
        run_id: RunId,
        name: Any = None,
        tags: Any = None,
        note: Any = None,
        is_starred: Any = None,
    ) -> str:
        """Write name, tags and note onto a run; answers an empty JSON object.

        Raises:
            PeftDemoError: with the sentence of each bad field.
        """
        given = {"name": name, "tags": tags, "note": note, "is_starred": is_starred}
        self._services.changes.annotate(run_id, **given)
        return "{}"

    def records(self, run_ids: RunIds, kind: str = "json") -> str:
        """Runs as the text of a file to keep, in the order of the request.

        Args:
            run_ids: one that was deleted a moment ago is left out.
            kind: csv or json.
        """
        known = self._services.runs()
        runs = [known[run_id] for run_id in run_ids if run_id in known]
        if kind == "csv":
            return run_csv(runs)
        # Indented JSON takes the standard library seven times as long.
        return to_json([public(run) for run in runs], indent=1).decode()

    def details(self, run_id: RunId) -> str:
        """Everything about one run: HTML, and the figure of a range test."""
        run = self._services.store.get(run_id)
        test = run.range_test
        rate = float(f"{test.suggestion:.2g}") if test and test.suggestion else None
        found = diagnose(run, self._services.known_runs())
        html = render(
            "details",
            run=run,
            may_change=not run.is_reference and self._services.changes.may_change(run.owner),
            called=called(run),
            kept=epochs_in_words(run),
            config=run.config.told(),
            texts=texts_of(run),
            epochs=_epochs(run),
            rate=rate,
            found=found,
            again=in_another_way(run, found),
        )
        figure = test and drawn("range_test", test=test, rate=rate)
        return json.dumps({"html": html, "figure": figure})

    def swap_labels(self, run_id: RunId) -> str:
        """Queue an imported adapter again with its two labels swapped; answers the new run's id."""
        run = self._services.swap_labels(run_id)
        return json.dumps({"run_id": run.run_id})

    def code(self, kind: str, run_id: str | None = None, link: str | None = None) -> str:
        """The script or notebook of a run or of a link's configuration, as JSON.

        Raises:
            PeftDemoError: there is no such run or kind, or the link is not allowed.
        """
        from peft_demo.export import code

        forward_pass = None
        if run_id:
            run = self._services.store.get(run_id)
            config, forward_pass = run.config, run.forward_pass
        else:
            config = RunConfig(links.from_link(link or "").values)
        with speaking(SOURCE):  # as whoever runs it elsewhere expects of code
            text = code.export(config, kind, forward_pass)
        return json.dumps({"name": code.file_name(kind, config), "text": text})


def _epochs(run: Run) -> list[dict[str, Any]]:
    """As the Trainer's own table has it, once there is a result."""
    return (run.result and run.result.training_table) or [
        {
            "Epoch": each.epoch,
            "Training Loss": each.train_loss,
            "Validation Loss": each.eval_loss,
            "Accuracy": each.eval_accuracy,
        }
        for each in run.epochs
    ]


def _at_fields(error: PeftDemoError) -> str:
    """The sentence of each bad field as JSON; one that belongs to no field has an empty name."""
    problems = error.problems if isinstance(error, InvalidFieldsError) else {"": str(error)}
    return json.dumps(problems)
