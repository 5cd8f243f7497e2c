"""The runs page: a table that the script fills, with what can be written and taken along."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

from peft_demo.comparison.curves import probed
from peft_demo.comparison.describe import epochs_in_words, texts_of
from peft_demo.comparison.diagnosis import diagnose, in_another_way
from peft_demo.export.csv import run_csv
from peft_demo.languages import SOURCE, _, speaking
from peft_demo.runs import Run, RunConfig, links
from peft_demo.ui.annotations import Annotations, runs_in
from peft_demo.ui.charts.figure import drawn
from peft_demo.ui.html import render, scripted
from peft_demo.ui.identity import as_seen, public
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
        scripted(render("runs/page"), "runsTable(element)")

    def functions(self) -> list[Callable[..., Any]]:
        """See Page."""
        return [
            page_function(self.table),
            *Annotations(self._services).functions(),
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
        selected: RunIds = (),
        key: str | None = None,
    ) -> str | None:
        """The table of runs; see ``RunTable``.

        Args:
            selected: runs, listed or not.
            key: that of the answer which the browser has.
        """
        view = {"text": text, "method": method, "only": only, "sort": sort, "is_down": is_down}
        every = list(self._services.runs().values())
        known = RunTable(every, self._services.changes.may_change, secret)
        answer = known.page(page, columns, set(selected), **view)
        found = f"{hash(json.dumps(answer)):x}"
        return None if key == found else json.dumps({"key": found, **answer})

    def records(self, run_ids: RunIds, kind: str = "json") -> str:
        """Runs as a file to keep, in the order of the request, as JSON.

        Args:
            run_ids: one that was deleted a moment ago is left out.
            kind: csv or json.
        """
        known = self._services.runs()
        runs = [known[run_id] for run_id in run_ids if run_id in known]
        if kind == "csv":
            # By the mark spreadsheets know UTF-8.
            file = {"name": "runs.csv", "text": "\ufeff" + run_csv(runs), "type": "text/csv"}
        else:
            # Indented JSON takes the standard library seven times as long.
            text = to_json([public(run) for run in runs], indent=1).decode()
            file = {"name": "runs.json", "text": text, "type": "application/json"}
        saved = {"what": runs_in(len(runs)), "file": file["name"]}
        return json.dumps({"file": file, "toast": _("Saved %(what)s as %(file)s.") % saved})

    def details(self, run_id: RunId, secret: list[str] = []) -> str:  # noqa: B006
        """Everything about one run: a dialog as HTML, and the figure of a range test.

        Args:
            secret: groups whose results the person does not want to see yet.
        """
        run = as_seen(self._services.store.get(run_id))
        if run.group_id in secret:
            return json.dumps({"toast": _("Its race is not revealed yet.")})
        test = run.range_test
        rate = float(f"{test.suggestion:.2g}") if test and test.suggestion else None
        found = diagnose(run, self._services.known_runs())
        probed_epochs, shares = probed(run)
        dialog = render(
            "details",
            run=run,
            may_change=not run.is_reference and self._services.changes.may_change(run.owner),
            called=called(run),
            kept=epochs_in_words(run),
            config=run.config.told(),
            texts=texts_of(run),
            epochs=_epochs(run),
            probed=shares,
            probed_epochs=probed_epochs,
            rate=rate,
            found=found,
            again=in_another_way(run, found),
        )
        figure = test and drawn("range_test", test=test, rate=rate)
        return json.dumps({"dialog": dialog, "figure": figure})

    def swap_labels(self, run_id: RunId) -> str:
        """Queue an imported adapter again with its two labels swapped; says as which run."""
        run = self._services.swap_labels(run_id)
        told = _("%(run_id)s tests it with its labels swapped.") % {"run_id": run.run_id}
        return json.dumps({"toast": told})

    def code(self, kind: str, run_id: str | None = None, link: str | None = None) -> str:
        """The script or notebook of a run or of a link's configuration, as a file in JSON.

        Raises:
            PeftDemoError: there is no such run or kind, or the link is not allowed.
        """
        from peft_demo.export import code

        run = self._services.store.get(run_id) if run_id else None
        config = run.config if run else RunConfig(links.from_link(link or "").values)
        with speaking(SOURCE):  # as whoever runs it elsewhere expects of code
            text = code.of_run(run, kind) if run else code.export(config, kind)
        file = {"name": code.file_name(kind, config), "text": text}
        return json.dumps({"file": file, "said": _("Saved")})


def _epochs(run: Run) -> list[dict[str, Any]]:
    """As the Trainer's own table has it, once there is a result, and what there was before."""
    before = run.before_training and {
        "Epoch": 0,
        "Training Loss": _("before training"),
        "Validation Loss": run.before_training.eval_loss,
        "Accuracy": run.before_training.eval_accuracy,
    }
    after = (run.result and run.result.training_table) or [
        {
            "Epoch": each.epoch,
            "Training Loss": each.train_loss,
            "Validation Loss": each.eval_loss,
            "Accuracy": each.eval_accuracy,
        }
        for each in run.epochs
    ]
    return [before, *after] if before else after
