"""The page's languages: texts stand in English in the code, and a catalogue translates them."""

from peft_demo.languages.catalogue import NAMES, SOURCE
from peft_demo.languages.current import _, gettext, gettext_noop, language, ngettext, speaking

__all__ = ["NAMES", "SOURCE", "_", "gettext", "gettext_noop", "language", "ngettext", "speaking"]
