"""Write what is generated in README.md and CONTRIBUTING.md; ``--check`` says if it is stale."""

import ast
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.__main__ import RESULTS  # noqa: E402
from benchmarks.rows import Row, table  # noqa: E402
from peft_demo.methods import (  # noqa: E402
    METHODS,
    UNSUPPORTED,
    measured_rates,
)
from peft_demo.runs.presets import REFERENCES  # noqa: E402
from peft_demo.storage import Store  # noqa: E402

README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"

EXAMPLE = "beft"
"""The row that CONTRIBUTING.md shows: one of the shortest."""


def methods_table() -> str:
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


def unsupported_table() -> str:
    rows = ["| not offered | why |", "|---|---|"]
    rows += [f"| {other.label} | {other.reason} |" for other in UNSUPPORTED]
    return "\n".join(rows)


def example_row() -> str:
    """The source of a short row and its configuration, as the diff that adds it."""
    path = ROOT / "peft_demo" / "methods" / "selective.py"
    text = path.read_text(encoding="utf-8")
    module = ast.parse(text)
    builder = next(node for node in module.body if getattr(node, "name", "") == f"_{EXAMPLE}")
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call))
    row = next(
        call
        for call in calls
        if any(
            keyword.arg == "id" and getattr(keyword.value, "value", "") == EXAMPLE
            for keyword in call.keywords
        )
    )
    lines = text.splitlines()

    def added(first: int, last: int | None) -> list[str]:
        return [f"+{line}".rstrip() for line in lines[first - 1 : last]]

    diff = [
        f"--- a/{path.relative_to(ROOT)}",
        f"+++ b/{path.relative_to(ROOT)}",
        "@@",
        *added(builder.lineno, builder.end_lineno),
        " ",
        " ROWS = (",
        *added(row.lineno, row.end_lineno),
    ]
    return "\n".join(["```diff", *diff, "```"])


def references_table(adapters: Path = ROOT / "adapters") -> str:
    with tempfile.TemporaryDirectory() as empty:
        store = Store(Path(empty), adapters)
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
        rows.append(
            f"| {run.config.name} | {run.config.num_reviews:,} | {run.config.learning_rate:g} "
            f"| {run.result.test_accuracy:.1%} ({low:.1%} to {high:.1%}) "
            f"| {run.result.num_adapter_parameters:,} + {run.result.num_head_parameters:,} |"
        )
    return "\n".join(rows)


def speed_table() -> str:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    machine = results["machine"]
    where = (
        f"{machine['processor']}, {machine['threads']} threads, {machine['precision']}, "
        f"torch {machine['torch']}, transformers {machine['transformers']}, "
        f"peft {machine['peft']}, gradio {machine['gradio']}"
    )
    rows = [Row.model_validate(row) for part in results["rows"].values() for row in part]
    return f"Measured on: {where}.\n\n{table(rows)}"


GENERATED = {
    README: {
        "speed": speed_table,
        "references": references_table,
        "methods": methods_table,
        "unsupported": unsupported_table,
    },
    CONTRIBUTING: {"row": example_row},
}


def updated(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    for name, make in GENERATED[path].items():
        before, _, rest = text.partition(f"<!-- {name} -->")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n{make()}\n<!-- /{name} -->{after}"
    return text


if __name__ == "__main__":
    for path in GENERATED:
        if "--check" not in sys.argv:
            path.write_text(updated(path), encoding="utf-8")
        elif path.read_text(encoding="utf-8") != updated(path):
            sys.exit(f"{path.name} is stale: run make readme")
