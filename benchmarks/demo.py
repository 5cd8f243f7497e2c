"""``python -m benchmarks.demo``: thirty students press Start on the quick preset at one moment.

How long it takes until the last of them has a result, and what that consists of.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import psutil

from benchmarks.load import ASKED, FINAL, Browser
from benchmarks.startup import free_port, served
from peft_demo.runs import presets

PRESET = "quick"


def measure(students: int, *, own_seeds: bool = False, is_warm: bool = False) -> dict[str, Any]:
    """Seconds from pressing to the results, of the median and the last student.

    Args:
        students: how many.
        is_warm: whether somebody else's run has ended before they press.
        own_seeds: whether each trains on texts of his own, as in the class's lesson; else all press
            Start on the same, and what frozen blocks make of the texts is the same as well.
    """
    port = free_port()
    with served("app.py", "--port", str(port), port=port) as (url, *_):
        teacher = Browser(url)
        teacher.call("predict", "Is it there?", ASKED)
        browsers = [Browser(url) for _ in range(students)]
        configs = [
            presets.preset(PRESET).config(**({"seed": number} if own_seeds else {})).flat()
            for number in range(students)
        ]
        if is_warm:
            first = teacher.call("submit_run", presets.preset(PRESET).config().flat())["run_id"]
            while _of(teacher, {first})[0]["status"] not in FINAL:
                time.sleep(1.0)
        began = time.monotonic()
        with ThreadPoolExecutor(students) as pool:
            queued = list(
                pool.map(
                    lambda browser, config: browser.call("submit_run", config), browsers, configs
                )
            )
        ids = {run["run_id"] for run in queued}
        waits: list[float] = []
        runs: list[dict[str, Any]] = []
        while len(waits) < students:
            time.sleep(1.0 if students > 1 else 0.2)
            runs = _of(teacher, ids)
            ended = sum(run["status"] in FINAL for run in runs)
            waits += [time.monotonic() - began] * (ended - len(waits))
    return told(runs, waits)


def _of(browser: Browser, run_ids: Set[str]) -> list[dict[str, Any]]:
    return [run for run in browser.call("list_runs") if run["run_id"] in run_ids]


def told(runs: Sequence[Mapping[str, Any]], waits: Sequence[float]) -> dict[str, Any]:
    """What is told of students' runs, as the API gives them, and of their waits in seconds."""
    done = [run for run in runs if run["status"] == "completed"]
    training = [run["result"]["train_output"]["train_runtime"] for run in done]
    return {
        "students": len(runs),
        "completed": len(done),
        "median_wait": round(statistics.median(waits), 1),
        "last_wait": round(max(waits), 1),
        "run": round(statistics.median(map(_seconds, done)), 1) if done else None,
        "training": round(statistics.median(training), 1) if done else None,
    }


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--own-seeds", action="store_true", help="each has texts of his own")
    parser.add_argument("--warm", action="store_true", help="a run has ended before they press")
    asked = parser.parse_args()
    found = measure(asked.students, own_seeds=asked.own_seeds, is_warm=asked.warm)
    print(json.dumps({**found, "cores": psutil.cpu_count(logical=False)}))


def _seconds(run: Mapping[str, Any]) -> float:
    begun, done = (datetime.fromisoformat(run[name]) for name in ("started_at", "finished_at"))
    return (done - begun).total_seconds()


if __name__ == "__main__":
    main()
