"""``make soak``: the long form of what the tests show in short, and what it found as ``soak.json``.

A thousand kills, ten thousand made-up inputs, thirty visitors for ten minutes, and thirty students
who start at once. Parts that are not asked for stay in the file as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import demo, found, load
from benchmarks.startup import ROOT

RESULTS = Path(__file__).with_name("soak.json")

KILLS = {"working": 600, "migrating": 200, "copying": 200}
"""On runs, from the queue to what is saved; of a database of an earlier version; to a bucket."""
KILLS_A_FOLDER = 100
INPUTS = 10_000
MINUTES = 10.0


def kills() -> dict[str, Any]:
    """How often a program was killed in what, and how many of its runs were lost."""
    first = time.time_ns() % 2**31
    struck: Counter[str] = Counter()
    runs = lost = 0
    for kind, count in KILLS.items():
        for start in range(0, count, KILLS_A_FOLDER):
            told = _killed(kind, min(KILLS_A_FOLDER, count - start), first + start)
            struck.update(told["struck"])
            runs += told["runs"]
            lost += told["lost"]
    return {"kills": sum(KILLS.values()), "of": KILLS, "runs": runs, "lost": lost, "struck": struck}


def _killed(kind: str, count: int, seed: int) -> dict[str, Any]:
    """Of one folder; raises SystemExit where a check after a kill failed."""
    tests = ROOT / "tests"
    with tempfile.TemporaryDirectory() as folder:
        arguments = (folder, str(count), str(seed))
        if kind != "working":
            told = json.loads(_python(str(tests / "killed_stores.py"), kind, *arguments))
            return {**told, "lost": 0}
        told = json.loads(_python(str(tests / "execution" / "kills.py"), *arguments))
    unfinished = sum(status != "completed" for status in told["ended"])
    return {**told, "runs": len(told["ended"]), "lost": unfinished + len(told["left"])}


def inputs() -> dict[str, Any]:
    """How many inputs forms, endpoints, uploads and files were given; raises where one broke."""
    tests = [str(path) for path in sorted((ROOT / "tests").rglob("test_fuzz*.py"))]
    if not tests:
        raise SystemExit("tests/ has no test_fuzz.py")
    seed = str(time.time_ns() % 1_000_000)
    _python("-m", "pytest", "-q", *tests, FUZZ=str(INPUTS), FUZZ_SEED=seed)
    return {"inputs": INPUTS, "seed": seed, "broken": 0}


def visitors() -> dict[str, Any]:
    """What thirty visitors waited for in ten minutes."""
    return load.measure(MINUTES)


def students() -> dict[str, Any]:
    """How long thirty students waited who started at once."""
    return demo.measure(load.VISITORS)


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    each.__name__: each for each in (kills, inputs, visitors, students)
}


def _python(*arguments: str, **variables: str) -> str:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        told = f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{told}")
    return done.stdout


def main() -> None:
    """Do the parts that are asked for, and keep what each found at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--note", default="", help="what else the machine did meanwhile")
    asked = parser.parse_args()
    for part in asked.only:
        commit, started = found.commit(), time.monotonic()
        numbers = PARTS[part]()
        seconds = round(time.monotonic() - started)
        found.keep(RESULTS, part, {"seconds": seconds, **numbers}, of=commit, note=asked.note)
        print(f"{part}: {json.dumps(numbers)}", flush=True)


if __name__ == "__main__":
    main()
