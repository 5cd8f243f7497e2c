"""transformers and peft, for whoever needs them; nobody else here imports either.

Both load their parts when these are first asked for, and two threads that do so at once find
modules that are half there. Python lets one thread import this module, and others wait for it.
"""

import peft
import transformers

__all__ = ["peft", "transformers"]
