"""The page's languages: texts stand in English in the code, and a catalogue translates them."""

from peft_demo.languages.catalogue import NAMES, SOURCE
from peft_demo.languages.current import _, gettext, gettext_noop, language, ngettext, speaking
from peft_demo.languages.numbers import in_signs
from peft_demo.languages.sentences import told

__all__ = [
    "NAMES",
    "SOURCE",
    "_",
    "gettext",
    "gettext_noop",
    "in_signs",
    "language",
    "ngettext",
    "speaking",
    "told",
]
