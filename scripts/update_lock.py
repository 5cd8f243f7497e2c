"""Write the locks: the exact version of every package that `make` installs, transitive ones too.

`requirements.txt` and `requirements-dev.txt` say what may be installed, the locks say what is.
Versions stay as they are in a lock until the requirements ask for others, or `--upgrade` is given.
uv resolves for all Pythons and platforms at once, which pip cannot; it comes into this environment.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from setup_environment import CUDA_PREFIXES, LOCKS, OLDEST_PYTHON, ROOT, UV, pip_install

CUDA_PACKAGES = (
    *("cuda-bindings", "cuda-pathfinder", "cuda-toolkit", "nvidia-cublas", "nvidia-cuda-cupti"),
    *("nvidia-cuda-nvrtc", "nvidia-cuda-runtime", "nvidia-cudnn-cu13", "nvidia-cufft"),
    *("nvidia-cufile", "nvidia-curand", "nvidia-cusolver", "nvidia-cusparse"),
    *("nvidia-cusparselt-cu13", "nvidia-nccl-cu13", "nvidia-nvjitlink", "nvidia-nvshmem-cu13"),
    *("nvidia-nvtx", "triton"),
)
"""What only PyTorch's CUDA build needs, which brings it in its own versions."""


def command(requirements: Path, lock: Path, constraints: Path | None, *more: str) -> list[str]:
    """How uv is called for one lock."""
    python = ".".join(map(str, OLDEST_PYTHON))
    options = ["--universal", "--quiet", "--no-annotate", "--python-version", python]
    options += ["--custom-compile-command", "make lock", "--output-file", lock.name]
    if constraints:
        options += ["--constraints", constraints.name]
    for package in CUDA_PACKAGES:
        options += ["--no-emit-package", package]
    return [sys.executable, "-m", "uv", "pip", "compile", *options, *more, requirements.name]


def main() -> int:
    """Write all locks; each agrees with those before it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest that may be")
    more = ["--upgrade"] if parser.parse_args().upgrade else []
    pip_install("--quiet", UV)
    constraints = None
    for requirements, lock in LOCKS.items():
        files = (ROOT / requirements, ROOT / lock, constraints)
        if code := subprocess.run(command(*files, *more), cwd=ROOT, check=False).returncode:
            return code
        constraints = ROOT / lock
        left = [line for line in constraints.read_text().splitlines() if is_for_cuda(line)]
        if left:
            print(f"CUDA_PACKAGES of {__file__} lacks {', '.join(left)}.", file=sys.stderr)
            return 1
    return 0


def is_for_cuda(line: str) -> bool:
    """Tell whether a line of a lock names what only a CUDA build needs."""
    return line.startswith(CUDA_PREFIXES)


if __name__ == "__main__":
    sys.exit(main())
