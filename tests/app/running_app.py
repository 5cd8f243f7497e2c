"""The real app in a process of its own, to be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from peft_demo.errors import ConflictError
from peft_demo.storage import Store

ROOT = Path(__file__).resolve().parents[2]

SMALL = {
    "num_reviews": 40,
    "max_length": 16,
    "num_train_epochs": 2,
    "num_test_reviews": 50,
}
"""A run that takes seconds."""


class App:
    """`python app.py` with its own folder, which can be killed and started again."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment = environment
        self.port = free_port()
        self.process = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = (self.home.parent / "server.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(self.port)],
            cwd=ROOT,
            env={**os.environ, "PEFT_DEMO_HOME": str(self.home), **self.environment},
            stdout=log,
            stderr=log,
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url, timeout=5).read()
                return
            except OSError:
                assert self.process.poll() is None, "the server ended"
                time.sleep(0.2)
        pytest.fail("the server does not answer")

    def forget_runs(self) -> None:
        """Stop what is trained, and delete all runs but the references."""
        store = Store(self.home)
        own = [run.run_id for run in store.runs() if not run.is_reference]
        for run_id in own:
            with suppress(ConflictError):  # it has ended
                store.request_stop(run_id)
        deadline = time.monotonic() + 120
        while not all(run.status.is_over for run in store.runs()):
            assert time.monotonic() < deadline, "a run does not stop"
            time.sleep(0.2)
        store.delete(*own)
        store.close()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail("the server does not end on an interrupt")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
