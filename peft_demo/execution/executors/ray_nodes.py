"""Nodes of a Ray cluster: which there are, what room they have, and how a worker starts on one."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from peft_demo import settings
from peft_demo.errors import cause

logger = logging.getLogger(__name__)

REFUSED_SECONDS = 60.0
"""A machine that could not be used is tried again after so long."""

CALLS = 4
"""Calls that a worker answers at a time: its jobs, wishes for them, and how busy it is."""


@dataclass(frozen=True)
class Node:
    """A machine that is there."""

    id: str
    name: str
    room: int
    """Workers that fit on it."""


class Nodes:
    """The cluster at an address; connects when it is first looked at, and again if that failed."""

    def __init__(self, address: str, cpus: int, gpus: float) -> None:
        self.can_stream = not address.startswith("ray://")
        """Ray's client for programs outside of a cluster (2.60) can be sent no stream."""
        self.address = address
        self.problem = ""
        """Why no cluster can be asked, in a sentence; empty if one can."""
        self._cpus, self._gpus = cpus, gpus
        self._nodes: list[Node] = []
        self._names: dict[str, str] = {}
        """By the node's id."""
        self._refused: dict[str, tuple[float, str]] = {}
        """When, and why, by the node's id."""
        self._is_ours = False

    @property
    def ray(self) -> Any:
        """The package, once it is needed: it takes a second to load."""
        # It would tell its makers of each cluster, and start one where one is lost.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
        import ray

        return ray

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What a call raises whose worker, or its machine, or the whole cluster is gone."""
        from grpc import RpcError

        return (self.ray.exceptions.RayError, ConnectionError, RpcError)

    def look(self) -> bool:
        """See which there are; returns whether it connected, for the first time or anew."""
        is_new = False
        try:
            is_new = self._connect()
            self._nodes = self._found()
            self.problem = ""
        except Exception as error:  # Ray raises a dozen kinds
            self._nodes = []
            if not self.can_stream:  # one that has lost its server would never find the next
                with suppress(Exception):
                    self.ray.shutdown()
            was_known = self.problem
            self.problem = f"No Ray cluster answers at {self.address} ({cause(error)})."
            if not was_known:
                logger.warning("%s", self.problem)
        return is_new

    def known(self) -> list[Node]:
        """All that were there when it was last looked."""
        return self._nodes

    def usable(self) -> list[Node]:
        """Those with room that are not refused."""
        return [node for node in self._nodes if node.room and not self.trouble(node)]

    def refuse(self, node: Node, words: str) -> None:
        """Send nothing there for a while, for a reason."""
        logger.warning("%s", words)
        self._refused[node.id] = time.monotonic(), words

    def trouble(self, node: Node) -> str:
        """Why nothing is sent there; empty if something may."""
        if not node.room:
            return f"{node.name} is not used: it has no room for {self._size()}."
        at, words = self._refused.get(node.id, (0.0, ""))
        return words if words and time.monotonic() - at < REFUSED_SECONDS else ""

    def actor(self, kind: type, node: Node, *arguments: object) -> Any:
        """Start an object of this class in a process of its own there; returns at once."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        options = {
            "num_cpus": self._cpus,
            "num_gpus": self._gpus,
            "max_concurrency": CALLS,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(node.id, soft=False),
        }
        return self.ray.remote(kind).options(**options).remote(*arguments)

    def close(self) -> None:
        """Leave the cluster, if it was joined here."""
        if self._is_ours:
            self.ray.shutdown()
            self._is_ours = False

    def _connect(self) -> bool:
        ray = self.ray
        if ray.is_initialized():
            return False
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self.address == "local":
            quiet["include_dashboard"] = False
        ray.init(address=self.address, **quiet)
        self._is_ours = True
        return True

    def _found(self) -> list[Node]:
        alive = {node["NodeID"]: node for node in self.ray.nodes() if node["Alive"]}
        # Several may be on one host; what one is called stays when another joins or leaves.
        self._names = {id_: name for id_, name in self._names.items() if id_ in alive}
        for id_, node in alive.items():
            host = str(node["NodeManagerHostname"])
            is_taken = host in self._names.values()
            self._names.setdefault(id_, f"{host} ({id_[:4]})" if is_taken else host)
        return [
            Node(id_, self._names[id_], self._room(node["Resources"]))
            for id_, node in sorted(alive.items(), key=lambda pair: self._names[pair[0]])
        ]

    def _room(self, resources: Mapping[str, float]) -> int:
        room = int(resources.get("CPU", 0) / self._cpus)
        if not self._gpus:
            return room
        # Parts of one GPU do not add up across several.
        gpus = int(resources.get("GPU", 0))
        on_gpus = gpus * int(1 / self._gpus) if self._gpus <= 1 else int(gpus / self._gpus)
        return min(room, on_gpus)

    def _size(self) -> str:
        gpus = f" and {self._gpus:g} of a GPU" if self._gpus else ""
        cores = "core" if self._cpus == 1 else "cores"
        return f"a worker of {self._cpus} {cores}{gpus}"


def environment(cpus: int) -> dict[str, str]:
    """Variables of a worker: settings that numbers depend on, and its share of the cores."""
    threads = {"OMP_NUM_THREADS": f"{cpus}", "RAYON_NUM_THREADS": f"{cpus}"}
    return {**threads, **settings.of_numbers()}
