"""What the pages' tests share."""

import pytest

from peft_demo.ui.services import Services


@pytest.fixture
def services(tmp_path, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path / "home"))
    services = Services()
    yield services
    services.store.close()
