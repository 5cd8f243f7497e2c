"""Adapters that were trained elsewhere: unpacked, checked, and tested like any run.

What comes in was made by a stranger. Nothing is unpacked by the archive's own paths, pickle is
not read, and peft gets a configuration without what makes it import modules, open other files or
reach the network.
"""

from peft_demo.adapters.importing.archive import MOST_ENTRIES
from peft_demo.adapters.importing.bringing import bring
from peft_demo.adapters.importing.evaluation import test
from peft_demo.adapters.importing.finding import unpack
from peft_demo.adapters.importing.from_hub import Repository, looks_like_one, repository_in
from peft_demo.adapters.importing.inspection import describe
from peft_demo.adapters.importing.options import options_told
from peft_demo.adapters.importing.rows import row_of
from peft_demo.adapters.importing.swapping import swap

__all__ = [
    "MOST_ENTRIES",
    "Repository",
    "bring",
    "describe",
    "looks_like_one",
    "options_told",
    "repository_in",
    "row_of",
    "swap",
    "test",
    "unpack",
]
