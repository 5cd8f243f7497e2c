"""What a file of 10,000 reviews costs, as ``many_reviews.json``.

The file goes through the part of the Review page that takes it, as from a browser: how long it
takes, how often it says how far it is, what the page is sent, how far the process grows, and how
soon it ends for who presses Stop.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks import found
from peft_demo import data
from peft_demo.data.own import MOST_REVIEWS
from peft_demo.models import hardware

RESULTS = Path(__file__).with_name("many_reviews.json")
RUNS = ("reference-recommended-lora", "reference-recommended-ia3")
STOPPED_AFTER = 3
"""Steps that whoever stops it has seen."""


def write(path: Path, count: int) -> None:
    """Real reviews with labels; those that come again have another number in front of them."""
    pools = data.load(data.IMDB)
    known = [
        *zip(pools.test.texts, pools.test.labels, strict=True),
        *zip(pools.training.texts, pools.training.labels, strict=True),
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        for number in range(count):
            text, label = known[number % len(known)]
            rows.writerow((f"{number}. {text}", data.SENTIMENT[label]))


@contextmanager
def growth() -> Iterator[list[float]]:
    """By how many megabytes this process was larger at most than when it began, at the end."""
    process, is_over = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    told: list[float] = []
    most = before

    def look() -> None:
        nonlocal most
        while not is_over.wait(0.05):
            most = max(most, process.memory_info().rss)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield told
    finally:
        is_over.set()
        looking.join()
        told.append((most - before) / 1e6)


def measure(count: int) -> dict[str, Any]:
    """A file of so many reviews through RUNS; and stopped."""
    from peft_demo.ui.pages.many_part import ManyPart
    from peft_demo.ui.services import Services

    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "reviews.csv"
        write(path, count)
        os.environ.update(PEFT_DEMO_HOME=home, GRADIO_TEMP_DIR=home)
        services = Services()
        services.predictor.predict("A fine film.", RUNS)
        part = ManyPart(services)
        waits, sent = [], []
        began, cpu = time.perf_counter(), time.process_time()
        last = began
        with growth() as megabytes:
            for html, update in part.ask(str(path), [*RUNS], "", ""):
                waits.append(time.perf_counter() - last)
                last += waits[-1]
                sent.append(len(html.encode()))
                written = update["value"]
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        going: Any = part.ask(str(path), [*RUNS], "", "")
        for _ in range(STOPPED_AFTER):
            next(going)
        pressed = time.perf_counter()
        going.close()
        stopped = time.perf_counter() - pressed
        file = Path(written)
        rows = sum(1 for _ in csv.reader(file.open(encoding="utf-8-sig")))
        services.close()
    assert rows == count + 1, "the file has not all rows"
    return {
        "reviews": count,
        "adapters": len(RUNS),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "told": len(waits),
        "longest_wait": round(max(waits), 2),
        "page_bytes": max(sent),
        "megabytes": round(megabytes[0]),
        "stopped_within": round(stopped, 2),
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=MOST_REVIEWS)
    parser.add_argument("--note", default="", help="what else the machine did meanwhile")
    asked = parser.parse_args()
    hardware.share_cores()
    commit, numbers = found.commit(), measure(asked.reviews)
    print(numbers)
    if asked.reviews == MOST_REVIEWS:
        found.keep(RESULTS, "file", numbers, of=commit, note=asked.note)


if __name__ == "__main__":
    main()
