"""What a pasted text is read as, or why it is refused."""

import pytest

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig, reading


def read(text, current=None):
    imported = reading.read(text, current)
    return RunConfig(imported.values), imported.notes


def refused(text, current=None):
    with pytest.raises(InvalidFieldsError) as caught:
        reading.read(text, current)
    return caught.value.problems
