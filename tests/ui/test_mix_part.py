"""Mix: a line and a table of the accuracies between two runs, and the form of a mix as a run."""

import json
import re
from types import SimpleNamespace

import pytest
from asking import ask

from peft_demo.errors import ConflictError
from peft_demo.runs.mix import Mix, MixPoint
from peft_demo.ui.pages.mix_part import MixPart, form, line

IDS = ["reference-recommended-lora", "reference-recommended-ia3"]
LORAS = ["reference-lora-1", "reference-lora-2", "reference-lora-3"]


def mixed(*accuracies):
    last = len(accuracies) - 1
    points = [
        MixPoint(at=n / last, accuracy=a, low=a - 0.1, high=a + 0.1)
        for n, a in enumerate(accuracies)
    ]
    return Mix(run_ids=IDS, num_texts=40, points=points)


def told(services, found, ids=IDS):
    """What comes of a press, in the order of its coming: pairs of form and line."""

    class Stub:
        def between(self, run_ids, tell):
            if found is None:
                raise ConflictError("<gone>")
            assert run_ids == IDS
            tell(3, 9)
            return found

    services.__dict__["mixes"] = Stub()
    return [*MixPart(services).asked(SimpleNamespace(_data={"run_ids": ids}))]


def test_what_lies_between_is_a_line_a_table_and_a_sentence(services):
    (_, begun), (_, going), (_, html) = told(services, mixed(0.8, 0.5, 0.6))
    assert 'data-tell="left"' in begun
    assert "3 of 9 mixes" in going
    assert "At t = 0.5 the accuracy is 50.0" in html
    assert "no barrier is shown" not in html
    assert "20.0 points below the straight line" in html
    assert re.findall(r"--share:(\d+)%", html) == ["60", "0", "20"]
    assert html.count("± 10.0") == 3
    assert 'points="16.7,1.0 50.0,29.0 83.3,19.7"' in html
    assert "no barrier is shown" in told(services, mixed(0.8, 0.65, 0.6))[-1][1]
    assert "there is no barrier" in told(services, mixed(0.8, 0.7, 0.6))[-1][1]


def test_a_level_line_is_one():
    assert line(mixed(0.5, 0.5)) == "25.0,29.0 75.0,29.0"


def test_why_there_is_none(services):
    assert "&lt;gone&gt;" in told(services, None)[-1][1]
    ((html, _),) = told(services, None, IDS[:1])
    assert "Choose two runs or more" in html
    ((html, _),) = told(services, None, "all")
    assert "Choose two runs or more" in html


def test_the_form_offers_what_peft_can_or_says_why_not(services):
    runs = services.runs()
    html = form([runs[run_id] for run_id in LORAS])
    assert len(re.findall('<input name="weights" .*value="0.33"', html)) == 3
    assert 'option value="ties_svd"' in html
    assert "runs of one method, got LoRA and" in form([runs[run_id] for run_id in IDS])
    # Of three there is no line.
    ((both, nothing),) = told(services, None, LORAS)
    assert ('data-ask="save_mix"' in both, nothing) == (True, "")


def test_a_mix_is_queued_and_what_is_wrong_is_said_at_the_form(services, monkeypatch):
    asked = []

    def save_mix(*arguments):
        asked.append(arguments)
        return services.store.get(LORAS[0])

    monkeypatch.setattr(services, "save_mix", save_mix)
    request = {
        "run_ids": LORAS[:2],
        "weights": ["0.5", "x"],
        "combination": "ties",
        "density": "0.2",
        "name": "Both",
    }
    answer = json.loads(ask(MixPart(services), "save_mix", request))
    assert "is reference-lora-1 now" in answer["html"]
    assert asked == [((*LORAS[:2],), ["0.5", "x"], "ties", "0.2", "Both")]


@pytest.mark.slow
def test_what_is_wrong_is_said_of_every_field_before_anything_is_computed(services):
    request = {"run_ids": LORAS[:2], "weights": ["0.5", "x"], "combination": "best"}
    error = json.loads(ask(MixPart(services), "save_mix", request))["error"]
    assert "combination must be one of" in error
    assert 'weights must be a number between 0 and 2, got "x"' in error
    gone = json.loads(ask(MixPart(services), "save_mix", {**request, "run_ids": ["run-999999"]}))
    assert 'got "run-999999"' in gone["error"]
