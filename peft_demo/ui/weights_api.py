"""The typed endpoints about what training changed: the same verbs as the command line's."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import gradio as gr
from pydantic import Field

from peft_demo.runs.combinations import DENSITY, MOST_PARENTS, WEIGHT
from peft_demo.ui.identity import public
from peft_demo.ui.requests import RunIdList, Strength, checked
from peft_demo.ui.services import Services

Weights: TypeAlias = Annotated[
    list[float],
    Field(
        max_length=MOST_PARENTS,
        description=f"a list of numbers between {WEIGHT.minimum:g} and {WEIGHT.maximum:g}",
    ),
]
"""How much each run of a mix counts."""
Density: TypeAlias = Annotated[
    float, Field(ge=DENSITY.minimum, le=DENSITY.maximum, description=DENSITY.allowed)
]
"""The share of entries that a mix keeps."""


def add_weights_endpoints(services: Services) -> None:
    """Add the endpoints to the current Blocks."""

    def inside(run_ids: RunIdList) -> list[dict[str, Any]]:
        """What training changed inside finished runs: norm and singular values in each layer.

        Args:
            run_ids: of finished runs; the answer has an object for each. Of two runs of one base
                that changed the same layers, a last one has the principal angles between both.
        """
        return [found.model_dump(mode="json") for found in services.insides.asked(run_ids)]

    def strength(run_ids: RunIdList, text: str = "", at: Strength = 1.0) -> list[dict[str, Any]]:
        """Finished runs whose update counts more or less than as it was trained: W + s·ΔW.

        Args:
            run_ids: of finished runs; the answer has an object for each.
            text: what they read at one strength; without any, the answer is each run's accuracy on
                its test texts at 0, 0.25 … 2, which may take minutes the first time.
            at: the strength, 0 (the base with the trained head) to 2; 1 is the adapter.
        """
        strengths = services.strengths
        if text:
            said = strengths.predict(text, run_ids, at)
            return [each.model_dump(mode="json") for each in said]
        return [strengths.curve(run_id).model_dump(mode="json") for run_id in run_ids]

    def map(run_ids: RunIdList) -> list[dict[str, Any]]:
        """Where up to 300 test texts of finished runs lie before and after the training.

        The first token's features on two principal components, fitted on both together; without
        the texts themselves, which ``list_texts`` has by the same places.

        Args:
            run_ids: of finished runs that were trained here; the answer has an object for each.
        """
        return [found.model_dump(mode="json") for found in services.maps.asked(run_ids)]

    def mix(run_ids: RunIdList) -> dict[str, Any]:
        """Accuracy along the straight line between two runs' weights, W1 + t (W2 - W1), with head.

        Args:
            run_ids: two finished runs of one base and the same labels, both such as can be merged.
                It is measured on the first one's test texts, which may take minutes the first time.
        """
        return services.mixes.between(run_ids).model_dump(mode="json")

    def mix_runs(
        run_ids: RunIdList,
        weights: Weights,
        combination: str = "linear",
        density: Density = 0.5,
        name: str = "",
    ) -> dict[str, Any]:
        """Save a weighted mix of finished runs' adapters as a run that names them; it is tested.

        Args:
            run_ids: of two or more finished runs of one base, one method that peft can combine
                (LoRA, rsLoRA, IA3) and the same labels.
            weights: how much each counts, 0 to 2, in their order; the head is the mean by them.
            combination: "linear", "svd", "cat", "ties", "ties_svd", "dare_linear",
                "dare_linear_svd", "dare_ties", "dare_ties_svd", "magnitude_prune" or
                "magnitude_prune_svd", as peft calls them; of IA3 "linear" alone.
            density: the share of entries that TIES, DARE and pruning keep.
            name: how to call it.
        """
        return public(services.save_mix(run_ids, weights, combination, density, name))

    gr.api(checked(mix_runs), api_name="mix_runs", concurrency_limit=1)
    gr.api(checked(map), api_name="map", concurrency_limit=2)
    gr.api(checked(mix), api_name="mix", concurrency_limit=1)
    gr.api(checked(strength), api_name="strength", concurrency_limit=2)
    gr.api(checked(inside), api_name="inside", concurrency_limit=2)
