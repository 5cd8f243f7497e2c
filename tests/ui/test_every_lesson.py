"""Every lesson is played to its end by the server's own functions, on runs that look trained."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import gradio as gr
import pytest
from compared_runs import finish, probabilities

from peft_demo.lessons import LESSONS
from peft_demo.lessons.plans import plan_of
from peft_demo.ui.form.sidebar import Sidebar
from peft_demo.ui.learn import controls
from peft_demo.ui.learn.controls import Controls
from peft_demo.ui.learn.player import Place, Player

BEGAN = datetime.now(UTC) - timedelta(hours=1)


class Learner:
    """Does what each step says, and looks whether it is done by that."""

    def __init__(self, services, lesson):
        self.store, self.player = services.store, Player(services)
        self.place = Place(lesson, 0, "somebody", BEGAN)

    def play(self):
        for number, step in enumerate(self.place.lesson.steps):
            self.place = replace(self.place, number=number)
            getattr(self, f"do_{step.kind}")(step)
            html, shown = self.player.draw(self.place)
            assert shown.is_done, (number, step.title, html)
            assert f"step {number + 1} of {len(self.place.lesson.steps)}" in html
            assert 'class="pd-problem"' not in html

    def choose(self, number):
        choices = {**self.place.choices, str(self.place.number): number}
        self.place = replace(self.place, choices=choices)

    def is_open(self):
        assert not self.player.draw(self.place)[1].is_done

    def do_read(self, _):
        pass

    do_check = do_class_board = do_read

    def do_reveal(self, step):
        plan, runs = self.player.runs(self.place, step.reveal.plan)
        assert len(runs) == len(plan.configs)

    def do_open(self, step):
        self.is_open()
        self.place = replace(self.place, tab=step.action.open)

    def do_start(self, step):
        self.is_open()
        for number, config in enumerate(plan_of(self.place.lesson, step.plan, "somebody").configs):
            run = self.store.start(config, "somebody")
            finish(self.store, run, probabilities(range(10 + 15 * number)))

    def do_predict(self, step):
        self.is_open()
        self.choose(0)

    def do_question(self, step):
        self.is_open()
        for number, choice in enumerate(step.question.choices):
            self.choose(number)
            html, shown = self.player.draw(self.place)
            assert shown.is_done == choice.right
            assert f'data-right="{str(choice.right).lower()}"' in html
        self.choose(next(n for n, choice in enumerate(step.question.choices) if choice.right))


@pytest.mark.slow
@pytest.mark.parametrize("lesson_id", LESSONS)
def test_is_played_to_its_end(services, monkeypatch, lesson_id):
    monkeypatch.setenv("PEFT_DEMO_LESSONS", "small")
    Learner(services, LESSONS[lesson_id]).play()


@pytest.mark.slow
def test_what_a_plan_fills_into_the_forms_asks_for_its_runs(services, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_LESSONS", "small")
    with gr.Blocks():
        sidebar = Sidebar(services)
    known, several = Controls(sidebar, {}), sidebar.several
    asked_for = 0
    for lesson in LESSONS.values():
        for name in (name for name, planned in lesson.runs.items() if not planned.each):
            updates = known.arrange(*filled(lesson, name))
            # Of the outputs the first is the part of the form that opens for several runs.
            entered = list(map(entered_in, known.outputs[1:], updates[1:]))
            sweep = entered[: len(several.inputs)]
            fields = entered[-len(sidebar.form.inputs) :]
            wanted = plan_of(lesson, name, "somebody")
            if len(wanted.configs) == 1:
                assert [sidebar.form.config(*fields)] == [*wanted.configs]
            else:
                planned = several.plan(*sweep, *fields)
                assert (planned.configs, planned.is_race) == (wanted.configs, wanted.is_race)
            asked_for += 1
    assert asked_for >= 5


def filled(lesson, name):
    values, asked = controls.asked(lesson, name, "somebody")
    return values, [], asked


def entered_in(control, update):
    """What a control has after an update."""
    if isinstance(update, dict) and "__type__" in update:
        return update.get("value", control.value)
    return update
