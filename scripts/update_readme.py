"""Write the README's generated tables; with ``--check``, only say whether they are stale."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from peft_demo.methods import METHODS  # noqa: E402
from peft_demo.presets import REFERENCES  # noqa: E402
from peft_demo.store import Store  # noqa: E402

README = ROOT / "README.md"


def methods_table() -> str:
    rows = [
        "| method | what it does | fields | learning rate | paper |",
        "|---|---|---|---|---|",
    ]
    for method in METHODS.values():
        fields = ", ".join(f"`{field.name}`" for field in method.fields) or "–"
        rows.append(
            f"| {method.label} (`{method.id}`) | {method.summary} | {fields} "
            f"| {method.learning_rate:g} | [{method.year}]({method.paper_url}) |"
        )
    return "\n".join(rows)


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


def updated(text: str) -> str:
    for name, table in (("references", references_table()), ("methods", methods_table())):
        before, _, rest = text.partition(f"<!-- {name} -->")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n{table}\n<!-- /{name} -->{after}"
    return text


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(None if text == updated(text) else "README.md is stale: run make readme")
    README.write_text(updated(text), encoding="utf-8")
