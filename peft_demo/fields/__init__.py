"""One setting a user can change. Form, checks, API and command line derive from it."""

from peft_demo.fields.field import Field, Value, Widget, check_all
from peft_demo.fields.kinds import Blocks, Choice, Integer, Modules, Number, Switch, Text
from peft_demo.fields.patterns import Pattern
from peft_demo.fields.words import cut, must_be, row_of, shown, shown_single

__all__ = [
    "Blocks",
    "Choice",
    "Field",
    "Integer",
    "Modules",
    "Number",
    "Pattern",
    "Switch",
    "Text",
    "Value",
    "Widget",
    "check_all",
    "cut",
    "must_be",
    "row_of",
    "shown",
    "shown_single",
]
