"""Strength: 0 is the base with the trained head, 1 the adapter, for every method that can."""

import pytest
from narrow_base import MERGING, loaded, saved

from peft_demo import adapters
from peft_demo.adapters.strength import Dial
from peft_demo.data import SENTIMENT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("method", [*MERGING, "full_ft", "ln_tuning"])
def test_at_strength_0_it_is_the_base_with_its_head_and_at_1_the_adapter(
    narrow_base, method, tmp_path
):
    saved(narrow_base, method, tmp_path)
    checksum = narrow_base.checksum()
    tokens = narrow_base.encode(["A good film.", "Not bad, and not good"], 16)["input_ids"]

    def says(model):
        return adapters.logits(model, narrow_base, tokens)

    adapter = loaded(narrow_base, method, tmp_path)
    head = {
        name.replace(".modules_to_save.default", "").removeprefix("base_model.model."): tensor
        for name, tensor in adapter.state_dict().items()
        if "classifier" in name and ".original_module." not in name
    }
    untouched = narrow_base.shared(SENTIMENT)
    untouched.load_state_dict(head, strict=False)
    dial = Dial(lambda: loaded(narrow_base, method, tmp_path), narrow_base)
    zero, half, one = (says(dial.turn(strength)) for strength in (0.0, 0.5, 1.0))
    assert zero == pytest.approx(says(untouched), abs=1e-6)
    assert one == pytest.approx(says(adapter), abs=2e-4)
    assert (zero != half).any()
    assert (half != one).any()
    # Back again, to the last digit.
    assert (says(dial.turn(0.0)) == zero).all()
    assert narrow_base.checksum() == checksum


@pytest.mark.parametrize("method", ["head_only", "prompt_tuning", "lily"])
def test_what_changes_no_weight_has_no_strength(narrow_base, method, tmp_path):
    saved(narrow_base, method, tmp_path)
    with pytest.raises(NotImplementedError, match="it changes no weight of its base"):
        Dial(lambda: loaded(narrow_base, method, tmp_path), narrow_base)
