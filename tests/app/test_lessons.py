"""Lessons are played to their ends: the real buttons, on real trainings of their small values.

A lesson for each way to queue its runs: the form's sweep, a single run, and the panel's own button.
The steps of all lessons are played in tests/ui/test_every_lesson.
"""

import pytest
from test_accessibility import findings, findings_in_all_looks

from peft_demo.lessons import LESSONS
from peft_demo.lessons.plans import form_values, plan_of
from peft_demo.lessons.tour import tour
from peft_demo.runs import RunConfig, links

pytestmark = pytest.mark.browser

TRAINED = 120_000
"""Milliseconds that the small runs of one step may take on a busy machine."""

FIRST = next(iter(LESSONS))

LINK = "document.querySelector('.pd-brief[data-link]')?.dataset.link"


class Learner:
    """Does what each step says, with the page's own controls."""

    def __init__(self, page, lesson_id):
        self.page, self.lesson = page, LESSONS[lesson_id]
        self.panel = page.locator(".pd-lesson")

    def play(self):
        for number, step in enumerate(self.lesson.steps, start=1):
            words = f"step {number} of {len(self.lesson.steps)}"
            self.panel.get_by_text(words, exact=True).wait_for()
            getattr(self, f"do_{step.kind}")(step)
            last = number == len(self.lesson.steps)
            ready = f"[data-lesson={'finish' if last else 'next'}].pd-primary:enabled"
            self.panel.locator(ready).click(timeout=TRAINED)
        self.panel.wait_for(state="hidden")

    def do_read(self, _):
        assert self.panel.locator(".pd-prose").first.inner_text()

    do_reveal = do_check = do_class_board = do_read

    def do_open(self, step):
        self.page.get_by_role("tab", name=step.action.open.capitalize(), exact=True).click()

    def do_set(self, step):
        for name, value in step.action.set.items():
            self.enter(name, value)

    def enter(self, name, value):
        ids = (f'[id="{name}"]', f'[id$="-{name}"]')
        block = self.page.locator(", ".join(f"#sidebar {each}:visible" for each in ids)).first
        number = block.locator("input[type=number]")
        box = number if number.count() else block.locator("input, textarea").first
        if box.get_attribute("type") == "checkbox":
            return box.set_checked(value)
        box.click()
        box.fill(str(value))
        if box.get_attribute("role") == "listbox":
            return self.page.get_by_role("option").first.click()
        return box.press("Tab")

    def do_start(self, step):
        planned = self.lesson.runs[step.plan]
        if planned.each:
            return self.panel.locator("[data-ask=queue_plan]").click()
        self.panel.locator("[data-lesson=fill]").click()
        wanted = links.to_link(RunConfig(form_values(self.lesson, planned)))
        if "own" not in planned.values.values():
            self.page.wait_for_function(f"wanted => {LINK} === wanted", arg=wanted)
        self.page.wait_for_timeout(800)
        if not planned.axes and planned.repeats == 1:
            return self.page.click("#start")
        count = len(plan_of(self.lesson, step.plan).configs)
        # It says so once the server has heard of all that was entered.
        return self.page.locator("#queue-all", has_text=f"Queue {count} runs").click()

    def do_predict(self, _):
        self.panel.locator("[data-choice='0']").click()

    def do_question(self, step):
        for number, choice in enumerate(step.question.choices):
            self.panel.locator(f"[data-choice='{number}']").click()
            is_right = str(choice.right).lower()
            self.panel.locator(f"[data-right={is_right}]").wait_for()
            if choice.right:
                return


@pytest.mark.parametrize("lesson_id", ["class", "rank", "trained"])
def test_play(app, visit, lesson_id, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_LESSONS", "small")
    opened = visit()
    page = opened.open(f"{app.url}/?lesson={lesson_id}")
    Learner(page, lesson_id).play()
    page.locator(f"[data-progress={lesson_id}]").filter(has_text="finished").wait_for()
    assert "lesson=" not in page.url
    assert opened.errors == []


class TestPanel:
    """What a teacher's link and a person do with it, without a training."""

    def test_a_link_hides_and_fixes_until_the_lesson_is_left(self, app, visit):
        opened = visit()
        link = f"{app.url}/?lesson={FIRST}&hide=compare,lora_alpha&fix=r&method=lora&r=5"
        page = opened.open(link)
        page.locator(".pd-lesson h2").wait_for()
        rank = page.locator("#lora-r input[type=number]")
        page.wait_for_function("document.querySelector('#lora-r input[type=number]').disabled")
        assert rank.input_value() == "5"
        assert page.locator("#lora-lora_alpha").is_hidden()
        assert page.get_by_role("tab", name="Compare").is_hidden()
        assert findings(page) == {}
        beside = page.locator(".pd-lesson").bounding_box()["x"]
        for part in ("#start", ".pd-board .pd-charts"):
            box = page.locator(part).bounding_box()
            assert box["x"] + box["width"] <= beside, f"the lesson covers {part}"
        # The place in it stays when the page is loaded again without the link.
        page.locator(".pd-lesson [data-lesson=next]").first.click()
        page.get_by_text(f"step 2 of {len(LESSONS[FIRST].steps)}", exact=True).wait_for()
        page.goto(app.url)
        page.get_by_text(f"step 2 of {len(LESSONS[FIRST].steps)}", exact=True).wait_for()
        assert page.locator("#lora-lora_alpha").is_hidden()
        page.locator(".pd-lesson-more summary").click()
        page.locator("[data-lesson=leave]").click()
        page.locator(".pd-lesson").wait_for(state="hidden")
        page.wait_for_function("!document.querySelector('#lora-r input[type=number]').disabled")
        assert page.locator("#lora-lora_alpha").is_visible()
        assert page.get_by_role("tab", name="Compare").is_visible()
        assert opened.errors == []

    def test_the_learn_page_makes_links_and_explains_words(self, page):
        page.get_by_role("tab", name="Learn", exact=True).click()
        page.locator(".pd-maker select").select_option(FIRST)
        page.get_by_label("Review", exact=True).uncheck()
        made = page.get_by_label("The link")
        page.wait_for_function("document.querySelector('.pd-made').value.includes('hide=review')")
        assert made.input_value().endswith(f"/?lesson={FIRST}&hide=review")
        assert findings(page) == {}
        page.locator(f"[data-start-lesson={FIRST}]").click()
        page.locator(".pd-lesson .pd-term").first.click()
        page.locator(".pd-term-box:popover-open").wait_for()

    def test_the_tour_reaches_its_end_and_can_be_resumed(self, page):
        page.locator(".pd-strip [data-tour]").click()
        popover = page.locator(".driver-popover")
        for number, stop in enumerate(tour()):
            popover.get_by_text(stop.title, exact=True).wait_for()
            target = page.locator(stop.at).and_(page.locator(".driver-active-element"))
            target.wait_for()
            if number == 2:
                assert findings_in_all_looks(page, ".driver-popover") == {}
                page.keyboard.press("Escape")
                popover.wait_for(state="hidden")
                page.locator(".pd-strip [data-tour]").click()
                popover.get_by_text(stop.title, exact=True).wait_for()
            if stop.waits:
                target.click()
            else:
                popover.locator(".driver-popover-next-btn").click()
        popover.wait_for(state="hidden")
