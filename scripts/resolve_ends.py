"""Ask a resolver whether requirements.txt can be installed at both ends of what it allows.

Nothing is installed: Python 3.11 and 3.12 (what ZeroGPU offers), each with the lowest and the
highest torch, beside what Spaces itself installs with every Gradio app. Needs the network.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from setup_environment import ROOT, UV, pip_install

PYTHONS = ("3.11", "3.12")

TORCHES = ("lowest", "highest")

OF_SPACES = ("gradio[oauth,mcp]", "spaces", "uvicorn>=0.14.0", "websockets>=10.4")
"""What a Space adds to requirements.txt."""


def resolved(python: str, torch: str) -> str:
    """Return the torch that is found, or raise SystemExit with the resolver's reason."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    torches = next(line for line in lines if line.startswith("torch>="))
    lowest = torches.partition(",")[0].replace(">=", "==") + ".*"
    wanted = "\n".join(("-r requirements.txt", *OF_SPACES, lowest if torch == "lowest" else ""))
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header"]
    command += ["--no-annotate", "--python-version", python, "-"]
    done = subprocess.run(
        command, cwd=ROOT, input=wanted, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"Python {python}, {torch} torch: {done.stderr}")
    return next(line for line in done.stdout.splitlines() if line.startswith("torch=="))


def main() -> int:
    """Return 0 if all can be had."""
    pip_install("--quiet", UV)
    ends = [*product(PYTHONS, TORCHES)]
    with ThreadPoolExecutor() as threads:
        for (python, _), found in zip(ends, threads.map(lambda e: resolved(*e), ends), strict=True):
            print(f"Python {python} with {found}: can be installed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
