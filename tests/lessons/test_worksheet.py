"""Worksheets: all that students need, and after it, on pages of its own, what teachers need."""

import re

import pytest

from peft_demo.errors import NotFoundError
from peft_demo.lessons import LESSONS
from peft_demo.lessons.worksheet import worksheet


@pytest.mark.parametrize("lesson_id", LESSONS)
def test_each_lesson_has_one_that_needs_nothing_else(lesson_id):
    lesson, page = LESSONS[lesson_id], worksheet(lesson_id)
    assert f"<title>{lesson.title}: worksheet</title>".replace('"', "&#34;") in page
    assert f"about {lesson.minutes} minutes" in page
    assert not re.search(r"https?://(?!www\.w3\.org/1998/Math)|src=|<link", page)
    assert not re.search(r"\$|\\[a-z]", page), "a formula was left as it was written"
    students, teachers = page.split('<section class="teacher">')
    assert students.count("<section>") == len(lesson.steps) + 1
    questions = [step.question for step in lesson.steps if step.question]
    assert students.count("☐") == students.count("☐ Started") + 1
    assert students.count("<li>") >= sum(len(question.choices) for question in questions)
    assert 'class="right"' not in students
    assert teachers.count('class="right"') >= len(questions)
    assert "What is trained" in teachers


def test_one_of_no_lesson_is_told():
    with pytest.raises(NotFoundError, match="lesson must be one of better, luck"):
        worksheet("none")
