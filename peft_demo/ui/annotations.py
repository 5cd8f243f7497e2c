"""What people write onto runs: a dialog with a form, and what it asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from peft_demo.errors import InvalidFieldsError
from peft_demo.formats import whole
from peft_demo.languages import _, ngettext
from peft_demo.ui.html import render
from peft_demo.ui.requests import RunIds, page_function
from peft_demo.ui.services import Services


class Annotations:
    """Draws the form, and answers it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def functions(self) -> list[Callable[..., Any]]:
        """What the page's script may ask; see ``page_function``."""
        return [page_function(self.edit), page_function(self.annotate)]

    def edit(self, run_ids: RunIds, adds: bool = False) -> str:
        """The dialog for name, tags and note of a run, or for tags to add to several.

        Raises:
            NotFoundError: there is no such run.
        """
        values = {"tags": ""}
        if not adds:
            (run,) = map(self._services.store.get, run_ids[:1] or ("",))
            values = {"name": run.config.name, "tags": ", ".join(run.tags), "note": run.note}
        form = self._form(run_ids, values)
        return json.dumps({"dialog": render("edit_dialog", form=Markup(form))})

    def annotate(
        self, run_ids: RunIds, tags: Any = None, name: Any = None, note: Any = None
    ) -> str:
        """Write onto a run, or without name and note add tags to several; answers an empty text.

        Where a value is not allowed it answers the form, with the sentence of each bad field.

        Raises:
            PeftDemoError: it cannot be done at all.
        """
        given = {"name": name, "tags": tags, "note": note}
        values = {key: value for key, value in given.items() if value is not None}
        try:
            if values.keys() <= {"tags"}:
                self._services.changes.annotate_all(run_ids, **values)
            else:
                for run_id in run_ids:
                    self._services.changes.annotate(run_id, **values)
        except InvalidFieldsError as error:
            return self._form(run_ids, values, error.problems)
        return ""

    def _form(
        self, run_ids: RunIds, values: Mapping[str, Any], faults: Mapping[str, str] = {}
    ) -> str:
        known = self._services.runs()
        what = ", ".join(known[run_id].config.name for run_id in run_ids if run_id in known)
        is_whole = "name" in values
        return render(
            "edit",
            run_ids=run_ids,
            title=_("Edit %(name)s") % {"name": what}
            if is_whole
            else _("Tag %(what)s") % {"what": runs_in(len(run_ids))},
            values={"tags": "", **values},
            faults=faults,
            known=sorted({tag for run in known.values() for tag in run.tags}),
        )


def runs_in(count: int) -> str:
    """So many runs, in words."""
    return ngettext("%(count)s run", "%(count)s runs", count) % {"count": whole(count)}
