"""Any value that a field allows, for Hypothesis."""

from functools import singledispatch
from typing import Any

from hypothesis import strategies as st

from peft_demo.fields import (
    Blocks,
    Choice,
    Field,
    Integer,
    Modules,
    Number,
    Pattern,
    Switch,
    Text,
)


@singledispatch
def allowed_by(field: Field) -> st.SearchStrategy[Any]:
    raise NotImplementedError(f"no values are known for a {type(field).__name__}")


@allowed_by.register
def _(field: Integer) -> st.SearchStrategy[int]:
    return st.integers(field.minimum, field.maximum)


@allowed_by.register
def _(field: Number) -> st.SearchStrategy[float]:
    return st.floats(field.minimum, field.maximum)


@allowed_by.register
def _(field: Text) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=field.maximum)


@allowed_by.register
def _(field: Choice) -> st.SearchStrategy[str]:
    return st.sampled_from(field.choices)


@allowed_by.register
def _(field: Modules) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(field.choices), min_size=1, unique=True)


@allowed_by.register
def _(field: Switch) -> st.SearchStrategy[bool]:
    return st.booleans()


@allowed_by.register
def _(field: Blocks) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, field.maximum), unique=True)


@allowed_by.register
def _(field: Pattern) -> st.SearchStrategy[dict[str, int]]:
    numbers = st.integers(field.minimum, min(field.maximum, 64))
    return st.dictionaries(st.sampled_from(field.choices), numbers, max_size=3)
