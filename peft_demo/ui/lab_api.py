"""The typed endpoints that take an adapter apart: the same verbs as the command line's."""

from __future__ import annotations

from typing import Any

import gradio as gr

from peft_demo.ui.requests import RunIdList, checked
from peft_demo.ui.services import Services


def add_lab_endpoints(services: Services) -> None:
    """Add the endpoints to the current Blocks."""

    def explain(text: str, run_ids: RunIdList, by: str = "leaving_out") -> list[dict[str, Any]]:
        """What each word of a text contributes to what finished runs make of it, in log-odds.

        Args:
            text: what they read.
            run_ids: of finished runs; the answer has an object for each, with a check of whether
                deleting the words called strongest matters more than deleting random ones.
            by: "leaving_out" or "integrated_gradients".
        """
        found = services.explainer.explain(text, run_ids, by)
        return [each.model_dump(mode="json") for each in found]

    gr.api(checked(explain), api_name="explain", concurrency_limit=2)
