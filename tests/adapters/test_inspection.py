"""What an adapter is for, told by the names of its head."""

import pytest
from made_up_family import MINE

from peft_demo.adapters.importing.inspection import _base_of
from peft_demo.errors import InvalidFieldsError

LABELS = ("negative", "positive")


def head(width, labels=2):
    name = "base_model.model.classifier"
    return {f"{name}.weight": (labels, width), f"{name}.bias": (labels,)}


@pytest.mark.parametrize("came", ["made-up", "somebody/made-up", "./a folder"])
def test_the_head_of_another_family_tells_its_base(made_up_base, came):
    config = {"base_model_name_or_path": came}
    assert _base_of(config, head(MINE["dim"]), LABELS) == made_up_base.id
    with pytest.raises(InvalidFieldsError, match="a head that is 25 wide"):
        _base_of(config, head(25), LABELS)


def test_of_a_head_that_is_not_there_the_named_bases_family_is_told(made_up_base):
    with pytest.raises(InvalidFieldsError, match=r"got no classifier\.weight"):
        _base_of({"base_model_name_or_path": made_up_base.id}, {}, LABELS)
    with pytest.raises(InvalidFieldsError, match=r"got no pre_classifier\.weight"):
        _base_of({}, {}, LABELS)
