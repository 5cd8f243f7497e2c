"""The form's part for several runs at once: its plan, and each sentence at its control."""

import gradio as gr
import pytest

from peft_demo import models
from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.methods import METHODS
from peft_demo.runs.questions import QUESTIONS, Question, question
from peft_demo.runs.sweeps import sweepable
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.form.suggested import suggested
from peft_demo.ui.form.sweep_form import QUEUE, SweepForm, empty
from peft_demo.ui.services import Services


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_HOME", str(tmp_path_factory.mktemp("home")))
        services = Services()
        with gr.Blocks():
            yield SweepForm(services, Form({"base_model": models.BUILTIN_BASE}))
        services.store.close()


def entered(several, repeats=1, first=("", []), second=("", []), race=False):
    return [repeats, *first, *second, race, *(c.value for c in several._form.inputs)]


def problems_of(several, values):
    names = ["repeats", "field-1", "values-1", "field-2", "values-2", "race"]
    answers = several.validate(*values)
    assert len(answers) == len(values)
    told = dict(zip(names, answers, strict=False))
    return {name: a["message"] for name, a in told.items() if not a["is_valid"]}


def test_a_plan_of_both_axes(several):
    values = entered(several, 2, ("r", ["1", "2"]), ("lora_alpha", ["4", "8"]))
    assert problems_of(several, values) == {}
    planned = several.plan(*values)
    assert len(planned.configs) == 8
    assert planned.axes == {"r": (1, 2), "lora_alpha": (4, 8)}


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({}, "repeats", "at least 2"),
        ({"repeats": 0}, "repeats", "between 1 and 16"),
        ({"repeats": 16, "race": True}, "race", "2 to 8"),
        ({"first": ("r", ["4"])}, "values-1", "at least 2"),
        ({"second": ("r", ["4", "999"])}, "values-2", "between 1 and 256"),
        (
            {"first": ("r", ["1, 2"]), "second": ("lora_alpha", ["0", "1"])},
            "values-2",
            "lora_alpha",
        ),
        ({"first": ("r", ["1", "2"]), "second": ("r", ["3", "4"])}, "values-2", "once"),
        ({"first": ("r", list(map(str, range(1, 100))))}, "values-1", "64"),
    ],
)
def test_each_sentence_stands_at_its_control(several, changes, place, words):
    problems = problems_of(several, entered(several, **changes))
    assert list(problems) == [place]
    assert words in problems[place]


def test_what_is_wrong_in_the_form_stands_there(several):
    values = entered(several, 2)
    slots = [slot.field.name for slot in several._form.slots]
    values[len(several.inputs) + slots.index("num_reviews")] = 1
    answers = several.validate(*values)
    wrong = [place for place, answer in enumerate(answers) if not answer["is_valid"]]
    assert wrong == [len(several.inputs) + slots.index("num_reviews")]


def described(several, *entries, **more):
    """What stands below the controls, the button, and what stands at each control."""
    count, button, *told = several.describe(*entered(several, *entries, **more))
    return count, button, told


@pytest.mark.slow
def test_count_and_time_follow_on_the_button_too(several, monkeypatch):
    count, button, told = described(several)
    assert (count, button["value"], button["interactive"]) == (empty(), QUEUE, True)
    count, button, told = described(several, 3, ("r", ["1", "2"]))
    assert "<b>6 runs</b>" in count
    assert "20,736 to 41,472 adapter parameters each" in count
    assert "time unknown yet" in count
    assert count.count("<li>LoRA") == 6
    assert (button["value"], told) == ("Queue 6 runs", [""] * 4)
    # What a sweep mixes up is said before it is trained.
    assert "so the scale alpha / r changed from 16 to 8" in count
    monkeypatch.setattr(
        "peft_demo.adapters.forecast.total_seconds", lambda configs, runs: (90, 160)
    )
    _, button, _ = described(several, 1, ("r", ["1", "2"]))
    assert button["value"] == "Queue 2 runs · about 2 min"


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"repeats": 99}, 0, "between 1 and 16"),
        ({"first": ("r", ["1"])}, 1, "at least 2"),
        ({"first": ("r", ["1", "2"]), "second": ("lora_alpha", ["4", "x"])}, 2, "lora_alpha"),
        ({"first": ("r", list(map(str, range(1, 66))))}, 1, "sweep must be 1 to 64 runs"),
        ({"repeats": 16, "race": True}, 3, "2 to 8"),
    ],
)
def test_what_is_wrong_stands_at_its_control_while_it_is_typed(several, changes, place, words):
    count, button, told = described(several, **changes)
    assert (count, button["interactive"]) == ("", False)
    assert [number for number, sentence in enumerate(told) if sentence] == [place]
    assert words in told[place]


def test_what_is_wrong_in_the_form_is_told_below(several):
    values = entered(several, 2)
    slots = [slot.field.name for slot in several._form.slots]
    values[len(several.inputs) + slots.index("num_reviews")] = 1
    count, *_, told = several.describe(*values)
    assert "num_reviews must be" in count
    assert told == ""


def test_values_that_come_at_once_are_a_chip_each(several):
    for name, chips, parted in (
        ("r", ["4, 16", "4"], ["4", "16"]),
        ("learning_rate", ["1e-4,3e-4"], ["1e-4", "3e-4"]),
        ("target_modules", ["q_lin, v_lin; k_lin"], ["q_lin, v_lin", "k_lin"]),
        ("r", None, []),
    ):
        assert several._parted("lora", name, chips)["value"] == parted, name


def test_values_that_are_right_are_left_alone(several):
    """Sent back, they would overwrite what was typed since."""
    for name, chips in (("num_reviews", ["19,000"]), ("", ["x"]), ("r", ["4", "16"])):
        assert several._parted("lora", name, chips) == gr.skip(), name


def test_what_is_offered_can_be_swept():
    fields = {field.name: field for method in METHODS for field in sweepable(method)}
    for field in fields.values():
        offered = suggested(field)
        assert offered, field.name
        for _, value in offered:
            field.check(value)


def test_values_are_written_as_people_write_them():
    rates = next(f for f in sweepable("lora") if f.name == "learning_rate")
    assert ("3e-4", "3e-4") in suggested(rates)
    methods = next(f for f in sweepable("lora") if f.name == "method")
    assert suggested(methods)[:2] == [("LoRA", "lora"), ("rsLoRA", "rslora")]


def test_another_method_offers_its_own_fields(several):
    first, second = several._offer("ia3", "r", "learning_rate")
    names = [name for _, name in first["choices"]]
    assert "feedforward_modules" in names
    assert "r" not in names
    assert (first["value"], second["value"]) == ("", "learning_rate")
    explained = several._explain("lora", "r", ["0.001"])
    assert explained["value"] == []
    assert "value" not in several._explain("lora", "r", [])  # what is typed meanwhile stays
    assert "1 and 256" in explained["info"]
    assert explained["value"] == []
    assert ("64", "64") in explained["choices"]


def test_nothing_is_queued_by_planning(several):
    with pytest.raises(InvalidFieldsError):
        several.plan(*entered(several, 99))
    assert several._services.store.groups() == []


def filled(several, asked):
    """What the controls hold after it."""
    values = several.fill(asked)
    return [value["value"] if isinstance(value, dict) else value for value in values]


def test_methods_and_sets_of_modules_are_filled_as_chips(several):
    asked = Question(
        "both",
        "",
        "quick",
        axes={"method": ["lora", "oft"], "target_modules": [["q_lin", "v_lin"], "ffn.lin1"]},
    )
    _, method, chips, modules, sets, _ = several.fill(asked)
    assert (method, modules) == ("method", "target_modules")
    assert chips["value"] == ["lora", "oft"]
    assert ("LoRA", "lora") in chips["choices"]  # as the chip is called
    assert sets["value"] == ["q_lin, v_lin", "ffn.lin1"]
    values = [control.value for control in several._form.inputs]
    planned = several.plan(*filled(several, asked), *values)
    assert planned.axes["target_modules"] == (("q_lin", "v_lin"), ("ffn.lin1",))
    assert len(planned.configs) == 4


def test_of_another_method_its_own_fields_are_filled(several):
    asked = Question("rates", "", "quick", {"method": "oft"}, {"oft_block_size": (8, 32)})
    _, name, chips, *_ = several.fill(asked)
    assert (name, chips["value"]) == ("oft_block_size", ["8", "32"])
    assert "2 and 128" in chips["info"]


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=list(QUESTIONS))
def test_a_question_fills_both_forms_with_its_runs(several, asked):
    form = several._form
    updates = dict(zip(form.inputs, form.show(asked.values), strict=True))
    shown = [updates[control].get("value", control.value) for control in form.inputs]
    planned = several.plan(*filled(several, asked), *shown)
    assert [config.flat() for config in planned.configs] == [
        config.flat() for config in asked.plan.configs
    ]
    assert len(planned.configs) > 2


def test_a_question_that_is_not_there():
    with pytest.raises(NotFoundError, match=r"question must be one of rate, rank, luck, got"):
        question("why")
