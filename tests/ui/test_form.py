"""The form derives from the tables, and its check is the one of RunConfig."""

import json
import re
from html import unescape

import gradio as gr
import pytest
from own_texts import as_csv, prepared, rows

from peft_demo import memory, models
from peft_demo.data import own
from peft_demo.fields import Integer
from peft_demo.formats import number
from peft_demo.methods import METHODS, Method
from peft_demo.models import hardware
from peft_demo.runs.presets import PRESETS, recommended_id
from peft_demo.ui.form.chosen_preset import RECOMMENDED
from peft_demo.ui.form.run_form import Form


@pytest.fixture(scope="module")
def form():
    with gr.Blocks():
        return Form({"base_model": models.BUILTIN_BASE})


def picked(method):
    return gr.EventData(None, {"method": method})


def slot_of(form, name, method):
    return next(s for s in form.slots if s.field.name == name and s.counts_for(method))


def values_of(form, **changes):
    """What the browser would send, with the chosen method's fields changed."""
    values = {slot: control.value for slot, control in zip(form.slots, form.inputs, strict=True)}
    method = changes.get("method", "lora")
    for name, value in changes.items():
        values[slot_of(form, name, method)] = value
    return list(values.values())


def problems_of(form, values, method="lora"):
    """The sentences by field; each must stand at the control that the method uses."""
    answers = form.validate(*values)
    wrong = [(slot, a) for slot, a in zip(form.slots, answers, strict=True) if not a["is_valid"]]
    assert all(slot.counts_for(method) for slot, _ in wrong)
    return {slot.field.name: answer["message"] for slot, answer in wrong}


def test_a_training_that_needs_too_much_memory_is_refused_at_its_field(form, monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda: 5_000_000_000)
    monkeypatch.setattr(memory, "held_bytes", lambda: 0)
    monkeypatch.setattr(hardware, "device", lambda: "cpu")
    large = {"per_device_train_batch_size": 128, "max_length": 512}
    told = problems_of(form, values_of(form, **large))
    assert list(told) == ["per_device_train_batch_size"]
    assert "5.0 GB are free" in told["per_device_train_batch_size"]
    assert problems_of(form, values_of(form)) == {}


def apply(form, updates, before=None):
    """The controls' values after these updates."""
    values = before or [control.value for control in form.inputs]
    return [u.get("value", value) for value, u in zip(values, updates, strict=True)]


def visible(form, updates):
    """Own fields that are shown after these updates."""
    pairs = zip(form.slots, updates, strict=True)
    return [slot.field.name for slot, update in pairs if slot.methods and update["visible"]]


def test_untouched_form_is_the_first_preset(form):
    first = next(iter(PRESETS.values()))
    assert form.config(*values_of(form)) == first.config(name="")
    assert problems_of(form, values_of(form)) == {}


@pytest.mark.parametrize("preset_id", PRESETS)
def test_choosing_a_preset_fills_the_whole_form(form, preset_id):
    updates = form.fill(preset_id, "lora", models.BUILTIN_BASE)[1:]
    config = form.config(*apply(form, updates))
    assert config == PRESETS[preset_id].config(name="")
    assert config.name == config.summary


def test_a_preset_takes_no_more_texts_than_the_data_set_has(form, home):
    own.keep(found := prepared(as_csv(rows())))
    told, *updates = form.fill("quick", "lora", models.BUILTIN_BASE, found.id)
    assert "the data set has no more" in told["info"]
    now = apply(form, updates, values_of(form, dataset=found.id))
    config = form.config(*now)
    assert (config.dataset, config.num_reviews, config.num_test_reviews) == (found.id, 24, 16)
    assert "no more" not in form.fill("quick", "lora", models.BUILTIN_BASE, "imdb")[0]["info"]


@pytest.mark.parametrize("method", METHODS)
def test_recommended_is_for_the_method_that_is_chosen(form, method):
    config = form.config(*apply(form, form.fill(RECOMMENDED, method, models.BUILTIN_BASE)[1:]))
    recommended = PRESETS[recommended_id(method)].config()
    assert config.flat() | {"name": ""} == recommended.flat() | {"name": ""}


def test_choosing_a_preset_keeps_base_data_and_seed(form):
    updates = dict(
        zip(form.slots, form.fill("lora-1", "lora", models.BUILTIN_BASE)[1:], strict=True)
    )
    for name in ("base_model", "dataset", "seed"):
        assert "value" not in updates[slot_of(form, name, "lora")]


def test_a_field_changed_after_a_preset_is_kept(form):
    config = form.config(*values_of(form, r=77))
    assert config.method_values["r"] == 77
    assert config.learning_rate == PRESETS["quick"].config().learning_rate


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_field_has_a_control_with_label_and_help(form, method):
    controls = dict(zip(form.slots, form.inputs, strict=True))
    for field in method.fields:
        control = controls[slot_of(form, field.name, method.id)]
        assert control.info == field.help
        assert field.label in control.label
        if field.widget == "slider":
            scale = form.scales[control.elem_id]
            assert (scale["min"], scale["max"]) == (field.minimum, field.maximum)


@pytest.mark.parametrize(
    ("changes", "field", "parts"),
    [
        ({"r": 0}, "r", ("1 and 256", "got 0")),
        ({"r": 10**9}, "r", ("1 and 256", "1000000000")),
        ({"r": "abc"}, "r", ("whole number", '"abc"')),
        ({"r": None}, "r", ("1 and 256", "nothing")),
        ({"learning_rate": "nan"}, "learning_rate", ("number", "nan")),
        ({"target_modules": []}, "target_modules", ("q_lin", "nothing")),
        ({"num_reviews": 3}, "num_reviews", ("10", "got 3")),
        ({"name": "x" * 10_000}, "name", ("80 characters", "10,000")),
        (
            {"method": "ia3", "target_modules": ["q_lin"], "feedforward_modules": ["ffn.lin1"]},
            "feedforward_modules",
            ("target_modules", "ffn.lin1"),
        ),
    ],
)
def test_bad_input_is_told_at_its_field_and_nowhere_else(form, changes, field, parts):
    problems = problems_of(form, values_of(form, **changes), changes.get("method", "lora"))
    assert list(problems) == [field]
    for part in (field, *parts):
        assert part in problems[field]


def test_several_problems_stand_at_their_own_fields(form):
    problems = problems_of(form, values_of(form, r=0, num_reviews=3, learning_rate="x"))
    assert set(problems) == {"r", "num_reviews", "learning_rate"}


def test_another_methods_bad_value_does_not_matter(form):
    values = dict(zip(form.slots, values_of(form), strict=True))
    values[slot_of(form, "feedforward_modules", "ia3")] = []
    assert problems_of(form, list(values.values())) == {}


def switched(form, was="lora", **changes):
    """The note, and the values by name of the method that was chosen, after a switch."""
    values = values_of(form, **changes)
    note, *updates = form.switch(was, *values)
    return note, form._chosen(apply(form, updates, values), changes["method"])


def test_switching_method_takes_its_measured_rate_and_its_targets(form):
    note, values = switched(form, method="ia3", learning_rate="0.00123")
    assert values["learning_rate"] == number(METHODS["ia3"].learning_rate)
    targets = next(f for f in METHODS["ia3"].fields if f.name == "target_modules")
    assert values["target_modules"] == [*targets.default]
    assert "1 field changed" in note


def test_a_switch_says_what_it_changed_and_can_be_undone(form):
    before = values_of(form, target_modules=["q_lin"], learning_rate="fast", name="mine")
    chosen = form._with(before, method="dora")
    note, *updates = form.switch("lora", *chosen)
    assert "3 fields changed" in note
    assert "Learning rate, Target modules, Blocks" in note
    undo = json.loads(unescape(re.search('data-with="(.*?)"', note)[1]))["values"]
    gone, *updates = form.undo(undo)
    assert gone == ""
    assert apply(form, updates, chosen) == before


def test_a_preset_says_what_is_no_longer_its(form):
    assert form.changes("quick", *values_of(form)).strip() == ""
    changed = form.changes("quick", *values_of(form, r=77, seed=7, num_train_epochs=3))
    assert "<b>changed</b>: Epochs, Rank r<" in changed
    assert form.changes("quick", *values_of(form, r=0)) == ""
    assert "Method" in form.changes("quick", *values_of(form, method="ia3"))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_switching_shows_the_fields_of_the_method_and_no_others(form, method):
    _, *updates = form.pick(picked(method.id), "lora", *values_of(form))
    assert sorted(visible(form, updates)) == sorted(field.name for field in method.fields)


def test_a_typed_name_stays(form):
    assert switched(form, method="ia3")[1]["name"] == ""
    assert switched(form, method="ia3", name="mine")[1]["name"] == "mine"


def test_rows_stand_in_their_order(form):
    plain = [slot.element for slot in form.slots if slot.is_plain and slot.counts_for("lora")]
    assert plain == [
        *("lora-r", "lora-lora_alpha", "learning_rate", "num_train_epochs", "num_reviews", "name"),
    ]
    logarithmic = {name for name, scale in form.scales.items() if scale["log"]}
    assert {"lora-r", "learning_rate", "num_reviews"} <= logarithmic
    assert not {"num_train_epochs", "lora-lora_dropout", "seed"} & logarithmic


def test_a_field_that_methods_share_keeps_its_value(form):
    chosen = ["q_lin", "v_lin"]
    values = dict(zip(form.slots, values_of(form, target_modules=chosen), strict=True))
    values[slot_of(form, "method", "dora")] = "dora"
    assert form.config(*values.values()).method_values["target_modules"] == ("q_lin", "v_lin")


def test_picking_what_is_no_method_changes_nothing(form):
    skipped = [gr.skip()] * (len(form.inputs) + 1)
    assert form.pick(picked("nonsense"), "lora", *values_of(form)) == skipped


def test_a_row_added_at_run_time_gets_its_controls(monkeypatch):
    field = Integer("strength", "Strength", "How strong.", 3, 1, 9, 1)
    row = Method(
        id="made_up",
        label="Made up",
        summary="Only for this test.",
        year=2026,
        paper="None",
        paper_url="https://example.org",
        fields=(field,),
        formula="h = x",
        starting_rate=1e-3,
        peft_config=METHODS["head_only"].peft_config,
    )
    monkeypatch.setitem(METHODS, row.id, row)
    with gr.Blocks():
        form = Form({"base_model": models.BUILTIN_BASE})
    config = form.config(*values_of(form, method="made_up", strength=7))
    assert config.method_values == {"strength": 7}
    values = values_of(form, method="made_up", strength=10)
    assert list(problems_of(form, values, "made_up")) == ["strength"]
