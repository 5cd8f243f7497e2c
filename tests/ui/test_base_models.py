"""The form on bases of other families: their names on its boxes, its own names in its values."""

from types import SimpleNamespace

import gradio as gr
import pytest

from peft_demo import models
from peft_demo.errors import AssetError, InvalidFieldsError
from peft_demo.methods.method import TARGET_MODULES
from peft_demo.models import BASES, BUILTIN_BASE
from peft_demo.runs import RunConfig
from peft_demo.ui.form import base_models
from peft_demo.ui.form.chosen_preset import blocks_for
from peft_demo.ui.form.run_form import Form

OWN = [(name, name) for name in TARGET_MODULES.choices]


def choices_of(updates, form, name="target_modules"):
    """What some updates make of a control: choices, and value."""
    return next(
        (update.get("choices"), update.get("value"))
        for slot, update in zip(form.slots, updates, strict=True)
        if slot.field.name == name and update.get("visible") and "lora" in slot.methods
    )


@pytest.mark.slow
class TestLabels:
    def test_are_the_bases_own(self, tiny_bases):
        assert base_models.labelled(TARGET_MODULES, BUILTIN_BASE) == OWN
        bert = dict(base_models.labelled(TARGET_MODULES, "tiny-bert"))
        assert bert["query"] == "q_lin"
        assert bert["attention.output.dense"] == "out_lin"
        fused = base_models.labelled(TARGET_MODULES, "tiny-modernbert")
        assert [label for label, _ in fused] == ["attn.Wqkv", "attn.Wo", "mlp.Wi", "mlp.Wo"]
        assert fused[0][1] == "q_lin"

    def test_a_client_may_name_anything(self):
        for strange in (None, 7, [], "nothing"):
            assert base_models.labelled(TARGET_MODULES, strange) == OWN

    def test_a_link_to_a_base_shows_its_names(self, tiny_bases):
        with gr.Blocks():
            form = Form({"base_model": BUILTIN_BASE})
        config = {
            "method": "lora",
            "base_model": "tiny-modernbert",
            "target_modules": ["attn.Wqkv", "mlp.Wo"],
        }
        choices, value = choices_of(form.show(config), form)
        assert value == ["q_lin", "ffn.lin2"]
        assert ("attn.Wqkv", "q_lin") in choices

    def test_what_is_chosen_reaches_the_run(self, tiny_bases):
        with gr.Blocks() as blocks:
            form = Form({"base_model": BUILTIN_BASE})
        (follow,) = (each.fn for each in blocks.fns.values() if each.name == "follow")
        values = {slot: form._controls[slot].value for slot in form.slots}
        for slot in values:
            if slot.field.name == "base_model":
                values[slot] = "tiny-modernbert"
            if slot.field.name == "target_modules" and "lora" in slot.methods:
                values[slot] = ["k_lin", "v_lin", "out_lin"]  # the first of three was unticked
            if slot.field.name == "max_length":
                values[slot] = 16
            if slot.field.name == "layers_to_transform":  # the quick demo's are of a larger base
                values[slot] = follow("quick", "lora", "tiny-modernbert", values[slot])
        config = form.config(*values.values())
        assert config.method_values["target_modules"] == ("attn.Wo",)
        assert config.method_values["layers_to_transform"] == (1,)

    @pytest.mark.parametrize(
        ("preset", "given", "after"),
        [
            ("quick", "3, 4, 5", "1"),
            ("quick", "1", "1"),
            ("quick", "4", None),  # the user's own
            ("quick", "", None),
            ("lora-1", "3, 4, 5", None),  # a preset without blocks
            ("no such", "3, 4, 5", None),
        ],
    )
    def test_the_presets_blocks_follow_the_base_and_ones_own_stay(
        self, tiny_bases, preset, given, after
    ):
        assert blocks_for(preset, "lora", "tiny-modernbert", given) == after

    def test_own_blocks_that_it_has_not_are_refused_with_the_way_out(self, tiny_bases):
        with pytest.raises(InvalidFieldsError) as refused:
            RunConfig({"base_model": "tiny-modernbert", "layers_to_transform": "4"})
        assert refused.value.problems == {
            "layers_to_transform": "layers_to_transform must be some of the blocks 0 to 1, such as "
            "0-1, or empty for all, got 4."
        }


class TestAdding:
    @pytest.fixture
    def form(self, monkeypatch):
        asked = []

        def add(repository):
            asked.append(repository)
            if repository == "no/such":
                raise AssetError("There is no model no/such.")
            return BASES[BUILTIN_BASE]

        with gr.Blocks() as blocks:
            form = Form({"base_model": BUILTIN_BASE}, SimpleNamespace(add_base=add))
        (click,) = (
            function
            for function in blocks.fns.values()
            if function.name == "add" and len(function.inputs) == 1
        )
        return SimpleNamespace(form=form, add=click.fn, asked=asked)

    def test_chooses_what_was_added(self, form):
        ((base, text, told, *boxes),) = form.add("owner/name")
        assert (base["value"], text, told["visible"]) == (BUILTIN_BASE, "", False)
        assert form.asked == ["owner/name"]
        assert boxes[0]["choices"] == OWN

    def test_says_why_it_cannot(self, form):
        ((_, _, told, *boxes),) = form.add("no/such")
        assert told["visible"]
        assert "There is no model no/such." in told["value"]
        assert len(boxes) > 2


def test_the_list_has_all_bases():
    assert [base_id for _, base_id in base_models.choices()] == [*models.BASES]
