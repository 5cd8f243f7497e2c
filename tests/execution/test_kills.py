"""Killed at a hundred moments, the program loses nothing that it has told, and goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import ROOT, environment

KILLS = int(os.environ.get("KILLS", "100"))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_kills_lose_nothing(home):
    program = Path(__file__).with_name("kills.py")
    done = subprocess.run(
        [sys.executable, str(program), str(home), str(KILLS), str(KILLS)],
        cwd=ROOT,
        env=environment(home, PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "tests")])),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["ended"]) == {"completed"}
    assert len(found["ended"]) >= KILLS // 10  # it was not killed before it did anything
    assert "saving" in found["struck"]
    assert len(found["struck"]) >= 3, found["struck"]
    assert found["left"] == []
