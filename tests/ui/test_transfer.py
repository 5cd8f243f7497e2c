"""Configurations on their way into the form and out of it."""

import json

import gradio as gr
import pytest

from peft_demo import models, runs
from peft_demo.errors import PeftDemoError
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.form.transfer import Transfer
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.services import Services


class Request:
    def __init__(self, query) -> None:
        self.query_params = query


@pytest.fixture(scope="module")
def transfer():
    with gr.Blocks():
        form = Form({"base_model": models.BUILTIN_BASE})
        return Transfer(form)


@pytest.fixture
def table(home):
    services = Services()
    yield RunsPage(services)
    services.store.close()


def config_after(transfer, updates):
    form = transfer._form
    values = [u.get("value", c.value) for u, c in zip(updates, form.inputs, strict=True)]
    return form.config(*values)


def test_a_pasted_call_fills_the_form_and_keeps_the_rest(transfer):
    notes, _, *updates = transfer.paste("LoraConfig(r=4, lora_alpha=32, target_modules=['q_lin'])")
    config = config_after(transfer, updates)
    assert config.method_values["r"] == 4
    assert config.method_values["target_modules"] == ("q_lin",)
    assert config.num_reviews == 400  # as the untouched form has it
    assert "filled" in notes


def test_what_cannot_be_honoured_is_named(transfer):
    notes, *_ = transfer.paste("LoraConfig(r=4, target_modules=['q_lin'], use_qalora=True)")
    assert "use_qalora" in notes


class TestSeveral:
    TEXT = "a = LoraConfig(r=4, target_modules=['q_lin'])\nb = LoraConfig(r=2)"

    def test_are_asked_for_and_the_form_stays(self, transfer):
        assert all(told["is_valid"] for told in transfer._validate(self.TEXT))
        notes, asked, *updates = transfer.paste(self.TEXT)
        assert "2 configurations" in notes
        assert asked["visible"]
        assert asked["choices"] == [
            "1. a, LoraConfig in line 1 (r=4, target_modules=['q_lin'])",
            "2. b, LoraConfig in line 2 (r=2)",
        ]
        assert updates == [gr.skip()] * len(updates)

    def test_the_chosen_one_fills_the_form(self, transfer):
        _, _, *updates = transfer.choose(self.TEXT, "2. b, LoraConfig in line 2 (r=2)")
        assert config_after(transfer, updates).method_values["r"] == 2

    def test_of_another_text_is_refused(self, transfer):
        notes, _, *updates = transfer.choose(self.TEXT, "2. b, LoraConfig in line 9")
        assert "choice must be one of the text&#39;s 2 configurations" in notes
        assert updates == [gr.skip()] * len(updates)

    def test_a_text_that_has_one_by_now_fills_the_form(self, transfer):
        _, _, *updates = transfer.choose("LoraConfig(r=2)", "1. whatever")
        assert config_after(transfer, updates).method_values["r"] == 2

    def test_the_next_text_hides_them(self, transfer):
        _, asked, *_ = transfer.paste("LoraConfig(r=2)")
        assert not asked["visible"]


def test_a_link_fills_the_whole_form(transfer):
    _, *updates = transfer.from_link(Request("method=vera&r=64&num_reviews=100"))
    config = config_after(transfer, updates)
    assert (config.method, config.method_values["r"], config.num_reviews) == ("vera", 64, 100)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("method=lora&r=0", ("r must be a whole number between 1 and 256",)),
        ("method=nonsense", ("method must be one of", "nonsense")),
        ("method=lora&colour=red", ("colour",)),
    ],
)
def test_a_bad_link_says_what_is_wrong_and_changes_nothing(transfer, query, words):
    notes, *updates = transfer.from_link(Request(query))
    for word in words:
        assert word in notes
    assert updates == [gr.skip()] * len(updates)


def test_a_plain_address_changes_nothing(transfer):
    notes, *updates = transfer.from_link(Request("__theme=dark"))
    assert [notes, *updates] == [gr.skip()] * (1 + len(updates))


@pytest.mark.parametrize(("kind", "name"), [("script", ".py"), ("notebook", ".ipynb")])
def test_code_of_a_link_and_of_a_run(table, kind, name):
    run = table._services.store.submit(runs.RunConfig(method="ia3"), "me")
    for source in ({"link": "method=ia3"}, {"run_id": run.run_id}):
        answer = json.loads(table.code(kind, **source))
        assert answer["file"]["name"].endswith(name)
        assert "IA3Config(" in answer["file"]["text"]


def test_code_of_a_run_computes_as_the_run_did(table):
    old = json.loads(table.code("script", run_id="reference-lora-1"))["file"]["text"]
    new = json.loads(table.code("script", link="method=lora"))["file"]["text"]
    assert table._services.store.get("reference-lora-1").forward_pass == "transformers"
    assert "dropout_mask" not in old
    assert "dropout_mask" in new


@pytest.mark.parametrize(
    "request_",
    [{"kind": "script", "run_id": "run-999999"}, {"kind": "x", "link": "method=ia3"}],
)
def test_code_of_what_is_not_there_is_a_sentence(table, request_):
    with pytest.raises(PeftDemoError, match="must be"):
        table.code(**request_)
