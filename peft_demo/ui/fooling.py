"""Fool it: typed reviews that fool the best adapter and no person, kept as one's own challenge."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from peft_demo.data import check_text, own
from peft_demo.errors import ConflictError, refuse
from peft_demo.languages import _
from peft_demo.storage.fooled import FoolingText, fooling_texts, keep_fooling_text
from peft_demo.ui.html import render
from peft_demo.ui.identity import acting
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.requests import RunId, page_function
from peft_demo.ui.services import Services


class Fooling:
    """What whoever acts has kept, and what may be done with it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def functions(self) -> list[Callable[..., Any]]:
        """What the page's script may call."""
        return [
            page_function(self.keep_fooling),
            page_function(self.make_fooling_set),
            page_function(self.fooling_file),
        ]

    def kept(self) -> list[FoolingText]:
        """Whoever's who acts."""
        return fooling_texts(self._services.store.folder, acting().owner)

    def keep_fooling(self, review: str, truth: str, run_id: RunId) -> str:
        """Keep a review that fools a run, if it does.

        Args:
            review: what was typed.
            truth: its label, by a person.
            run_id: of the run that says otherwise.
        """
        self._services.changes.require_somebody()
        text = check_text(review)
        (said,) = self._services.predictor.predict(text, [run_id])
        if truth not in said.probabilities:
            labels = ", ".join(said.probabilities)
            refuse("truth", f"truth must be one of {labels}, got {truth or 'none'}.")
        if said.label == truth:
            raise ConflictError(f"{run_id} is not fooled: it says {truth}, too.")
        kept = keep_fooling_text(
            self._services.store.folder,
            acting().owner,
            FoolingText(text=text, label=truth, run_id=run_id),
        )
        return json.dumps(
            {"html": render("fooling_kept", kept=kept, is_new=True, fewest=own.FEWEST_TEXTS)}
        )

    def fooling_file(self) -> str:
        """All that was kept as a CSV file, in JSON, with the runs that were fooled."""
        # By this mark spreadsheets know UTF-8.
        text = "\ufeff" + _as_csv(self.kept(), with_runs=True).decode()
        file = {"name": "fooling.csv", "text": text, "type": "text/csv"}
        saved = _("Saved as %(file)s.") % {"file": file["name"]}
        return json.dumps({"file": file, "toast": saved})

    def make_fooling_set(self) -> str:
        """All that was kept as a data set of one's own to test on."""
        name = _("Reviews that fool")
        data = OwnData(self._services)
        prepared = data.read(
            own.Source("fooling.csv", _as_csv(self.kept())), name=name, only_test=True
        )
        made = data.keep(prepared, is_listed=False)
        told = _("%(name)s is a data set now: test runs on it on the Data page.")
        return json.dumps({"toast": told % {"name": made["name"]}})


def _as_csv(kept: Sequence[FoolingText], *, with_runs: bool = False) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    names = ("text", "label", "run_id") if with_runs else ("text", "label")
    writer.writerow(names)
    writer.writerows(tuple(getattr(each, name) for name in names) for each in kept)
    return written.getvalue().encode()
