"""``make bench``: ours and the baselines in turns, as one table and ``results.json``.

``make bench-quick`` is the same with fewer and smaller pairs, and writes no file.
"""

import argparse
import contextlib
import io
import json
import tempfile
import warnings
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from benchmarks.rows import Row, table
from peft_demo import bases, hardware

PARTS = ("training", "prediction", "startup", "board", "viewers")
RESULTS = Path(__file__).with_name("results.json")


def measure(parts: list[str], pairs: int, *, is_quick: bool) -> list[Row]:
    """All rows of some parts, told as they come."""
    found = []
    with tempfile.TemporaryDirectory() as base_folder:
        bases.export(Path(base_folder))
        for part in parts:
            rows = import_module(f"benchmarks.{part}").rows(base_folder, pairs, is_quick=is_quick)
            while True:
                silence = io.StringIO()
                with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
                    row = next(rows, None)
                if row is None:
                    break
                found.append(row)
                print(
                    f"{row.what}: {row.value:.3g} {'×' if row.baseline else row.unit}", flush=True
                )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller pairs, no file")
    parser.add_argument("--pairs", type=int, default=0, help="pairs of each figure")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    rows = measure(asked.only, asked.pairs or (1 if asked.quick else 3), is_quick=asked.quick)
    print(f"\n{table(rows)}\n")
    for row in rows:
        if row.note:
            print(f"{row.what}: {row.note}.")
    if asked.quick or asked.only != list(PARTS):
        return
    machine = {
        "processor": hardware.processor_name(),
        "threads": hardware.threads(),
        "precision": hardware.training_precision(),
        **{name: version(name) for name in ("torch", "transformers", "peft", "gradio")},
    }
    text = json.dumps({"machine": machine, "rows": [row.model_dump() for row in rows]}, indent=2)
    RESULTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
