"""The lessons in the box: short steps, and figures that hold."""

import pytest

from peft_demo.adapters.forecast import forecast
from peft_demo.inference import Predictor
from peft_demo.lessons import LESSONS
from peft_demo.lessons.loading import TEXTS
from peft_demo.lessons.plans import found, plan_of
from peft_demo.settings import ADAPTERS
from peft_demo.storage import Store

REFERENCES = ("recommended-lora", "recommended-ia3", "recommended-head-only")

POSITIVE = {
    "The film is good.": (97, 97, 76),
    "The film is bad.": (1, 0, 3),
    "The film is not good.": (2, 3, 12),
    "The film is not bad.": (6, 3, 26),
    "It is a film about cats.": (69, 84, 69),
    "It is not a film about cats.": (18, 16, 26),
    "Not bad!": (74, 93, 90),
    "You will not be disappointed.": (59, 73, 77),
    "There is not a dull moment.": (15, 12, 46),
    "The film is great, not boring.": (6, 14, 33),
}
"""How likely the reference runs find these to be positive, in per cent, as lesson 6 tells it."""


def told(lesson_id: str) -> str:
    """A lesson's file as one line."""
    return " ".join((TEXTS / f"{lesson_id}.yaml").read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("home"), ADAPTERS)


def test_there_are_eight_in_their_order():
    assert [lesson.number for lesson in LESSONS.values()] == list(range(1, 9))
    names = ["better", "luck", "rate", "rank", "trained", "negation", "class", "phone"]
    assert list(LESSONS) == names


@pytest.mark.parametrize("lesson_id", LESSONS)
def test_steps_are_short_and_people_guess_and_think(lesson_id):
    lesson = LESSONS[lesson_id]
    assert all(len(step.text.split()) <= 80 for step in lesson.steps)
    kinds = [step.kind for step in lesson.steps]
    assert {"predict", "reveal", "question"} <= set(kinds)
    assert "@" not in told(lesson_id)
    assert "Measured" in lesson.teacher or "What usually comes out" in lesson.teacher
    assert lesson.small["num_reviews"] <= 40


def test_what_is_not_trained_in_a_lesson_is_a_reference_run(references):
    for lesson in LESSONS.values():
        started = {step.action.start for step in lesson.steps if step.action}
        mine = [
            config for name in started & {*lesson.runs} for config in plan_of(lesson, name).configs
        ]
        for name in {*lesson.runs} - started:
            plan = plan_of(lesson, name)
            had = found(plan, references.runs(), None)
            assert all(run or config in mine for run, config in zip(had, plan.configs, strict=True))


@pytest.mark.parametrize("lesson_id", ["trained", "phone"])
def test_accuracies_told_are_those_of_the_reference_runs(references, lesson_id):
    for name in REFERENCES:
        result = references.get(f"reference-{name}").result
        assert f"{result.test_accuracy:.1%}".rstrip("%") in told(lesson_id)


def test_parameters_told_are_counted():
    lora = forecast(plan_of(LESSONS["trained"], "two").configs[0], []).counts
    for number in (lora.num_adapter_parameters, lora.num_head_parameters, lora.num_base_parameters):
        assert f"{number:,}" in told("trained")
    ranks = plan_of(LESSONS["rank"], "ranks").configs
    assert len(ranks) == 3
    for config in ranks:
        counts = forecast(config, []).counts
        assert f"{counts.num_adapter_parameters:,}" in told("rank")
    (tiny,) = plan_of(LESSONS["phone"], "tiny").configs
    assert f"{forecast(tiny, []).counts.num_adapter_parameters:,}" in told("phone")


@pytest.mark.slow
def test_what_the_reference_runs_say_to_not(references):
    predictor = Predictor(references)
    ids = [f"reference-{name}" for name in REFERENCES]
    for text, expected in POSITIVE.items():
        said = [round(100 * one.probabilities["positive"]) for one in predictor.predict(text, ids)]
        # Other processors round otherwise.
        assert said == pytest.approx(expected, abs=2)
        assert text in told("negation")
        assert "{}, {} and {} %".format(*expected) in told("negation")
