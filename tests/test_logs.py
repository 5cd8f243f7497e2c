"""What the log says, to people and to programs."""

import io
import json
import logging

import pytest

from peft_demo import logs


@pytest.fixture
def lines(monkeypatch):
    """What is logged as JSON, of a root logger of the test's own."""
    root = logging.getLogger()
    written = io.StringIO()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(written)])
    level = logging.getLogger(logs.OURS).level
    logs.write_json()
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger(logs.OURS).setLevel(level)


def test_an_event_is_one_line_of_json_with_run_owner_and_duration(lines):
    logger = logging.getLogger("peft_demo.execution")
    told = logs.about("ended", "an owner's secret id", run="run-000001", seconds=1.5)
    logger.info("%s is %s", "run-000001", "completed", extra=told)
    try:
        raise KeyError("two\nlines")
    except KeyError:
        logger.exception("A fault")
    ended, fault = lines()
    assert ended.pop("time").endswith("+00:00")
    assert ended == {
        "level": "INFO",
        "logger": "peft_demo.execution",
        "message": "run-000001 is completed",
        "event": "ended",
        "owner": logs.digest("an owner's secret id"),
        "run": "run-000001",
        "seconds": 1.5,
    }
    assert "KeyError" in fault["exception"]
