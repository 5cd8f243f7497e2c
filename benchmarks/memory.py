"""The peak memory of a training, against the notebook, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.rows import Row, ratio_row

TRAIN = """
from peft_demo import hardware
hardware.share_cores()
import sys
from benchmarks import training
config = training.config_of("lora-1", max_length=128, num_reviews=160)
if sys.argv[1] == "ours":
    training.ours(config)
else:
    training.theirs(sys.argv[2], config)
# Not getrusage: its peak goes on from that of the process that began this one.
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def rows(base_folder: str, pairs: int, *, is_quick: bool) -> Iterator[Row]:
    """LoRA 1 of the assignment in batches of 16; Linux only, which tells a process its peak."""
    del pairs
    if is_quick or sys.platform != "linux":
        return
    yield ratio_row(
        "peak memory of a training, LoRA 1, 128 tokens",
        "MB",
        "notebook",
        partial(_peak_memory, "ours", base_folder),
        partial(_peak_memory, "theirs", base_folder),
        1,
        goal=1.0,
        kind="at most",
    )


def _peak_memory(*arguments: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, *arguments], capture_output=True, text=True, check=True
    )
    return int(done.stdout.splitlines()[-1]) / 1024
