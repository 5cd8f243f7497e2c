"""The commands about lessons."""

import json

from peft_demo.lessons import LESSONS


def test_lessons_are_listed(command):
    listed = json.loads(command("lessons", "--json").out)
    assert [row["id"] for row in listed] == list(LESSONS)
    assert listed[0]["link"] == f"?lesson={listed[0]['id']}"
    assert LESSONS[listed[0]["id"]].goal in command("lessons").out


def test_a_worksheet_is_printed(command):
    done = command("worksheet", "rank")
    assert done.status == 0, done.err
    assert done.out.lstrip().startswith("<!doctype html>")
    assert "For the teacher" in done.out


def test_a_plan_that_a_lesson_has_not_is_refused(command):
    done = command("train-lesson", "rank", "luck")
    assert done.status == 2
    assert 'plan must be one of ranks, scaled, got "luck".' in done.err
