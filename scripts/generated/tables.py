"""Tables of what was measured: methods, reference runs, speed."""

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS
from benchmarks.rows import Row, table
from benchmarks.soak import RESULTS as SOAK
from benchmarks.together import RESULTS as TOGETHER
from benchmarks.workers import RESULTS as WORKERS
from peft_demo.methods import METHODS, UNSUPPORTED, measured_rates
from peft_demo.runs.presets import REFERENCES
from peft_demo.settings import ADAPTERS
from peft_demo.storage import Store


def methods() -> str:
    """All methods, with what each had learned at its best learning rate."""
    rows = [
        "| method | what it does | adapter parameters | file | learning rate "
        "| test accuracy (95 % interval) | merges | paper |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for method in METHODS.values():
        best = measured_rates.best_rate(method.id)
        run = measured_rates.ladder(method.id)[best] if best else None
        measured = "– | – | – | –"
        if run is not None and run.test_interval and run.file_bytes:
            low, high = run.test_interval
            measured = (
                f"{run.num_adapter_parameters:,} | {run.file_bytes / 1e6:.1f} MB | {best:g} "
                f"| {run.test_accuracy:.1%} ({low:.1%} to {high:.1%})"
            )
        rows.append(
            f"| {method.label} (`{method.id}`) | {method.summary} | {measured} "
            f"| {'yes' if method.merges else 'no'} | [{method.year}]({method.paper_url}) |"
        )
    return "\n".join(rows)


def unsupported() -> str:
    """What else peft has, and why it is not offered."""
    rows = ["| not offered | why |", "|---|---|"]
    rows += [f"| {other.label} | {other.reason} |" for other in UNSUPPORTED]
    return "\n".join(rows)


def references() -> str:
    """The reference runs, as the store shows them."""
    with tempfile.TemporaryDirectory() as empty:
        store = Store(Path(empty), ADAPTERS)
        runs = [store.get(f"reference-{preset_id}") for preset_id in REFERENCES]
        store.close()
    rows = [
        "| reference run | reviews | learning rate | test accuracy (95 % interval) "
        "| adapter + head parameters |",
        "|---|---|---|---|---|",
    ]
    for run in runs:
        if run.result is None:
            raise SystemExit(f"{run.run_id} has no result")
        low, high = run.result.test_interval
        config = run.config.for_training()
        rows.append(
            f"| {config.name} | {config.num_reviews:,} | {config.learning_rate:g} "
            f"| {run.result.test_accuracy:.1%} ({low:.1%} to {high:.1%}) "
            f"| {run.result.num_adapter_parameters:,} + {run.result.num_head_parameters:,} |"
        )
    return "\n".join(rows)


def soak() -> str:
    """What `make soak` found last, a sentence a part."""
    found = json.loads(SOAK.read_text(encoding="utf-8"))
    return "\n".join(f"- {_SOAKED[part](each)} {where(each)}" for part, each in found.items())


def where(found: dict[str, Any]) -> str:
    """When and on what something was measured, as a benchmark kept it."""
    parts = (
        found["date"],
        f"{found['cores']} cores of {found['processor']}",
        f"commit `{found['commit']}`",
        found.get("note", ""),
    )
    return f"({', '.join(filter(None, parts))})"


def _kills(found: dict[str, Any]) -> str:
    of, struck = found["of"], found["struck"]
    return (
        f"Killed {found['kills']:,} times at random moments, {of['working']} while it queued, "
        f"trained and saved, {of['migrating']} while it migrated a database "
        f"({struck['migrating']} before it was done) and {of['copying']} while it copied to a "
        f"bucket ({struck['copying']} in the middle of it), the program lost {found['lost']} of "
        f"{found['runs']:,} runs."
    )


def _inputs(found: dict[str, Any]) -> str:
    return f"Inputs made up: {found['inputs']:,}; those that broke anything: {found['broken']}."


def _visitors(found: dict[str, Any]) -> str:
    polls, predictions = found["polls"], found["predictions"]
    asked = polls["count"] + predictions["count"]
    return (
        f"{found['visitors']} visitors for {found['minutes']:g} minutes: "
        f"{len(found['errors'])} errors in {asked:,} requests; 95 % of polls answered within "
        f"{polls['p95_ms']} ms ({found['polls_beside_trainings']['p95_ms']} ms in the first "
        f"{found['seconds_until_all_ended']} s, in which their runs were trained), of predictions "
        f"within {predictions['p95_ms']:,} ms; "
        f"{found['texts_with_other_answers']} of {found['texts']} texts answered otherwise than "
        f"alone; {found['runs_ended']} of {found['runs']} runs ended; memory in the second half "
        f"{100 * found['growth_in_the_second_half']:+.1f} %."
    )


def _students(found: dict[str, Any]) -> str:
    return (
        f"{found['students']} students who start the quick preset at once: the last has a result "
        f"after {found['last_wait']} s, half of them after {found['median_wait']} s; a run takes "
        f"{found['run']} s, {found['training']} s of it training."
    )


_SOAKED = {"kills": _kills, "inputs": _inputs, "visitors": _visitors, "students": _students}


def together() -> str:
    """What reviews cost that wait at the same moment, and one review alone."""
    found = json.loads(TOGETHER.read_text(encoding="utf-8"))["together"]
    rows = [
        "| 30 different reviews wait | one after another | together | ratio |",
        "|---|---|---|---|",
    ]
    rows += [
        f"| for {each['adapters']} adapter{'s' if each['adapters'] > 1 else ''} "
        f"| {each['apart_cpu_seconds']:.2f} s of one core "
        f"| {each['together_cpu_seconds']:.2f} s | {each['times_as_fast']:.2f} × |"
        for each in found["together"]
    ]
    largest = max(each["largest_difference"] for each in found["together"])
    alone = [
        f"{each['tokens']} tokens {each['float32']:.0f} and {each['bfloat16']:.0f}"
        for each in found["alone"]
    ]
    told = (
        f"No probability differed by more than {largest:.1e} from the one computed alone. A pass "
        "of one review by itself in float32 and in bfloat16, milliseconds of one core: "
        f"{', '.join(alone)}. {where(found)}"
    )
    return "\n".join([*rows, "", told])


def workers() -> str:
    """What runs take by each way to share out the cores of a machine."""
    found = json.loads(WORKERS.read_text(encoding="utf-8"))["workers"]
    rows = [
        f"| {found['runs']} runs of {found['texts']} texts in | seconds | the processors worked "
        "| added to the runs' own time | first event of a run alone | memory beside the program |",
        "|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {each['way']} | {each['seconds']:.1f} | {each['processor_seconds']:.1f} s "
        f"| {each['added']:.1%} | after {each['first_event_seconds']:.2f} s "
        f"| {each['megabytes'] / 1000:.1f} GB |"
        for each in found["ways"]
    ]
    return "\n".join([*rows, "", where(found)])


def speed() -> str:
    """What `make bench` measured last, and where."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    machine = results["machine"]
    where = (
        f"{machine['processor']}, {machine['threads']} threads, {machine['precision']}, "
        f"torch {machine['torch']}, transformers {machine['transformers']}, "
        f"peft {machine['peft']}, gradio {machine['gradio']}"
    )
    rows = [Row.model_validate(row) for part in results["rows"].values() for row in part]
    return f"Measured on: {where}.\n\n{table(rows)}"
