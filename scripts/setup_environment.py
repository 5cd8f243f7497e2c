"""Create .venv and install what peft_demo needs, with a PyTorch that suits this machine.

The Makefile calls this with the system's Python; only the standard library is needed.

On Linux, pip's PyTorch brings several gigabytes of CUDA libraries that a laptop cannot use. So
PyTorch comes first and by itself: pip reports what it would bring, and where that includes CUDA,
uv installs the CPU build instead, because uv knows where PyTorch keeps it. All other packages
then find PyTorch in place. The environment variable TORCH_BACKEND asks for something else:
`auto` (uv looks for a GPU), `cu130` and so on (that build), `pip` (whatever pip would bring).

The stamp files that make looks at are written last. Without one the environment counts as
half-finished and is made anew; pip's download cache keeps that cheap.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
"""What the pinned packages are built for. The Makefile states the same range."""

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP, RAY_STAMP = VENV / "installed", VENV / "installed-ray"
DEV_STAMP = VENV / "installed-dev"
BACKEND_RECORD = VENV / "torch-backend"
LOCKS = {
    "requirements.txt": "requirements.lock",
    "requirements-ray.txt": "requirements-ray.lock",
    "requirements-dev.txt": "requirements-dev.lock",
}
"""The exact versions that are installed, beside what says which may be; see update_lock.py."""
STAMPS = dict(zip(LOCKS, (STAMP, RAY_STAMP, DEV_STAMP), strict=True))
PIP = "pip>=25.1"
"""Older ones download all of PyTorch only to report what it would bring."""
UV = "uv==0.13.9"
CUDA_PREFIXES = ("nvidia", "cuda", "triton")


class SetupError(Exception):
    """Something the user has to put right, in one sentence."""


def say(message: str) -> None:
    """Print one progress line at once, so that a wait shows what it is for."""
    print(f"==> {message}", flush=True)


def missing_prerequisite(version: tuple[int, int], has_module: Callable[[str], bool]) -> str | None:
    """Say in a sentence what this Python lacks to make the environment, or None."""
    number = ".".join(map(str, version))
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return (
            f"peft_demo needs Python 3.{OLDEST_PYTHON[1]} to 3.{NEWEST_PYTHON[1]}, and this is "
            f"{number}: name another with make PYTHON=/path/to/python."
        )
    if not (has_module("venv") and has_module("ensurepip")):
        return (
            f"Python {number} has no venv module: install it (on Debian and Ubuntu: "
            f"apt install python{number}-venv) and run make again."
        )
    return None


def torch_requirement(requirements: str) -> str:
    """Return the line of a lock that pins torch, without its comment."""
    for line in requirements.splitlines():
        requirement = line.partition("#")[0].strip()
        if requirement.startswith("torch=="):
            return requirement
    raise SetupError("requirements.lock does not pin torch with ==: write it again with make lock.")


def brings_cuda(report: dict[str, Any]) -> bool:
    """Tell from pip's installation report whether a package would pull in CUDA libraries here."""
    metadata = [package["metadata"] for package in report["install"]]
    requirements = [text for entry in metadata for text in entry.get("requires_dist", [])]
    return any(name.startswith(CUDA_PREFIXES) for name in applicable_names(requirements))


def applicable_names(requirements: Iterable[str]) -> list[str]:
    """Return the names of the requirements whose markers hold on this machine."""
    # pip's own copy: nothing else is installed yet when this is first needed.
    from pip._vendor.packaging.requirements import Requirement

    parsed = [Requirement(text) for text in requirements]
    return [
        requirement.name.lower()
        for requirement in parsed
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]


def wanted_backend() -> str:
    """Return the PyTorch build asked for, else the one that is installed, else cpu."""
    recorded = BACKEND_RECORD.read_text().strip() if BACKEND_RECORD.exists() else ""
    return os.environ.get("TORCH_BACKEND") or recorded or "cpu"


def venv_python() -> Path:
    """Return the environment's interpreter, which need not exist yet."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_usable(backend: str) -> bool:
    """Tell whether the environment is complete, runs, and holds this PyTorch build."""
    if not (STAMP.exists() and BACKEND_RECORD.exists() and venv_python().exists()):
        return False
    if BACKEND_RECORD.read_text().strip() != backend:
        return False
    check = [str(venv_python()), "-m", "pip", "--version"]
    return subprocess.run(check, capture_output=True, check=False).returncode == 0


def create_venv() -> None:
    """Make an empty environment, in place of a broken or half-finished one."""
    say(f"Creating .venv with Python {sys.version.split()[0]}")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        print(made.stdout + made.stderr, file=sys.stderr)
        raise SetupError("Python could not create .venv (its reason is above).")


def pip_install(*arguments: str) -> None:
    """Run pip in this environment and let its progress show."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SetupError(
            "pip could not install the packages (its reason is above): "
            "check the network connection and run make again."
        )


def pip_would_bring_cuda(requirement: str) -> bool:
    """Ask pip what it would install for torch, without installing it."""
    options = ["--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-"]
    command = [sys.executable, "-m", "pip", "install", *options, requirement]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode:
        raise SetupError(
            f"pip could not find {requirement} (its reason is above): "
            "check the network connection and run make again."
        )
    return brings_cuda(json.loads(answer.stdout))


def has_torch(requirement: str) -> bool:
    """Tell whether this environment holds torch in the pinned version, whatever the build."""
    try:
        installed = importlib.metadata.version("torch").partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement == f"torch=={installed}"


def install_torch(requirement: str, backend: str) -> None:
    """Install PyTorch in the build asked for, by pip where that is the same."""
    if has_torch(requirement):  # and in this build: for another one, .venv was made anew
        return
    say(f"Looking for {requirement}, build: {backend}")
    if backend == "pip" or (backend == "cpu" and not pip_would_bring_cuda(requirement)):
        say(f"Installing {requirement} with pip (the largest download)")
        pip_install(requirement)
        return
    say(f"Installing {requirement} with uv (the largest download)")
    pip_install("--quiet", UV)
    command = [sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable]
    command += ["--torch-backend", backend, requirement]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SetupError(
            f"uv could not install PyTorch's {backend} build (its reason is above): check the "
            "network connection and run make again, or take pip's own build, which may bring "
            "gigabytes of CUDA libraries, with make TORCH_BACKEND=pip."
        )


def install(requirements: str, backend: str) -> None:
    """Install the packages into the environment that runs this, then write the stamps."""
    # Each has all that those before it have.
    reached = list(STAMPS)[: list(STAMPS).index(requirements) + 1]
    own_stamp = STAMPS[requirements]
    own_stamp.unlink(missing_ok=True)
    pip_install("--quiet", PIP)
    install_torch(torch_requirement((ROOT / LOCKS["requirements.txt"]).read_text()), backend)
    lock = LOCKS[requirements]
    say(f"Installing the other packages of {lock}")
    pip_install("-r", lock)
    BACKEND_RECORD.write_text(f"{backend}\n")
    for name in reached:
        STAMPS[name].touch()
    say("Ready")


def prepare(requirements: str) -> None:
    """Bring .venv up to date: create it with this Python, then install with its own."""
    backend = wanted_backend()
    if VENV.exists() and VENV.samefile(sys.prefix):
        install(requirements, backend)
        return
    lacking = missing_prerequisite(
        sys.version_info[:2], lambda name: importlib.util.find_spec(name) is not None
    )
    if lacking:
        raise SetupError(lacking)
    if not is_usable(backend):
        create_venv()
    command = [str(venv_python()), __file__, requirements]
    environment = {**os.environ, "TORCH_BACKEND": backend}
    # The second process has said what went wrong.
    if code := subprocess.run(command, env=environment, check=False).returncode:
        sys.exit(code)


def main() -> int:
    """Prepare the environment; return 0, or 1 after one sentence on what to put right."""
    parser = argparse.ArgumentParser(description="Create .venv and install the requirements.")
    parser.add_argument("requirements", nargs="?", choices=[*LOCKS], default="requirements.txt")
    try:
        prepare(parser.parse_args().requirements)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
