"""A real Ray cluster on this machine, of nodes as small as they can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",  # whatever token this machine's user has
    # Beside other tests a node takes long to be there.
    "RAY_agent_register_timeout_ms": "300000",
    "RAY_worker_niceness": "0",
    "RAY_gcs_server_port_wait_time_s": "300",
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_health_check_timeout_ms": "60000",  # one that is gone refuses at once
    "RAY_memory_monitor_refresh_ms": "0",  # other tests fill memory too
}

START_SECONDS = 300.0

patiently = retry(  # Ray itself gives a node 30 seconds
    stop=stop_after_delay(START_SECONDS),
    wait=wait_fixed(0.2),
    retry=retry_if_exception_type(RuntimeError),
    reraise=True,
)

SIZE = {
    "num_cpus": 1,
    "object_store_memory": 80_000_000,  # Ray takes no less
    "dashboard_agent_listen_port": None,  # one that is free, as all others
    "include_log_monitor": False,
}


@contextmanager
def one_node() -> Iterator[Any]:
    """The cluster; ``join`` adds another node to it, and returns that."""
    try:
        import ray
        from ray._private import services
        from ray.cluster_utils import Cluster
    except ImportError as error:
        pytest.fail(f"These tests need the package ray, which make test installs ({error}).")

    # Ray's default would keep its logs, and lead others on this machine to this cluster.
    with TemporaryDirectory(prefix="ray") as folder, pytest.MonkeyPatch.context() as patch:
        for name, value in {**ENVIRONMENT, "RAY_TMPDIR": folder}.items():
            patch.setenv(name, value)
        patch.setattr(services, "get_node", patiently(services.get_node))
        size = {**SIZE, "plasma_directory": folder}  # /dev/shm may be small
        cluster = Cluster()
        try:
            try:
                cluster.add_node(**size, include_dashboard=False, no_monitor=True, wait=False)
            except Exception as error:
                pytest.fail(f"Ray starts no cluster on this machine: {error}")
            cluster.join = lambda: cluster.add_node(**size, wait=False)
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()
