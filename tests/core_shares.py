"""The cores that a process of pytest computes with: import it before numpy and torch.

Loaded before, they would take all cores in each of the processes that `make test` starts, wait for
each other, and come to other last digits than the processes that a test starts.
"""

from __future__ import annotations

import os
import sys

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""How many processes of pytest share the machine: `make test` starts several."""

# As peft_demo.models.hardware, which loads numpy, has it for the program itself.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
if WORKERS > 1:
    assert not {"numpy", "torch"} & {*sys.modules}, "they count cores when they are loaded"
    # OpenBLAS reads it as well.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))
