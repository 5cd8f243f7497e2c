"""``make bench``: ours and the baselines in turns, as one table and ``results.json``.

``make bench-quick`` is the same with fewer and smaller pairs, and writes no file. With ``--only``,
the parts that are not measured stay in the file as they were, unless the machine is another.
Where there is a GPU, what it computes is measured, and has a file of its own.
"""

import argparse
import contextlib
import io
import json
import tempfile
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from benchmarks.rows import Row, table
from peft_demo import models
from peft_demo.data import SENTIMENT
from peft_demo.models import hardware

PARTS = (
    "training",
    "learning",
    "milestones",
    "repeats",
    "memory",
    "prediction",
    "startup",
    "board",
    "viewers",
)
ON_A_GPU = ("training", "learning", "repeats", "memory", "prediction")
"""Those of which a GPU changes something."""

RESULTS = Path(__file__).with_name("results.json")


def measure(parts: list[str], pairs: int, *, is_quick: bool) -> dict[str, list[Row]]:
    """All rows of some parts, told as they come."""
    found: dict[str, list[Row]] = {part: [] for part in parts}
    with tempfile.TemporaryDirectory() as base_folder:
        with silence():
            models.export(Path(base_folder), SENTIMENT)
        for part in parts:
            rows = import_module(f"benchmarks.{part}").rows(base_folder, pairs, is_quick=is_quick)
            while True:
                with silence():
                    row = next(rows, None)
                if row is None:
                    break
                found[part].append(row)
                print(
                    f"{row.what}: {row.value:.3g} {'×' if row.baseline else row.unit}", flush=True
                )
    return found


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep what the libraries print out of the table."""
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        yield


def write(measured: dict[str, list[Row]]) -> None:
    """Put the rows into the results, beside the other parts' of this machine."""
    file = RESULTS if hardware.device() == "cpu" else RESULTS.with_stem(f"{RESULTS.stem}-gpu")
    machine = {
        "processor": hardware.processor_name(),
        "device": hardware.device(),
        "threads": hardware.threads(),
        "precision": hardware.training_precision(),
        **{name: version(name) for name in ("torch", "transformers", "peft", "gradio")},
    }
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    before = known["rows"] if known.get("machine") == machine else {}
    fresh = {part: [row.model_dump() for row in rows] for part, rows in measured.items()}
    rows = {part: {**before, **fresh}[part] for part in PARTS if part in {**before, **fresh}}
    text = json.dumps({"machine": machine, "rows": rows}, indent=2)
    file.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Measure, print, and keep what was measured in full."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller pairs, no file")
    parser.add_argument("--pairs", type=int, default=0, help="pairs of each figure")
    some = PARTS if hardware.device() == "cpu" else ON_A_GPU
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(some))
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    measured = measure(asked.only, asked.pairs or (1 if asked.quick else 3), is_quick=asked.quick)
    rows = [row for part in measured.values() for row in part]
    print(f"\n{table(rows)}\n")
    for row in rows:
        if row.note:
            print(f"{row.what}: {row.note}.")
    if not asked.quick:
        write(measured)


if __name__ == "__main__":
    main()
