"""Thirty browsers that poll each second while a run trains, against none, over real HTTP."""

from __future__ import annotations

import json
import statistics
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import psutil

from benchmarks.rows import Row
from benchmarks.startup import free_port, served

VIEWERS = 30
WINDOW = 60.0
"""Seconds with and without viewers, in turns."""

WINDOWS = 5
"""Of each, so that memory is looked at over ten minutes."""

LONG = {"num_train_epochs": 50, "num_reviews": 4_000, "max_length": 50, "method": "lora"}


class Viewer(threading.Thread):
    """Polls as a page does, a second after each answer."""

    def __init__(self, url: str, component_id: int, number: int, shown: list[str]) -> None:
        super().__init__(daemon=True)
        self._request = {"component_id": component_id, "fn_name": "poll"}
        self._url, self._session, self._shown = url, f"viewer{number}", shown
        self._leaving = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        seen: dict[str, Any] = {"since": -1}
        while not self._leaving.is_set():
            body = {**self._request, "session_hash": self._session}
            body["data"] = {**seen, "shown": self._shown, "curves": []}
            started = time.perf_counter()
            answer = json.loads(json.loads(_post(f"{self._url}/gradio_api/component_server", body)))
            self.seconds.append(time.perf_counter() - started)
            if answer:
                seen = {"since": answer["version"], "models": answer["models"]["text"]}
            self._leaving.wait(1.0)

    def stop(self) -> None:
        """Leave after the poll that is under way."""
        self._leaving.set()


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """Training speed with and without viewers, the time of a poll, and the server's memory."""
    del base_folder, pairs
    from gradio_client import Client

    port, window = free_port(), 10.0 if is_quick else WINDOW
    with served("app.py", "--port", str(port), port=port) as (url, _, process):
        client = Client(url, verbose=False)
        run_id = client.predict(LONG, api_name="/submit_run")["run_id"]

        def step() -> int:
            return int(client.predict(run_id, api_name="/get_run")["progress"]["step"] or 0)

        while step() < 3:
            time.sleep(0.5)
        with urllib.request.urlopen(f"{url}/config", timeout=30) as answer:
            config = json.load(answer)
        (page,) = [
            component["id"]
            for component in config["components"]
            if "poll" in component["props"].get("server_fns", ())
        ]

        def steps_per_second() -> float:
            before, started = step(), time.perf_counter()
            time.sleep(window)
            return (step() - before) / (time.perf_counter() - started)

        latencies: list[float] = []
        memory: list[int] = []
        own_cores: list[float] = []

        def watched() -> float:
            began, spent = time.perf_counter(), time.process_time()
            viewers = [Viewer(url, page, number, [run_id]) for number in range(VIEWERS)]
            for viewer in viewers:
                viewer.start()
            speed = steps_per_second()
            for viewer in viewers:
                viewer.stop()
            for viewer in viewers:
                viewer.join()
                # A page's first poll brings everything; the goal is for those that follow.
                latencies.extend(viewer.seconds[1:])
            own_cores.append((time.process_time() - spent) / (time.perf_counter() - began))
            memory.append(psutil.Process(process.pid).memory_info().rss)
            return speed

        windows = 1 if is_quick else WINDOWS
        pairs_found = [(watched(), steps_per_second()) for _ in range(windows)]
    mine, theirs = (statistics.median(values) for values in zip(*pairs_found, strict=True))
    yield Row(
        what=f"training while {VIEWERS} viewers poll each second",
        unit="steps/s",
        baseline_is="no viewer",
        ours=mine,
        baseline=theirs,
        value=statistics.median(a / b for a, b in pairs_found),
        pairs=pairs_found,
        goal=0.98,
        kind="at least",
        note=f"the server's memory was {memory[0] / 1e6:,.0f} MB after the first window with "
        f"viewers and {memory[-1] / 1e6:,.0f} MB after the last; the viewers themselves, on the "
        f"same machine here, took {statistics.median(own_cores):.1%} of a core",
    )
    p95 = 1000 * statistics.quantiles(latencies, n=20)[-1]
    yield Row(
        what=f"a poll of one of {VIEWERS} viewers while a run trains, 95th percentile",
        unit="ms",
        baseline_is="",
        ours=p95,
        baseline=None,
        value=p95,
        goal=100,
        kind="at most",
    )


def _post(url: str, body: dict[str, Any]) -> bytes:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()
