"""``python -m benchmarks.workers``: four small runs by each way to share out the cores.

In a thread of the program, and in worker processes that divide the threads among themselves; all in
turns, because machines are noisy. Every way gives the same numbers: the executors' tests prove it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from unittest.mock import patch

import psutil

from peft_demo.execution import Engine, executors
from peft_demo.models import hardware
from peft_demo.runs import sweeps
from peft_demo.storage import Store

ROUNDS = 2
RUNS = 4


def seconds(store: Store, engine: Engine) -> float:
    """Four small runs that differ by their seed, to the last one's end."""
    small = {"num_reviews": 320, "num_train_epochs": 1, "num_test_reviews": 200}
    plan = sweeps.plan(small, repeats=RUNS)
    group, _ = store.submit_plan(plan, "benchmark")
    started = time.perf_counter()
    engine.run_group(group.group_id)
    return time.perf_counter() - started


def main() -> None:
    """Measure all ways in turns and print a line of each."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    cores = hardware.threads()
    ways = ["thread", *(str(2**n) for n in range(cores.bit_length()) if 2**n <= cores)]
    found: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        engines = {}
        for way in ways:
            with patch.dict("os.environ", PEFT_DEMO_WORKERS=way):
                engines[way] = Engine(store, executors.preferred)
                seconds(store, engines[way])  # loads the models
        for _ in range(ROUNDS):
            for way, engine in engines.items():
                found[way].append(seconds(store, engine))
                print(f"workers {way}: {found[way][-1]:.1f} s", flush=True)
        memory = sum(child.memory_info().rss for child in psutil.Process().children())
        for engine in engines.values():
            engine.close()
        store.close()
    one = statistics.median(found["thread"])
    for way, times in found.items():
        median = statistics.median(times)
        print(
            f"{RUNS} small runs, {cores} cores, workers {way}: {median:.1f} s, "
            f"{median / one:.2f} x of the thread's (rounds {', '.join(f'{t:.1f}' for t in times)})"
        )
    print(f"All worker processes together hold {memory / 1e9:.1f} GB.")


if __name__ == "__main__":
    main()
