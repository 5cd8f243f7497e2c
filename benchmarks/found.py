"""What a benchmark found, with when, where and beside what, part by part in a JSON file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.startup import ROOT
from peft_demo.models import hardware


def commit() -> str:
    """The version that is measured; to be asked before, for a long measurement may see another."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def keep(path: Path, part: str, found: Mapping[str, Any], *, of: str, note: str = "") -> None:
    """Write a part into a file, whose other parts stay as they were.

    Args:
        path: of the JSON file.
        part: what it is called there.
        found: its numbers.
        of: the commit.
        note: what else the machine did meanwhile.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[part] = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": of,
        "processor": hardware.processor_name(),
        "cores": psutil.cpu_count(logical=False),
        "note": note,
        **found,
    }
    path.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
