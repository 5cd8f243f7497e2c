"""Inside: a heat map that is a table, on one scale, and words."""

import re

import pytest

from peft_demo.runs.inside import Angles, Between, Change, Inside, Moved
from peft_demo.ui.pages.inside_part import InsidePart, shown, spectrum

LORA, IA3, HEAD = (f"reference-recommended-{name}" for name in ("lora", "ia3", "head-only"))


def change(block, module, norm, values=(3.0, 1.0), **more):
    name = f"distilbert.transformer.layer.{block}.{module}"
    values = {"name": name, "block": block, "singular_values": values, **more}
    return Change(module=module, norm=norm, **values)


def found(run_id=LORA, *modules, rank=8, moved=()):
    return Inside(run_id=run_id, rank=rank, modules=modules, moved=moved)


def cells(html):
    return re.findall(r'--share:(\d+)%"><b>([^<]+)</b>(?:<small>([^<]+)</small>)?', html)


def words(html):
    return re.sub(r"<[^>]+>", "", html)


def test_the_heat_map_is_a_table_on_one_scale(services):
    one = found(LORA, change(0, "q_lin", 0.02), change(0, "<v>", 0.01), change(1, "q_lin", 0.005))
    two = found(IA3, change(0, "q_lin", 0.04, (1.0,) * 10), rank=None)
    html = shown([one, two], services.runs(), [])
    assert cells(html) == [
        ("50", "2.00\u00a0%", "1"),
        ("25", "1.00\u00a0%", "1"),
        ("12", "0.50\u00a0%", "1"),
        ("100", "4.00\u00a0%", "9"),
    ]
    assert "<td>–</td>" in html  # block 1 has no v
    assert "&lt;v&gt;" in html
    assert "was given; in the median layer 1 directions hold" in html
    assert "In the median layer, 9 of 10 directions hold" in html
    assert "The weights of q_lin in block 0 changed most: by 4.00" in html


def test_what_changes_no_weight_has_norms(services):
    moved = (
        Moved(name="classifier.weight", size=4, start=1.0, end=1.5, distance=0.75),
        Moved(name="prompt", size=4, start=None, end=1.5, distance=None),
    )
    html = shown([found(HEAD, moved=moved, rank=None)], services.runs(), ["<gone>"])
    assert "Only the head was trained: inside, the network is as it was." in words(html)
    assert re.search(r"weight</th><td>1.000</td><td>1.500</td><td>0.750</td>", html)
    assert re.search(r"prompt</th><td>not known</td><td>1.500</td><td>–</td>", html)
    assert "&lt;gone&gt;" in html


def test_two_changes_to_each_other(services):
    pair = Angles(
        name="a",
        block=0,
        module="q_lin",
        dimensions=(2, 1),
        column_angles=(30.0,),
        column_overlap=0.75,
        column_chance=0.1,
        row_angles=(60.0,),
        row_overlap=0.25,
        row_chance=0.2,
    )
    html = shown([Between(run_ids=(LORA, IA3), modules=(pair,))], services.runs(), [])
    assert cells(html) == [
        ("75", "75.0\u00a0%", "10.0\u00a0%"),
        ("25", "25.0\u00a0%", "20.0\u00a0%"),
    ]
    assert "30.0° to 30.0°" in html


def test_a_spectrum_begins_at_the_top():
    assert spectrum((2.0, 1.0)) == "0,1.0 100,15.0"
    assert len(spectrum(tuple(range(1_000, 0, -1))).split()) <= 70


@pytest.mark.slow
def test_a_run_that_is_gone_is_told_beside_the_others(services):
    html = InsidePart(services).inside((HEAD, "run-000099"))
    assert "run-000099" in html
    assert "Only the head was trained" in words(html)


@pytest.mark.slow  # loads torch
def test_no_more_runs_are_looked_into_than_are_compared(services):
    from peft_demo.inference.inside import MOST_RUNS

    asked = []

    class Stub:
        def of(self, run_id):
            asked.append(run_id)
            return found(run_id)

    services.__dict__["insides"] = Stub()
    part = InsidePart(services)
    part.inside(tuple(f"run-{number:06}" for number in range(MOST_RUNS + 3)))
    assert asked == [f"run-{number:06}" for number in range(MOST_RUNS)]
    # Answers are made of what the store keeps: nothing stays here from one to the next.
    assert vars(part) == {"_services": services}
