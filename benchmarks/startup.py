"""From ``python app.py`` to the page, to the first prediction, and from Start to the first step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.rows import Row, ratio_row
from peft_demo.settings import ADAPTERS

BASELINES = Path(__file__).with_name("baselines")
ROOT = BASELINES.parent.parent
ADAPTER = "reference-recommended-lora"


@contextmanager
def served(*arguments: str, port: int) -> Iterator[tuple[str, float, subprocess.Popen[bytes]]]:
    """A server's address, the seconds until it answered, and its process."""
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PEFT_DEMO_HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            while True:
                with suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
                    answer.read()
                    break
                time.sleep(0.02)
            yield url, time.perf_counter() - started, process
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    """A port that nobody listens at."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _page() -> float:
    port = free_port()
    with served("app.py", "--port", str(port), port=port) as (_, seconds, _process):
        return seconds


def _empty_page() -> float:
    port = free_port()
    with served(str(BASELINES / "empty_page.py"), str(port), port=port) as (_, seconds, _process):
        return seconds


def _first_prediction() -> float:
    port = free_port()
    started = time.perf_counter()
    with served("app.py", "--port", str(port), port=port) as (url, *_):
        # As curl would ask: Gradio's client asks for a description of the whole API before.
        api = f"{url}/gradio_api/call/predict"
        body = json.dumps({"data": ["A fine film.", [ADAPTER]]}).encode()
        request = urllib.request.Request(api, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            event_id = json.load(answer)["event_id"]
        with urllib.request.urlopen(f"{api}/{event_id}", timeout=60) as answer:
            told = answer.read().decode()
        if "event: complete" not in told:
            raise RuntimeError(f"No prediction came: {told}")
        return time.perf_counter() - started


def _libraries(base_folder: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, str(BASELINES / "first_prediction.py"), base_folder, ADAPTERS / ADAPTER],
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - started


def _first_step() -> float:
    """Seconds from a submitted run to its first step, with the models loaded."""
    from peft_demo.execution import Engine
    from peft_demo.runs.presets import preset
    from peft_demo.storage import Store

    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home))
        engine = Engine(store)
        engine.start()
        started = time.perf_counter()
        run = engine.submit(preset("quick").config(), "benchmark")
        while not store.steps(run.run_id):
            time.sleep(0.01)
        seconds = time.perf_counter() - started
        engine.cancel(run.run_id)
        engine.close()
        store.close()
    return seconds


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """Waits of somebody who starts the program, or a run."""
    del is_quick
    seconds: dict[str, Any] = {"unit": "s", "pairs": pairs, "kind": "at most"}
    yield ratio_row(
        "python app.py until the page answers",
        baseline_is="an empty Gradio page",
        ours=_page,
        baseline=_empty_page,
        goal=1.3,
        **seconds,
    )
    yield ratio_row(
        "python app.py until the first prediction",
        baseline_is="import torch, transformers and peft, load one model, predict",
        ours=_first_prediction,
        baseline=lambda: _libraries(base_folder),
        goal=1.15,
        **seconds,
    )
    _first_step()  # loads what a server has loaded by then
    step = _first_step()
    yield Row(
        what="Start until the first step is on the board, models loaded",
        unit="s",
        baseline_is="",
        ours=step,
        baseline=None,
        value=step,
        goal=1.5,
        kind="at most",
    )
