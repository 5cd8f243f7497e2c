"""A store with the reference runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from peft_demo import settings
from peft_demo.storage import Store


@pytest.fixture
def with_references(home: Path) -> Iterator[Store]:
    opened = Store(home, settings.ADAPTERS)
    yield opened
    opened.close()
