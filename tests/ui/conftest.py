"""What the pages' tests share."""

import pytest

from peft_demo.ui.identity import acting_as, machines_owner
from peft_demo.ui.services import Services


@pytest.fixture
def services(tmp_path, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path / "home"))
    services = Services()
    yield services
    services.store.close()


@pytest.fixture(autouse=True)
def _by_the_machines_owner():
    """Who asks, unless a test says otherwise."""
    with acting_as(machines_owner()):
        yield
