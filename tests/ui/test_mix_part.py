"""Mix: a line and a table of the accuracies between two runs, or why there is none."""

import re

from peft_demo.errors import ConflictError
from peft_demo.runs.mix import Mix, MixPoint
from peft_demo.ui.pages.mix_part import MixPart, line

IDS = ("reference-recommended-lora", "reference-recommended-ia3")


def mixed(*accuracies):
    last = len(accuracies) - 1
    points = [
        MixPoint(at=n / last, accuracy=a, low=a - 0.1, high=a + 0.1)
        for n, a in enumerate(accuracies)
    ]
    return Mix(run_ids=IDS, num_texts=40, points=points)


def told(services, found):
    class Stub:
        def between(self, run_ids):
            if found is None:
                raise ConflictError("<gone>")
            assert run_ids == IDS
            return found

    services.__dict__["mixes"] = Stub()
    return MixPart(services).mixed(IDS)


def test_what_lies_between_is_a_line_a_table_and_a_sentence(services):
    html = told(services, mixed(0.8, 0.5, 0.6))
    assert "At t = 0.5 the accuracy is 50.0" in html
    assert "no barrier is shown" not in html
    assert "20.0 points below the straight line" in html
    assert re.findall(r"--share:(\d+)%", html) == ["60", "0", "20"]
    assert html.count("± 10.0") == 3
    assert 'points="16.7,1.0 50.0,29.0 83.3,19.7"' in html
    assert "no barrier is shown" in told(services, mixed(0.8, 0.65, 0.6))
    assert "there is no barrier" in told(services, mixed(0.8, 0.7, 0.6))


def test_a_level_line_is_one():
    assert line(mixed(0.5, 0.5)) == "25.0,29.0 75.0,29.0"


def test_why_there_is_none(services):
    assert "&lt;gone&gt;" in told(services, None)
