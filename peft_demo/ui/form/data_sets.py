"""What the form of a new run offers of data sets, and the numbers of texts that they allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from peft_demo import runs
from peft_demo.data import DATASETS, DataSet
from peft_demo.errors import InvalidFieldsError
from peft_demo.languages import _

if TYPE_CHECKING:
    from peft_demo.ui.changes import Changes


def known(changes: Changes | None) -> list[DataSet]:
    """Data sets that come with the program, and those of people that who acts may know of."""
    seen = changes.seen_datasets() if changes else ()
    own = {one.dataset: row for one in seen if (row := DATASETS.get(one.dataset))}
    return [*DATASETS.values(), *own.values()]


def learnable(changes: Changes | None, also: object = None) -> list[tuple[str, str]]:
    """Those that runs can learn from, as a control's choices; ``also`` is one that is chosen."""
    rows = {row.id: row for row in known(changes) if row.is_learned}
    if isinstance(also, str) and (chosen := DATASETS.get(also)):
        rows[also] = chosen
    return [(_(row.label), row.id) for row in rows.values()]


def fewer_texts(values: Mapping[str, Any], dataset: Any) -> dict[str, int]:
    """Of a preset's numbers of texts those that a data set has not, as what it has."""
    if not isinstance(dataset, str) or dataset not in DATASETS:
        return {}
    found = {}
    for name in ("num_reviews", "num_test_reviews"):
        most = runs.run_field(name, dataset).described()["maximum"]
        if values.get(name, 0) > most:
            found[name] = most
    return found


def fitting(dataset: str, num_texts: Any, num_tested: Any) -> list[Any]:
    """Updates of both numbers of texts: less, where a data set has not so many."""
    names = {"num_reviews": num_texts, "num_test_reviews": num_tested}
    return [_at_most(name, number, dataset) for name, number in names.items()]


def _at_most(name: str, number: Any, dataset: str) -> Any:
    field = runs.run_field(name, dataset)
    try:
        field.check(number)
    except InvalidFieldsError:
        # What is wrong in another way is said at the control.
        most = field.described()["maximum"]
        if isinstance(number, (int, float)) and number > most:
            return gr.update(value=most)
    return gr.skip()
