"""A Hub on this machine, for the real clients: repositories, gates, tokens, faults, uploads.

It speaks what huggingface_hub, transformers and datasets ask of the Hub: a repository's facts, its
tree, files with ETag and commit (whole or a range), who a token is of, and commits with small files
inline and large ones by git-lfs. `address()` is set as HF_ENDPOINT before any of them is imported;
without a running server nobody listens there, as on a machine without network.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from typing import Any

from hub_jobs import Jobs
from hub_requests import Answers, Repository


def _reserved() -> socket.socket:
    """A port that nobody else gets, and where nobody listens: a connection is refused at once."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", 0))
    return held


_held = _reserved()


def address() -> str:
    return f"http://127.0.0.1:{_held.getsockname()[1]}"


# Read by huggingface_hub as it is imported. No test reaches the real Hub, or a person's own files.
os.environ["HF_ENDPOINT"] = address()
_home = tempfile.TemporaryDirectory(prefix="peft_demo-hub-")
os.environ["HF_HOME"] = _home.name
os.environ["HF_HUB_DISABLE_XET"] = "1"
os.environ.pop("HF_TOKEN", None)


class Hub:
    """The server, and what it has; a test changes it while it runs."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.tokens = {"hf_writer": "writer", "hf_reader": "reader"}
        """Whose they are; of a reader nothing is taken."""
        self.uploads: dict[str, bytes] = {}
        self.jobs = Jobs()
        self.asked: list[tuple[str, str]] = []
        """Method and path of each request."""
        self.headers: list[dict[str, str]] = []
        self.seconds_a_chunk = 0.0
        """How slowly files are sent."""
        self.seconds_silent = 0.0
        """How long nothing is said to any request."""
        self.breaks_after: int | None = None
        """Bytes of a file after which the connection is cut, once."""
        self._server: ThreadingHTTPServer | None = None
        self.come()

    def model(self, name: str, files: Mapping[str, bytes], **how: bool) -> str:
        """Put a model there, or a new commit of it; returns the commit."""
        return self.repositories.setdefault(("models", name), Repository(**how)).commit(files)

    def dataset(self, name: str, files: Mapping[str, bytes], **how: bool) -> str:
        return self.repositories.setdefault(("datasets", name), Repository(**how)).commit(files)

    def files(self, name: str) -> dict[str, bytes]:
        """Of a model's newest commit."""
        return self.repositories["models", name].commits[-1][1]

    def downloads(self) -> list[str]:
        """The files that were asked for, not only looked at."""
        return [path for method, path in self.asked if method == "GET" and "/resolve/" in path]

    def come(self) -> None:
        """Listen (again)."""
        hub = self

        class Handler(Answers):
            pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_port = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that went away

        Handler.hub = hub
        self._server = Server(_held.getsockname(), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def go(self) -> None:
        """Be gone, as a network that fails between two requests."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self.jobs.close()
        from huggingface_hub import close_session

        close_session()  # what it has open would still be answered
