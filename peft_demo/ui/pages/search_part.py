"""The compare page's part for searches: a search as a whole, as HTML, figures and curves."""

from __future__ import annotations

from typing import Any

from peft_demo.comparison import curves
from peft_demo.comparison.search import Trial, pareto_of, search_facts
from peft_demo.runs import GroupKind
from peft_demo.storage import Store
from peft_demo.ui.charts.costs import costs
from peft_demo.ui.charts.figure import Point
from peft_demo.ui.html import render
from peft_demo.ui.services import Services

PARTS = ("sections", "verdict", "trials", "missing")
"""The places that the server writes into."""

MOST_CURVES = 8
"""Trials whose curves are drawn: those that got furthest."""

MOST_EARLIER = 3
"""Rounds before the last whose frontiers are drawn."""


def searched(
    services: Services, group_id: str, over: tuple[str, str, bool], **sources: Any
) -> dict[str, Any]:
    """What the page shows of a search; ``over`` are its two measures, as for ``costs``."""
    facts = search_facts(services.store, group_id, **sources)
    ranked = sorted(facts.trials, key=_place)
    known = services.runs()
    runs = [known[trial.run_id] for trial in ranked if trial.run_id in known]
    last = max((trial.round for trial in facts.trials), default=1)
    earlier = [
        pareto_of([trial for trial in facts.trials if trial.round <= number])
        for number in range(max(1, last - MOST_EARLIER), last)
    ]
    points = [Point(trial.run_id, trial.name, trial.run_id, None) for trial in facts.trials]
    context = {
        **dict(facts),
        "ranked": ranked,
        "runs": facts.trials,
        "texts": "texts",
        "is_few": True,
        "problems": (),
        "confounded": (),
        "baselines_pending": False,
        "over": over,
    }
    return {
        "layout": render("compare/search", **context),
        "parts": {name: render(f"compare/{name}", **context) for name in PARTS},
        "figures": {"pareto": costs(points, facts.pareto, *over, earlier=earlier)},
        "series": [
            {
                "name": run.config.name,
                "run": run.run_id,
                "curve": curves.run_curves(run, services.store.steps(run.run_id)),
            }
            for run in runs[:MOST_CURVES]
        ][::-1],
        "run_ids": [run.run_id for run in runs],
        "lines": [],
        "texts": "texts",
        "is_pending": False,
    }


def _place(trial: Trial) -> tuple[float, float]:
    return -trial.epochs, trial.eval_loss if trial.eval_loss is not None else float("inf")


def is_search(store: Store, group_id: str) -> bool:
    """Whether a group is a search."""
    return store.group(group_id)[0].kind is GroupKind.SEARCH


def state(store: Store, group_id: str) -> tuple[Any, ...]:
    """How far a search is beside its runs, which end before it does; nothing of other groups."""
    if not is_search(store, group_id):
        return ()
    search = store.search(group_id)
    return (search.began_at, search.rounds, search.confirmation, search.ended_at, search.why)


def members(store: Store, group_id: str) -> list[str]:
    """The runs of a group; of a search also those that confirm it."""
    group, runs = store.group(group_id)
    confirmation = store.search(group_id).confirmation if group.kind is GroupKind.SEARCH else None
    more = store.group(confirmation)[1] if confirmation else []
    return [run.run_id for run in (*runs, *more)]
