"""A real Ray cluster of two nodes on this machine, as small as they can be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenacity import retry, stop_after_attempt

# Read by its processes: they tell nobody of themselves, and may take long beside other tests.
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",  # whatever token this machine's user has
    "RAY_agent_register_timeout_ms": "120000",
}

SIZE = {
    "num_cpus": 1,
    "object_store_memory": 80_000_000,  # Ray takes no less
    "include_log_monitor": False,
}


@contextmanager
def two_nodes() -> Iterator[Any]:
    """The cluster; ``second`` is the node that can be taken away."""
    import ray

    cluster = _started()
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@retry(stop=stop_after_attempt(3), reraise=True)  # Ray gives a node 30 seconds to be there
def _started() -> Any:
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        cluster.add_node(**SIZE, include_dashboard=False, no_monitor=True)
        cluster.second = cluster.add_node(**SIZE)
    except Exception:
        cluster.shutdown()
        raise
    return cluster
