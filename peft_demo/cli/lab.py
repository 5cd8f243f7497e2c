"""The commands that take an adapter apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from peft_demo.cli.arguments import AsJson, open_store, source_of
from peft_demo.cli.output import answer
from peft_demo.errors import refuse
from peft_demo.fields import shown
from peft_demo.formats import percent, signed

commands = typer.Typer()

_MOST_TOLD = 8
"""Words with the largest contributions, as text; --json has all of them."""


@commands.command()
def explain(
    text: Annotated[str, typer.Argument(help="The review.")],
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="May be repeated.")],
    by: Annotated[str, typer.Option(help="leaving_out or integrated_gradients.")] = "leaving_out",
    as_json: AsJson = False,
) -> None:
    """Say what each word of a review contributes to what finished runs make of it."""
    from peft_demo.inference import Explainer, Predictor

    for found in Explainer(Predictor(open_store())).explain(text, run, by):
        known = [part for part in found.words if part.contribution is not None]
        known.sort(key=lambda part: -abs(part.contribution or 0))
        lines = [f"{found.run_id}  {found.label} {percent(found.probability)}"]
        lines += [
            f"  {signed(part.contribution or 0)}  {found.text[part.start : part.end]}"
            for part in known[:_MOST_TOLD]
        ]
        if check := found.check:
            verdict = "" if found.is_trustworthy else "; not trustworthy for this review"
            lines.append(
                f"  without the {check.num_words} strongest words {percent(check.strongest)}, "
                f"without as many random ones {percent(check.random)}{verdict}"
            )
        answer(as_json, found.model_dump(mode="json"), lines)


@commands.command()
def predict_file(
    file: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSON Lines, Parquet or lines of text: reviews.")
    ],
    run: Annotated[list[str], typer.Option("--run", metavar="ID", help="May be repeated.")],
    text_column: Annotated[str, typer.Option(help="The column of texts.")] = "",
    label_column: Annotated[str, typer.Option(help="The column of labels, if there is one.")] = "",
    out: Annotated[Path | None, typer.Option(help="The CSV file to write.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask finished runs what they make of up to 10,000 reviews in a file; write them as CSV."""
    from peft_demo.export.many import reviews_csv
    from peft_demo.inference import ManyAnswers, Predictor

    predictor = Predictor(open_store())
    columns = {"text_column": text_column, "label_column": label_column}
    many = ManyAnswers.of(predictor, source_of(file, "file"), run, **columns)
    for _share in many.compute(predictor):
        pass
    if out:
        try:
            out.write_text(reviews_csv(many.reviews, many.runs, many.shares), "utf-8-sig")
        except OSError as error:
            refuse(
                "out", f"out must be a file that can be written, got {shown(str(out))}: {error}."
            )
    refused = [f"row {each.row}: {each.reason}" for each in many.reviews.refused]
    for place, found in enumerate(many.summaries()):
        said = ", ".join(f"{count:,} {label}" for label, count in found.said.items())
        line = f"{found.run_id}  {said}"
        if found.accuracy is not None:
            line += (
                f"; right {percent(found.accuracy)} (95 % interval {percent(found.low or 0)} to "
                f"{percent(found.high or 0)}) of {found.num_labelled:,} with a label"
            )
        left_out = [f"  left out: {each}" for each in refused[:_MOST_TOLD] if not place]
        told = {**found.model_dump(), "refused_rows": refused}
        answer(as_json, told, [line, *left_out])
