"""What the review lab asks and takes, from its tables and its benchmarks."""

import json
from html import escape
from typing import Any

from benchmarks.explaining import RESULTS as EXPLAINING
from benchmarks.many_reviews import RESULTS as MANY
from generated.tables import where
from peft_demo import capabilities
from peft_demo.capabilities import Kind
from peft_demo.inference import WAYS

KINDS = {
    Kind.LABEL: "sentences with a label",
    Kind.INVARIANCE: "changed reviews, whose label must stay",
    Kind.DIRECTION: "reviews with something added",
}

FIRST, ALL = 1.0, 4.0
"""Seconds that people may wait for the first explanation, and for that of four adapters."""

CHALLENGED = 10.0
"""Seconds that a run may take to answer all that it is asked."""


def asked() -> str:
    """A row for each capability, and a sentence about the pairs."""
    rows = ["| capability | how it is asked | texts | what it is |", "|---|---|---|---|"]
    every = capabilities.every()
    rows += [
        f"| {each.label} (`{each.id}`) | {KINDS[each.kind]} | {len(each)} "
        f"| {escape(each.about, quote=False)} |"
        for each in every
    ]
    pairs = len(capabilities.built_in())
    told = (
        f"{len(every)} capabilities in {sum(map(len, every)):,} texts, and {pairs} first sentences "
        "of test reviews, each with the same edited by hand so that its label turns."
    )
    return "\n".join([told, "", *rows])


PARTS = {"waits": EXPLAINING, "rightness": EXPLAINING, "challenge": EXPLAINING, "file": MANY}
"""By what a part is called in its file."""


def speed() -> str:
    """What was measured last of explanations and of many reviews, and where."""
    files = {path: json.loads(path.read_text("utf-8")) for path in PARTS.values() if path.exists()}
    found = {part: files[path][part] for part, path in PARTS.items() if part in files.get(path, ())}
    rows = ["| what | measured | goal | met |", "|---|---|---|---|"]
    if "waits" in found:
        rows += _waits(found["waits"])
    if "challenge" in found:
        rows.append(_challenge(found["challenge"]))
    if "file" in found:
        rows += _many(found["file"])
    told = ["\n".join(rows)] if len(rows) > 2 else []
    if "rightness" in found:
        told.append(_rightness(found["rightness"]))
    if found:
        told.append(
            f"Measured: {'; '.join(f'{part} {where(one)}' for part, one in found.items())}."
        )
    if missing := ", ".join(part for part in PARTS if part not in found):
        told.append(f"Not measured since it last changed: {missing}.")
    return "\n\n".join(told)


def _waits(found: dict[str, Any]) -> list[str]:
    rows = []
    for by, label in WAYS.items():
        told = found["ways"][by]
        cpu = f" ({told['cpu_seconds']:.2f} s of one core)"
        for until, seconds, more, goal in (
            ("the first adapter", told["first"], "", FIRST),
            (f"the last of {found['adapters']}", told["all"], cpu, ALL),
        ):
            what = f"{label}, a review of {found['words']} words: until {until} is explained"
            is_met = "yes" if seconds < goal else "no"
            rows.append(f"| {what} | {seconds:.2f} s{more} | < {goal:g} s | {is_met} |")
    return rows


def _challenge(found: dict[str, Any]) -> str:
    seconds = found["seconds"][found["longest"]]
    runs = len(found["seconds"])
    what = f"what a run understands, {found['texts']:,} texts: the slowest of {runs} runs"
    is_met = "yes" if seconds < CHALLENGED else "no"
    return f"| {what} | {seconds:.1f} s | < {CHALLENGED:g} s | {is_met} |"


def _many(found: dict[str, Any]) -> list[str]:
    what = f"a file of {found['reviews']:,} reviews through {found['adapters']} adapters"
    rows = (
        (what, f"{found['seconds']:,.0f} s ({found['cpu_seconds']:,.0f} s of one core)"),
        ("the longest time without a word of how far it is", f"{found['longest_wait']:.1f} s"),
        ("until it has stopped for who presses *Stop*", f"{found['stopped_within']:.2f} s"),
        ("what the page is sent at once, at most", f"{found['page_bytes'] / 1e3:.1f} KB"),
        ("memory that it takes beside the models", f"{found['megabytes']} MB"),
    )
    return [f"| {told} | {number} | – | – |" for told, number in rows]


def _rightness(found: dict[str, Any]) -> str:
    ways = ", ".join(
        f"{label} {told['right']:.1%} ({told['low']:.1%} to {told['high']:.1%})"
        for label, told in found["ways"].items()
    )
    return (
        f"Of {found['reviews']} reviews put together of a positive and a negative sentence, the "
        f"share of all contributions that speaks for the label of its own half: {ways}."
    )
