"""Any valid configuration of any method, for Hypothesis."""

from dataclasses import replace

from field_values import allowed_by
from hypothesis import assume
from hypothesis import strategies as st

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Integer
from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig


def own_values(method):
    """Values for the method's own fields, each allowed by itself."""
    strategies = {}
    for field in method.fields:
        if isinstance(field, Integer):
            field = replace(field, maximum=min(field.maximum, 64))
        strategies[field.name] = allowed_by(field)
    return st.fixed_dictionaries({}, optional=strategies)


def valid(values):
    """The configuration, where the fields' values fit together."""
    try:
        return RunConfig(values)
    except InvalidFieldsError:
        assume(False)


@st.composite
def configs(draw):
    """Any valid configuration of any method."""
    method = draw(st.sampled_from(list(METHODS.values())))
    shared = st.fixed_dictionaries(
        {},
        optional={
            "learning_rate": st.floats(1e-7, 1),
            "dataset": st.sampled_from(["imdb", "rotten_tomatoes"]),
            "num_reviews": st.integers(10, 3_000),
            "seed": st.integers(0, 2**32 - 1),
            "name": st.text(st.characters(codec="utf-8", exclude_categories="C"), max_size=30),
        },
    )
    return valid({"method": method.id, **draw(shared), **draw(own_values(method))})
