"""The commands that take an adapter apart."""

from __future__ import annotations

from typing import Annotated

import typer

from peft_demo.cli.arguments import AsJson, open_store
from peft_demo.cli.output import answer
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
