"""The typed endpoints that search: the same verbs as the command line's."""

from __future__ import annotations

from typing import Any

import gradio as gr

from peft_demo.ui.identity import public
from peft_demo.ui.requests import GroupId, Minutes, MostParameters, Values, checked
from peft_demo.ui.services import Services


def add_search_endpoints(services: Services) -> None:
    """Add the endpoints to the current Blocks."""

    def submit_search(
        config: Values,
        minutes: Minutes,
        over: list[str],
        among: Values = {},  # noqa: B006
        most_parameters: MostParameters = None,
    ) -> dict[str, Any]:
        """Look for the best configuration in some minutes; returns its group at once.

        Successive halving by validation loss; then the best and the recommended preset are trained
        anew with several seeds, and tested. All of that keeps within the minutes.

        Args:
            config: what all trials have in common, as for submit_run.
            minutes: 0.1 to 1,440; the least that fits is told.
            over: the fields to look through, such as ["method", "r", "learning_rate"].
            among: of some of them the only values, such as {"method": ["lora", "ia3"]}.
            most_parameters: of an adapter; anything if it is left out.
        """
        search = services.plan_search(
            config, minutes=minutes, over=over, among=among, most_parameters=most_parameters
        )
        group, runs = services.changes.submit_search(search)
        expected = search.expected
        return {
            **public(group),
            "expected": {**expected.model_dump(mode="json"), "num_trials": expected.num_trials},
            "runs": [public(run) for run in runs],
        }

    def get_search(group_id: GroupId) -> dict[str, Any]:
        """What a search has found: its trials, the frontier of accuracy and cost, the verdict.

        Args:
            group_id: as submit_search gave it.
        """
        from peft_demo.comparison.search import search_facts

        found = search_facts(services.store, group_id, measure=services.baselines.get)
        told = found.model_dump(mode="json")
        return {**told, "group": public(services.store.group(group_id)[0])}

    def cancel_search(group_id: GroupId) -> dict[str, Any]:
        """Stop a search and its runs; what it has found so far stays."""
        services.changes.stop_search(group_id)
        return get_search(group_id)

    for function in (submit_search, get_search, cancel_search):
        gr.api(checked(function), api_name=function.__name__, concurrency_limit=2)
