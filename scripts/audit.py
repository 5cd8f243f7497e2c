"""Ask whether a pinned package has a known fault.

pip-audit comes into an environment of its own, so that what it needs changes nothing that is
pinned. Only the standard library is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from venv import EnvBuilder

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv-audit"
PIP_AUDIT = "pip-audit==2.10.1"

NO_NETWORK = (
    "The pins could not be checked: pip-audit or its list of known faults cannot be had from here, "
    "so look at the network and run make audit again."
)


def main() -> int:
    """Status 0 if no fault is known, 1 if one is, 2 if nobody could say."""
    python = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        EnvBuilder(with_pip=True).create(FOLDER)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*install, PIP_AUDIT], capture_output=True, check=False).returncode:
        return _unknown()
    files = [
        f"--requirement={ROOT / name}" for name in ("requirements.lock", "requirements-dev.lock")
    ]
    audit = [str(python), "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner=off"]
    command = [*audit, "--format=json", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _unknown()
    return told(found)


def told(found: list[dict[str, Any]]) -> int:
    """Print what pip-audit found of each package; its own last line passes unchecked ones."""
    unchecked = [package["name"] for package in found if "skip_reason" in package]
    if len(unchecked) == len(found):
        return _unknown()
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in "
        f"{', '.join(fault['fix_versions']) or 'no version yet'}"
        for package in found
        for fault in package.get("vulns", ())
    ]
    print(*faults, f"Known faults: {len(faults)} in {len(found) - len(unchecked)} pins.", sep="\n")
    if unchecked:
        print(f"Not checked: {', '.join(unchecked)}.")
    return 1 if faults else 0


def _unknown() -> int:
    print(NO_NETWORK, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
