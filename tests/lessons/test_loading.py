"""Lessons' files: those in the box are right, and wrong ones are told by file, step and key."""

import copy
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_lesson import GOOD

from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.lessons import LESSONS, PROBLEMS, lesson
from peft_demo.lessons.loading import TEXTS, load, read
from peft_demo.lessons.plans import plan_of, start_values


def written(folder, content, name="ranks"):
    path = folder / f"{name}.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def changed(*place, **to):
    """The good lesson with some keys of one of its parts changed; None takes a key away."""
    content = copy.deepcopy(GOOD)
    part = content
    for key in place:
        part = part[key]
    for key, value in to.items():
        part.pop(key, None)
        if value is not None:
            part[key] = value
    return content


@pytest.mark.parametrize("size", ["full", "small"])
@pytest.mark.parametrize("lesson_id", LESSONS)
def test_every_lesson_in_the_box_has_runs_that_can_be_built(lesson_id, size, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_LESSONS", size)
    known = LESSONS[lesson_id]
    assert start_values(known)["method"]
    for name in known.runs:
        for config in plan_of(known, name, "somebody").configs:
            config.require_valid()


def test_nothing_is_wrong_with_those_in_the_box():
    assert PROBLEMS == ()
    assert len(LESSONS) == len([*TEXTS.glob("*.yaml")]) - len(
        [path for path in TEXTS.glob("*.yaml") if path.stem in ("glossary", "tour")]
    )
    numbers = [each.number for each in LESSONS.values()]
    assert numbers == sorted(set(numbers)), "each lesson has a place of its own"


def test_a_step_is_what_it_asks_for(tmp_path):
    kinds = [step.kind for step in read(written(tmp_path, GOOD)).steps]
    assert kinds == [
        *("read", "set", "open", "predict", "start", "question"),
        *("reveal", "check", "class_board"),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("- a list", "ranks.yaml must map keys"),
        ("a: [", "ranks.yaml cannot be read"),
        (changed(goal=None), "ranks.yaml: goal is wrong: it is missing."),
        (changed(gaol="a"), "ranks.yaml: gaol is wrong: there is no such key."),
        (changed(minutes=0), "ranks.yaml: minutes is wrong: input should be greater .*, got 0."),
        (changed("steps", 0, text=""), "ranks.yaml: step 1, text is wrong"),
        (
            changed("steps", 3, "predict", "choices", 1, text=None),
            "step 4, predict.choices.2.text is wrong: it is missing.",
        ),
        (
            changed("steps", 1, **{"class": "ranks"}),
            "step 2 is wrong: a step has at most one thing to do, got action and class_board",
        ),
        (changed("steps", 1, "action", open="runs"), "step 2, action is wrong: there must be one"),
        (changed("steps", 1, "action", set={"r": 0}), "step 2, action.set is wrong: r must be"),
        (changed("steps", 4, "action", start="rank"), 'step 5 is wrong: "rank" is none of'),
        (changed("steps", 2, "action", open="nowhere"), "step 3, action.open is wrong"),
        (changed("runs", "ranks", axes={"r": [4]}), "runs.ranks is wrong: r must have at least 2"),
        (changed("runs", "ranks", each=[{}]), "runs.ranks is wrong: each cannot stand beside"),
        (changed("runs", "ranks", preset="lora-9"), "runs.ranks is wrong: preset must be one of"),
        (changed("controls", "preset", r=10_000), "controls.preset is wrong: r must be"),
        (changed("controls", fixed=["rank"]), 'controls.fixed is wrong: .* got "rank"'),
        (changed("controls", hidden=["tabs"]), 'controls.hidden is wrong: .* got "tabs"'),
        (
            changed("steps", 5, "question", "choices", 0, right=False),
            "step 6, question is wrong: one of the choices must have right: true",
        ),
        (changed("steps", 6, reveal=None), "step 4 is wrong: no reveal follows"),
        (
            changed("steps", 6, "reveal", about="spread"),
            "step 4 is wrong: .* cannot be judged by the reveal of step 7, only between",
        ),
    ],
)
def test_a_wrong_file_is_told_by_step_and_key(tmp_path, content, sentence):
    with pytest.raises(InvalidFieldsError, match=sentence):
        read(written(tmp_path, content))


def test_a_wrong_file_leaves_the_others_alone(tmp_path):
    written(tmp_path, changed(number=2), "second")
    written(tmp_path, GOOD, "first")
    written(tmp_path, "nothing", "wrong")
    lessons, problems = load(tmp_path)
    assert list(lessons) == ["first", "second"]
    assert problems == ("wrong.yaml must map keys such as title and steps to values.",)


@settings(max_examples=30)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*GOOD, *GOOD["steps"][0], "each", "open"]), inner)
        ),
        max_leaves=8,
    ),
    st.sampled_from([*GOOD]),
)
def test_any_value_is_taken_or_told(tmp_path_factory, value, key):
    folder = tmp_path_factory.getbasetemp()
    written(folder, {**GOOD, key: value}, "drawn")
    _, problems = load(folder)
    assert all(
        re.match(r"drawn\.yaml: .+ is wrong: .+\.$", problem, re.DOTALL) for problem in problems
    )


def test_an_unknown_lesson_is_told_with_those_there_are():
    with pytest.raises(NotFoundError, match=f"lesson must be one of {next(iter(LESSONS))}"):
        lesson("lunch")
