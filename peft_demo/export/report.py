"""Report: runs as one HTML page to hand in, which needs no other file, server or script."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from peft_demo.comparison import compare
from peft_demo.comparison.baselines import Measure
from peft_demo.comparison.curves import run_curves
from peft_demo.comparison.describe import epochs_in_words, labels_of, settings
from peft_demo.comparison.diagnosis import diagnose
from peft_demo.comparison.facts import Comparison
from peft_demo.errors import refuse
from peft_demo.export.charts import COLOURS, DASHES, LEFT, RIGHT, Chart, Scale, curve
from peft_demo.export.rendering import render
from peft_demo.fields import Text, check_all, shown
from peft_demo.languages import _, gettext_noop
from peft_demo.runs import Run, RunConfig, RunKind, links
from peft_demo.runs.run_ids import each_once
from peft_demo.statistics import MARGIN, TEST_SET
from peft_demo.storage import Store

AUTHOR = Text("author", "Your name", "Stands at the top of the report.", "", 0, 80)
NOTES = Text(
    "notes",
    "Your notes",
    "What you tried, what you expected and what came out.",
    "",
    0,
    10_000,
    has_lines=True,
)
GUESS = Text("guesses", "Guesses", "What you guessed in lessons.", "", 1, 500, has_lines=True)
MOST_GUESSES = 100

_ADDRESS = re.compile(r"https?://[^\s\"'<>]{1,200}")


def report(
    store: Store,
    run_ids: Sequence[str],
    *,
    author: str = "",
    notes: str = "",
    guesses: Sequence[str] = (),
    address: str = "",
    evaluation_set: str = TEST_SET,
    margin: float = MARGIN,
    measure: Measure | None = None,
    others: Iterable[Run] | None = None,
) -> str:
    """The page, as HTML; whatever people wrote stands in it as text.

    Args:
        store: where the runs are.
        run_ids: one to eight.
        author: who hands it in.
        notes: what they have to say.
        guesses: what they guessed in lessons, a text for each.
        address: of the program's page, for links that fill its form again; else links are left out.
        evaluation_set: as for ``comparison.compare``.
        margin: as for ``comparison.compare``.
        measure: as for ``comparison.compare``.
        others: as for ``comparison.compare``.

    Raises:
        InvalidFieldsError: a text is too long, or no run is named, or more than eight.
        NotFoundError: one of the runs does not exist.
    """
    written = check_all((AUTHOR, NOTES), {"author": author, "notes": notes})
    told = _guesses(guesses)
    if address and not _ADDRESS.fullmatch(address):
        refuse("address", f"address must begin with http:// or https://, got {shown(address)}.")
    runs = [store.get(run_id) for run_id in each_once(run_ids)]
    ids = [run.run_id for run in runs]
    facts = compare(
        store, ids, evaluation_set=evaluation_set, margin=margin, measure=measure, others=others
    )
    on_set = "" if evaluation_set == TEST_SET else f"&evaluation_set={evaluation_set}"
    return render(
        "report.html",
        **written,
        guesses=told,
        facts=facts,
        runs=[
            {
                "run": run,
                "facts": one,
                "link": _link(run, address),
                "diagnosis": diagnose(run),
                "epochs": epochs_in_words(run),
            }
            for run, one in zip(runs, facts.runs, strict=True)
        ],
        compared=address and f"{address}?view=compare&run_ids={','.join(ids)}{on_set}",
        settings=_settings(runs),
        differing={row.field for row in facts.differences},
        charts=_charts(store, runs, facts),
        scale=_accuracies(facts),
        colours=COLOURS,
        dashes=DASHES,
        now=datetime.now(UTC),
    )


def _guesses(guesses: Sequence[str]) -> list[Any]:
    if len(guesses) > MOST_GUESSES:
        refuse("guesses", f"guesses must be at most {MOST_GUESSES}, got {len(guesses):,}.")
    return [GUESS.check(guess) for guess in guesses]


def _link(run: Run, address: str) -> str:
    """What fills the form with a run's values, where it can be trained again."""
    config = run.config
    if not address or not isinstance(config, RunConfig) or run.kind is not RunKind.TRAINING:
        return ""
    return f"{address}?{links.to_link(config)}"


def _settings(runs: Sequence[Run]) -> list[tuple[str, str, list[str]]]:
    """Every setting that any of the runs has: its name, its label, and each run's value."""
    labels, rows = labels_of(runs), [settings(run) for run in runs]
    names = dict.fromkeys(name for row in rows for name in row)
    told = [(name, labels.get(name, name), [row.get(name, "–") for row in rows]) for name in names]
    return [row for row in told if set(row[2]) != {"–"}]


def _charts(store: Store, runs: Sequence[Run], facts: Comparison) -> list[Chart]:
    """The curves of the training, with what they are to be compared with."""
    tracks = [run_curves(run, store.steps(run.run_id)) for run in runs]
    guessing = {
        _("guessing %(count)s labels") % {"count": len(run.config.labels)}: math.log(
            len(run.config.labels)
        )
        for run in runs
        if run.config.labels
    }
    lines = {
        f"{_(line.name)}, {line.detail}".removesuffix(", "): line.accuracy
        for line in facts.baselines
    }
    wanted = (
        (gettext_noop("Validation accuracy"), "by_epoch", "epochs", "eval_accuracy", lines),
        (gettext_noop("Validation loss"), "by_epoch", "epochs", "eval_loss", guessing),
        (gettext_noop("Training loss"), "by_step", "steps", "loss", guessing),
    )
    charts = []
    for title, track, axis, values, rules in wanted:
        curves = [
            curve(number, own[track][axis], own[track][values]) for number, own in enumerate(tracks)
        ]
        if any(each.points for each in curves):
            is_share = values == "eval_accuracy"
            charts.append(Chart(title, axis, curves, rules, is_share))
    return charts


def _accuracies(facts: Comparison) -> Scale:
    """From left to right for the intervals of all test accuracies and baselines."""
    ends = [(run.quality.low, run.quality.high) for run in facts.runs if run.quality]
    ends += [(line.low, line.high) for line in facts.baselines]
    return Scale.around([end for pair in ends for end in pair], LEFT + 260, RIGHT)
