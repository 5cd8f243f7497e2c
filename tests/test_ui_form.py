"""The form derives from the tables, and its check is the one of RunConfig."""

import gradio as gr
import pytest

from peft_demo import runs
from peft_demo.fields import Field
from peft_demo.methods import METHODS, Method
from peft_demo.presets import PRESETS
from peft_demo.ui.form import Form


@pytest.fixture
def form():
    with gr.Blocks():
        return Form({"base_model": runs.BUILTIN_BASE})


def values_of(form, **changes):
    """What the browser would send, with the chosen method's fields changed."""
    values = {key: control.value for key, control in zip(form.keys, form.inputs, strict=True)}
    method = changes.get("method", values["", "method"])
    for name, value in changes.items():
        key = (method, name) if (method, name) in values else ("", name)
        assert key in values, name
        values[key] = value
    return list(values.values())


def problems_of(form, values):
    answers = form.validate(*values)
    return {
        key: answer["message"]
        for key, answer in zip(form.keys, answers, strict=True)
        if not answer["is_valid"]
    }


def test_untouched_form_is_the_first_preset(form):
    first = next(iter(PRESETS.values()))
    assert form.config(*values_of(form)) == first.config()
    assert problems_of(form, values_of(form)) == {}


@pytest.mark.parametrize("preset_id", PRESETS)
def test_choosing_a_preset_fills_the_whole_form(form, preset_id):
    updates = form.fill(preset_id)[1:]
    values = []
    for control, update in zip(form.inputs, updates, strict=False):
        values.append(update.get("value", control.value))
    assert form.config(*values) == PRESETS[preset_id].config()


def test_choosing_a_preset_keeps_base_data_and_seed(form):
    updates = dict(zip(form.keys, form.fill("lora-1")[1:], strict=False))
    for name in ("base_model", "dataset", "seed"):
        assert "value" not in updates["", name]


def test_a_field_changed_after_a_preset_is_kept(form):
    config = form.config(*values_of(form, r=77))
    assert config.method_values["r"] == 77
    assert config.learning_rate == PRESETS["quick"].config().learning_rate


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_field_has_a_control_with_label_and_help(form, method):
    controls = dict(zip(form.keys, form.inputs, strict=True))
    for field in method.fields:
        control = controls[method.id, field.name]
        assert control.info == field.help
        assert field.label in control.label
        if isinstance(control, gr.Slider):
            assert (control.minimum, control.maximum) == (field.minimum, field.maximum)


@pytest.mark.parametrize(
    ("changes", "field", "parts"),
    [
        ({"r": 0}, ("lora", "r"), ("1 and 256", "got 0")),
        ({"r": 10**9}, ("lora", "r"), ("1 and 256", "1000000000")),
        ({"r": "abc"}, ("lora", "r"), ("whole number", '"abc"')),
        ({"r": None}, ("lora", "r"), ("1 and 256", "nothing")),
        ({"learning_rate": "nan"}, ("", "learning_rate"), ("number", "nan")),
        ({"target_modules": []}, ("lora", "target_modules"), ("q_lin", "nothing")),
        ({"num_reviews": 3}, ("", "num_reviews"), ("10", "got 3")),
        ({"name": "x" * 10_000}, ("", "name"), ("80 characters", "10,000")),
        (
            {"method": "ia3", "target_modules": ["q_lin"], "feedforward_modules": ["ffn.lin1"]},
            ("ia3", "feedforward_modules"),
            ("target_modules", "ffn.lin1"),
        ),
    ],
)
def test_bad_input_is_told_at_its_field_and_nowhere_else(form, changes, field, parts):
    problems = problems_of(form, values_of(form, **changes))
    assert list(problems) == [field]
    for part in (field[1], *parts):
        assert part in problems[field]


def test_several_problems_stand_at_their_own_fields(form):
    problems = problems_of(form, values_of(form, r=0, num_reviews=3, learning_rate="x"))
    assert set(problems) == {("lora", "r"), ("", "num_reviews"), ("", "learning_rate")}


def test_another_methods_bad_value_does_not_matter(form):
    values = dict(zip(form.keys, values_of(form), strict=True))
    values["ia3", "target_modules"] = []
    assert problems_of(form, list(values.values())) == {}


def test_switching_method_takes_its_learning_rate_but_keeps_a_typed_one(form):
    rate = f"{METHODS['lora'].learning_rate:g}"
    assert form.switch("full_ft", rate)[1]["value"] == f"{METHODS['full_ft'].learning_rate:g}"
    assert "value" not in form.switch("full_ft", "0.00123")[1]


def test_a_row_added_at_run_time_gets_its_controls(monkeypatch):
    field = Field("strength", "Strength", "How strong.", "integer", 3, 1, 9, 1)
    row = Method(
        id="made_up",
        label="Made up",
        summary="Only for this test.",
        year=2026,
        paper="None",
        paper_url="https://example.org",
        fields=(field,),
        learning_rate=1e-3,
        peft_config=METHODS["head_only"].peft_config,
    )
    monkeypatch.setitem(METHODS, row.id, row)
    with gr.Blocks():
        form = Form({"base_model": runs.BUILTIN_BASE})
    config = form.config(*values_of(form, method="made_up", strength=7))
    assert config.method_values == {"strength": 7}
    assert ("made_up", "strength") in problems_of(
        form, values_of(form, method="made_up", strength=10)
    )
