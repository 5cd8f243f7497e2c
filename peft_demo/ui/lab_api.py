"""The typed endpoints that take an adapter apart: the same verbs as the command line's."""

from __future__ import annotations

from typing import Any

import gradio as gr

from peft_demo.capabilities import read_pairs
from peft_demo.comparison.understanding import understood
from peft_demo.ui.requests import RunIdList, checked
from peft_demo.ui.services import Services
from peft_demo.ui.uploads import OptionalUpload, Upload, source_in


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

    def challenge_runs(run_ids: RunIdList, pairs: OptionalUpload = None) -> list[dict[str, Any]]:
        """What finished runs understand: shares right by capability, and on edited pairs.

        Capabilities are such as negation, "but", irony, typos, added praise.

        Args:
            run_ids: of finished runs that tell negative and positive apart; the answer has an
                object for each. The first time for a run takes seconds.
            pairs: a file of your own pairs with the columns original, edited, label and
                edited_label; the built-in ones if there is none.
        """
        given = read_pairs(source_in(pairs), field="pairs") if pairs else None
        from peft_demo.inference import challenged, check_run_ids  # loads torch

        store, predictor = services.store, services.predictor
        return [
            understood(challenged(store, predictor, run_id, given), given).model_dump(mode="json")
            for run_id in check_run_ids(run_ids)
        ]

    def predict_file(
        file: Upload, run_ids: RunIdList, text_column: str = "", label_column: str = ""
    ) -> dict[str, Any]:
        """What finished runs make of up to 10,000 reviews in a file, as CSV and in sum.

        Args:
            file: CSV, TSV, JSON Lines, Parquet or lines of text.
            run_ids: of finished runs.
            text_column: where the texts stand; guessed if it is empty.
            label_column: where the labels stand; if it is empty, a column that is called so.
        """
        from peft_demo.export.many import reviews_csv
        from peft_demo.inference import ManyAnswers

        columns = {"text_column": text_column, "label_column": label_column}
        many = ManyAnswers.of(services.predictor, source_in(file), run_ids, **columns)
        for _share in many.compute(services.predictor):
            pass
        return {
            "runs": [found.model_dump(mode="json") for found in many.summaries()],
            "refused_rows": [
                {"row": each.row, "reason": each.reason} for each in many.reviews.refused
            ],
            "csv": reviews_csv(many.reviews, many.runs, many.shares),
        }

    def watch_reviews(probes: list[str]) -> list[str]:
        """Have the trainings that you start from now on asked about reviews after every epoch.

        Args:
            probes: at most 5, instead of those before; none to watch nothing.
        """
        return list(services.changes.watch(probes))

    def list_watched() -> list[str]:
        """The reviews that the trainings that you start are asked about."""
        return list(services.changes.watched())

    def challenge_next(is_wished: bool) -> bool:
        """Have the runs that you start from now on challenged once they have been tested.

        Args:
            is_wished: whether they are to be, or none any more.
        """
        services.changes.wish_challenges(is_wished)
        return services.changes.wishes_challenges()

    for function in (
        explain,
        challenge_runs,
        predict_file,
        watch_reviews,
        list_watched,
        challenge_next,
    ):
        gr.api(checked(function), api_name=function.__name__, concurrency_limit=2)
