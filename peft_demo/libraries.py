"""transformers and peft, for whoever needs them; nobody else here imports either.

Both load their parts when these are first asked for, and two threads that do so at once find
modules that are half there. Python lets one thread import this module, and others wait for it.
"""

import warnings

import peft
import transformers

__all__ = ["peft", "transformers"]

# For the whole process, because catch_warnings is not made for threads.
for _expected in (
    ".*is_gradient_checkpointing.*",  # peft asks transformers in last year's words
    ".*target_modules.*",  # head only has none, on purpose
    ".*Could not find a config file.*",  # the built-in base has no folder to look in
):
    warnings.filterwarnings("ignore", message=_expected)
