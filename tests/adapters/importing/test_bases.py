"""What an adapter is for, told by the names of its head."""

import pytest
from made_up_family import MINE

from peft_demo.adapters.importing.bases import base_of
from peft_demo.errors import InvalidFieldsError

LABELS = ("negative", "positive")


def head(width, labels=2):
    name = "base_model.model.classifier"
    return {f"{name}.weight": (labels, width), f"{name}.bias": (labels,)}


@pytest.mark.parametrize(("came", "choice"), [("made-up", None), ("./a folder", "made-up")])
def test_the_head_of_another_family_tells_its_base(made_up_base, came, choice):
    config = {"base_model_name_or_path": came}
    assert base_of(config, head(MINE["dim"]), LABELS, choice) == made_up_base.id
    with pytest.raises(InvalidFieldsError, match="a head that is 25 wide"):
        base_of(config, head(25), LABELS, choice)


def test_of_a_head_that_is_not_there_the_named_bases_family_is_told(made_up_base):
    with pytest.raises(InvalidFieldsError, match=r"got no classifier\.weight"):
        base_of({"base_model_name_or_path": made_up_base.id}, {}, LABELS)
    with pytest.raises(InvalidFieldsError, match=r"got no pre_classifier\.weight"):
        base_of({}, {}, LABELS)
