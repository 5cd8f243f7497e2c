"""``python -m benchmarks.load``: thirty visitors who poll, predict and queue runs while one trains.

What has to hold: no error, polls within 100 ms and predictions within a second (95th percentiles),
memory that stays as it is once all is loaded, each run in exactly one final state, and every
prediction equal to the one that is computed alone: reviews that wait together share a pass, in
which the last digits of a float32 may be others.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import json
import statistics
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import psutil

from benchmarks.startup import free_port, served

VISITORS = 30
RUNS = 2
"""That each visitor queues."""

PREDICTS_EVERY = 20.0
"""Seconds between a visitor's predictions."""

QUICK = {"num_reviews": 40, "max_length": 16, "num_train_epochs": 2, "num_test_reviews": 50}
ASKED = ["reference-recommended-lora", "reference-ia3"]
EQUAL = 2e-6
"""By how much a probability may differ that is the same."""

FINAL = {"completed", "failed", "cancelled", "interrupted"}


@dataclass
class Found:
    """What all visitors saw; lists and dictionaries are only ever added to."""

    polls: list[tuple[float, float]] = field(default_factory=list)
    """When each came, by the clock, and its seconds."""
    predictions: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    answers: dict[str, list[list[float]]] = field(default_factory=dict)
    """Of each text, the probabilities of all adapters' labels as they came."""
    run_ids: list[str] = field(default_factory=list)


class Browser:
    """A visitor's requests, with the cookie that its first page brought."""

    def __init__(self, url: str) -> None:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._open = urllib.request.build_opener(jar).open
        self._url = url
        self.get("/").read()

    def get(self, path: str) -> Any:
        """An open answer."""
        return self._open(f"{self._url}{path}", timeout=120)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """An answer as JSON."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._url}{path}", json.dumps(body).encode(), headers)
        with self._open(request, timeout=120) as answer:
            return json.load(answer)

    def call(self, name: str, *arguments: Any) -> Any:
        """What one of the API's endpoints answers; raises RuntimeError with its sentence."""
        path = f"/gradio_api/call/{name}"
        event = self.post(path, {"data": list(arguments)})["event_id"]
        kind = ""
        with self.get(f"{path}/{event}") as stream:
            for line in stream:
                text = line.decode().strip()
                if text.startswith("event:"):
                    kind = text.removeprefix("event:").strip()
                elif text.startswith("data:") and kind in ("complete", "error"):
                    data = json.loads(text.removeprefix("data:"))
                    if kind == "error":
                        raise RuntimeError(str(data))
                    return data[0]
        raise RuntimeError(f"{name} never answered")


class Visitor(threading.Thread):
    """Queues its runs, then polls a second after each answer, and predicts every so often."""

    def __init__(self, url: str, board: int, number: int, found: Found, until: float) -> None:
        super().__init__(daemon=True)
        self._url, self._board, self._number = url, board, number
        self._found, self._until = found, until

    def run(self) -> None:
        """Until the time is over."""
        browser = Browser(self._url)
        for seed in range(RUNS):
            config = {**QUICK, "name": f"visitor {self._number}", "seed": seed}
            self._tried(lambda config=config: self._queue(browser, config))
        seen: dict[str, Any] = {"since": -1}
        # Not all at the same moment.
        next_one = time.monotonic() + PREDICTS_EVERY * self._number / VISITORS
        while time.monotonic() < self._until:
            seen = self._tried(lambda known=seen: self._poll(browser, known)) or seen
            if time.monotonic() >= next_one:
                self._tried(lambda: self._predict(browser))
                next_one += PREDICTS_EVERY
            time.sleep(1.0)

    def _tried(self, act: Any) -> Any:
        try:
            return act()
        except Exception as error:
            self._found.errors.append(f"{type(error).__name__}: {error}"[:200])
            return None

    def _queue(self, browser: Browser, config: dict[str, Any]) -> None:
        self._found.run_ids.append(browser.call("submit_run", config)["run_id"])

    def _poll(self, browser: Browser, seen: dict[str, Any]) -> dict[str, Any] | None:
        body = {"component_id": self._board, "fn_name": "poll", "data": seen}
        body["session_hash"] = f"visitor{self._number}"
        started = time.perf_counter()
        answer = browser.post("/gradio_api/component_server", body)
        if seen["since"] >= 0:  # a page's first poll brings everything
            self._found.polls.append((time.monotonic(), time.perf_counter() - started))
        if not answer:
            return None
        told = json.loads(answer)
        return {"since": told["version"], "models": told["models"]["text"]}

    def _predict(self, browser: Browser) -> None:
        text = f"A film that I saw {self._number} times."
        started = time.perf_counter()
        answers = browser.call("predict", text, ASKED)
        self._found.predictions.append(time.perf_counter() - started)
        self._found.answers.setdefault(text, []).append(_probabilities(answers))


def measure(minutes: float) -> dict[str, Any]:
    """What was found, as plain data."""
    port = free_port()
    found = Found()
    with served("app.py", "--port", str(port), port=port) as (url, _, process):
        alone = Browser(url)
        alone.call("predict", "Is it there?", ASKED)
        with alone.get("/config") as answer:
            components = json.load(answer)["components"]
        (board,) = (c["id"] for c in components if "poll" in c["props"].get("server_fns", ()))
        began = time.monotonic()
        until = began + 60 * minutes
        visitors = [Visitor(url, board, number, found, until) for number in range(VISITORS)]
        for visitor in visitors:
            visitor.start()
        memory = []
        server = psutil.Process(process.pid)
        ended = 0.0
        while any(visitor.is_alive() for visitor in visitors):
            time.sleep(5)
            memory.append(server.memory_info().rss)
            if not ended and len(found.run_ids) == RUNS * VISITORS:
                runs = {run["run_id"]: run["status"] for run in alone.call("list_runs")}
                if all(runs[run_id] in FINAL for run_id in found.run_ids):
                    ended = time.monotonic() - began
        states = [alone.call("get_run", run_id)["status"] for run_id in found.run_ids]
        wrong = 0
        for text, answers in found.answers.items():
            told = _probabilities(alone.call("predict", text, ASKED))
            wrong += any(not _is_equal(told, each) for each in answers)
    return {
        "visitors": VISITORS,
        "minutes": minutes,
        "errors": found.errors,
        "polls": _times([seconds for _, seconds in found.polls]),
        "polls_beside_trainings": _times(
            [seconds for at, seconds in found.polls if not ended or at < began + ended]
        ),
        "predictions": _times(found.predictions),
        "texts": len(found.answers),
        "texts_with_other_answers": wrong,
        "runs": len(states),
        "runs_ended": sum(state in FINAL for state in states),
        "seconds_until_all_ended": round(ended),
        "megabytes": [round(size / 1e6) for size in memory],
        "growth_in_the_second_half": _growth(memory),
    }


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    told = measure(parser.parse_args().minutes)
    memory = told["megabytes"]
    print(
        f"{VISITORS} visitors, {told['minutes']:g} minutes, {psutil.cpu_count(logical=False)} cores"
    )
    print(f"errors: {len(told['errors'])} {sorted(set(told['errors']))[:5]}")
    for what in ("polls", "polls_beside_trainings", "predictions"):
        times = told[what]
        print(
            f"{what.replace('_', ' ')}: {times['count']:,}, median {times['median_ms']:,} ms, "
            f"95th percentile {times['p95_ms']:,} ms, longest {times['longest_ms']:,} ms"
        )
    print(
        f"predictions that differ from the ones alone: {told['texts_with_other_answers']} of "
        f"{told['texts']} texts"
    )
    print(
        f"runs: {told['runs']}, ended: {told['runs_ended']}, all after "
        f"{told['seconds_until_all_ended']} s"
    )
    print(
        f"memory: {memory[len(memory) // 2]:,} MB at half time, {memory[-1]:,} MB at the end; the "
        f"last quarter {told['growth_in_the_second_half']:+.1%}"
    )


def _probabilities(answers: list[dict[str, Any]]) -> list[float]:
    return [share for answer in answers for share in answer["probabilities"].values()]


def _is_equal(one: list[float], other: list[float]) -> bool:
    return all(abs(a - b) <= EQUAL for a, b in zip(one, other, strict=True))


def _growth(sizes: list[int]) -> float:
    """Of the last quarter over the one before: a training that runs at a moment takes 100 MB."""
    quarter = max(1, len(sizes) // 4)
    before, last = (statistics.median(part[-quarter:]) for part in (sizes[:-quarter], sizes))
    return last / before - 1


def _times(seconds: list[float]) -> dict[str, int]:
    cuts = statistics.quantiles(seconds, n=20)
    figures = {
        "median_ms": statistics.median(seconds),
        "p95_ms": cuts[-1],
        "longest_ms": max(seconds),
    }
    return {"count": len(seconds), **{n: round(1000 * value) for n, value in figures.items()}}


if __name__ == "__main__":
    main()
