"""The typed endpoints about what training changed: the same verbs as the command line's."""

from __future__ import annotations

from typing import Any

import gradio as gr

from peft_demo.ui.requests import RunIdList, checked
from peft_demo.ui.services import Services


def add_weights_endpoints(services: Services) -> None:
    """Add the endpoints to the current Blocks."""

    def inside(run_ids: RunIdList) -> list[dict[str, Any]]:
        """What training changed inside finished runs: norm and singular values in each layer.

        Args:
            run_ids: of finished runs; the answer has an object for each. Of two runs of one base
                that changed the same layers, a last one has the principal angles between both.
        """
        return [found.model_dump(mode="json") for found in services.insides.asked(run_ids)]

    gr.api(checked(inside), api_name="inside", concurrency_limit=2)
