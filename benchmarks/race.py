"""``python -m benchmarks.race``: runs that train in turns against the same one after another.

In pairs in alternation, because machines are noisy. Both give the same numbers: a test proves it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from pathlib import Path

from peft_demo.execution import Engine
from peft_demo.models import hardware
from peft_demo.runs import sweeps
from peft_demo.storage import Store

PAIRS = 3
RUNS = 4
GOAL = 1.05


def seconds(store: Store, *, is_race: bool) -> float:
    """Four small runs of different ranks, to the last one's end."""
    small = {"num_reviews": 320, "num_train_epochs": 1, "num_test_reviews": 200}
    plan = sweeps.plan(small, {"r": [2, 4, 8, 16][:RUNS]}, race=is_race)
    group, _ = store.submit_plan(plan, "benchmark")
    started = time.perf_counter()
    Engine(store).run_group(group.group_id)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print one line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        seconds(store, is_race=False)  # loads the models
        pairs = [
            (seconds(store, is_race=True), seconds(store, is_race=False)) for _ in range(PAIRS)
        ]
        store.close()
    ratio = statistics.median(race / queue for race, queue in pairs)
    race, queue = (statistics.median(values) for values in zip(*pairs, strict=True))
    met = "met" if ratio <= GOAL else "missed"
    print(
        f"{RUNS} runs in turns {race:.1f} s, one after another {queue:.1f} s: {ratio:.3f} x "
        f"(goal: at most {GOAL:g} x, {met}; pairs "
        f"{', '.join(f'{a / b:.3f}' for a, b in pairs)})"
    )


if __name__ == "__main__":
    main()
