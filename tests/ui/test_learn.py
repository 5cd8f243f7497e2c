"""The Learn page: what a step shows, how the form is arranged, and teachers' links."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import gradio as gr
import pytest
from asking import ask
from compared_runs import finish, probabilities
from made_up_lesson import GOOD

from peft_demo import lessons
from peft_demo.adapters.forecast import forecast
from peft_demo.errors import InvalidFieldsError, NotFoundError
from peft_demo.lessons import LESSONS, Lesson
from peft_demo.lessons.glossary import Term, glossary, mark
from peft_demo.lessons.loading import PLACES, known_fields
from peft_demo.lessons.plans import plan_of
from peft_demo.lessons.tour import tour
from peft_demo.runs import RunConfig, links
from peft_demo.statistics import Interval
from peft_demo.ui.form.sidebar import Sidebar
from peft_demo.ui.learn import controls
from peft_demo.ui.learn.controls import Controls
from peft_demo.ui.learn.figures import dot_plot
from peft_demo.ui.learn.player import Place, Player
from peft_demo.ui.learn.prose import glossed, prose
from peft_demo.ui.page import PAGES
from peft_demo.ui.pages import learn
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.learn import LearnPage
from peft_demo.ui.pages.method import MethodPage
from peft_demo.ui.pages.method import page as method_page
from peft_demo.ui.pages.page import Frame
from peft_demo.ui.pages.runs import RunsPage

LESSON = Lesson.model_validate(GOOD)
NUMBERS = {step.kind: number for number, step in enumerate(LESSON.steps)}
BEGAN = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def play(services):
    def shown(kind, **more):
        place = Place(LESSON, NUMBERS[kind], "somebody", BEGAN, **more)
        return Player(services).draw(place)

    return shown


class TestSteps:
    def test_reading(self, play):
        html, shown = play("read")
        assert shown.is_done
        assert "<math" in html
        assert "step 1 of 9" in html

    def test_the_form_has_to_say_it(self, play):
        html, shown = play("set", form=links.to_link(RunConfig(r=8)))
        assert not shown.is_done
        assert "<b>r</b> 64" in html
        assert play("set", form=links.to_link(RunConfig(r=64)))[1].is_done
        assert not play("set", form="r=many")[1].is_done

    def test_a_tab_has_to_be_open(self, play):
        assert not play("open", tab="train")[1].is_done
        assert play("open", tab="compare")[1].is_done

    def test_a_prediction_is_kept(self, play):
        html, shown = play("predict")
        assert not shown.is_done
        html, shown = play("predict", choices={"3": 1})
        assert shown.is_done
        assert 'data-choice="1" aria-pressed="true"' in html

    def test_a_wrong_answer_gets_its_reason(self, play):
        html, shown = play("question", choices={"5": 1})
        assert not shown.is_done
        assert "<p>No.</p>" in html
        html, shown = play("question", choices={"5": 0})
        assert shown.is_done
        assert 'data-right="true"' in html

    def test_the_runs_have_to_be_those_of_the_plan(self, play, services):
        html, shown = play("start")
        assert not shown.is_done
        assert "2 runs" in html
        services.store.start(
            RunConfig({**plan_of(LESSON, "ranks").configs[0].flat(), "r": 5}), "somebody"
        )
        assert "r 5 instead of 4" in play("start")[0]
        for config in plan_of(LESSON, "ranks").configs:
            services.store.start(config, "another")
        assert not play("start")[1].is_done
        for config in plan_of(LESSON, "ranks").configs:
            services.store.start(config, "somebody")
        assert play("start")[1].is_done


class TestReveal:
    @pytest.fixture
    def runs(self, services):
        """The plan's two runs, of this person, the first far better; and another's."""
        plan = plan_of(LESSON, "ranks")
        for owner in ("somebody", "another"):
            for config, wrong in zip(plan.configs, (20, 80), strict=True):
                run = services.store.start(config, owner)
                finish(services.store, run, probabilities(range(wrong)))
        return plan

    def test_waits_for_the_runs(self, play):
        html, shown = play("reveal")
        assert not shown.is_done
        assert "0 of 2 runs are finished" in html

    @pytest.mark.parametrize("choice", [0, 1])
    @pytest.mark.slow
    def test_puts_the_guess_beside_the_verdict(self, play, runs, choice):
        html, shown = play("reveal", choices={"3": choice})
        assert shown.is_done
        assert f"<b>{GOOD['steps'][3]['predict']['choices'][choice]['text']}</b>" in html
        assert "It does not hold." in html
        told = re.sub(r"<[^>]+>", "", html)
        assert "r 4 is better than r 64 by 30.0 points (95\u00a0% interval 24.1 to 36.7" in told
        assert 'popovertarget="pd-term-confidence-interval">interval</button>' in html
        assert "85.1\u00a0% to 93.4\u00a0%" in html

    def test_runs_that_are_there_can_be_taken(self, services, runs):
        place = Place(LESSON, NUMBERS["start"], "somebody", datetime.now(UTC))
        html, shown = Player(services).draw(place)
        assert not shown.is_done
        assert 'data-lesson="take" data-plan="ranks"' in html
        assert Player(services).draw(replace(place, taken=("ranks",)))[1].is_done

    def test_a_guess_is_judged_once(self, services, runs):
        more = LESSON.model_copy(update={"steps": [*LESSON.steps, LESSON.steps[NUMBERS["reveal"]]]})
        place = Place(more, len(LESSON.steps), "somebody", BEGAN, choices={"3": 0})
        assert "Your guess" not in Player(services).draw(place)[0]

    def test_check_and_class(self, play, runs):
        assert play("check")[1].is_done
        html, shown = play("class_board")
        assert shown.waits
        assert "4 runs of 2 people" in html
        assert html.count("data-own") == 2
        assert "95 % interval" in html


class TestDots:
    def test_equal_values_are_stacked_and_others_are_beside_each_other(self):
        values = {"a": 0.5, "b": 0.5, "c": 0.6}
        plot = dot_plot(values, Interval(value=0.53, low=0.4, high=0.66))
        a, b, c = plot["dots"]
        assert a["left"] == b["left"] < c["left"]
        assert a["bottom"] == c["bottom"] < b["bottom"]
        assert plot["mean"]["left"] < a["left"] < c["left"] < 100

    def test_many_fit_and_one_has_no_interval(self):
        plot = dot_plot({str(n): 0.5 for n in range(60)}, None)
        assert max(dot["bottom"] for dot in plot["dots"]) < 100
        assert plot["mean"] is None


@pytest.fixture
def arranged(services):
    with gr.Blocks():
        sidebar = Sidebar(services)
    return Controls(sidebar, {"compare": "compare-tab"}), sidebar


class TestControls:
    def test_start_fills_and_fixes(self, arranged):
        known, sidebar = arranged
        values = controls.begun(LESSON, "r=16", "somebody")
        updates = known.arrange(values, ["r"])
        fields = dict(zip(sidebar.form.slots, updates[-len(sidebar.form.inputs) :], strict=True))
        rank = next(
            u for slot, u in fields.items() if slot.field.name == "r" and "lora" in slot.methods
        )
        rate = next(u for slot, u in fields.items() if slot.field.name == "learning_rate")
        assert (rank["value"], rank["interactive"], rate["interactive"]) == (16, False, True)
        assert len(updates) == len(known.outputs)

    def test_leaving_gives_everything_back(self, arranged):
        known, sidebar = arranged
        assert all(
            update["interactive"] for update in known.arrange(None, [])[-len(sidebar.form.inputs) :]
        )

    def test_a_plan_fills_both_forms(self, arranged):
        known, _ = arranged
        updates = known.arrange(*_filled("ranks"))
        assert '["4", "64"]' in json.dumps(updates, default=str)

    def test_every_part_of_the_form_can_be_hidden(self, arranged):
        known, sidebar = arranged
        hidden = re.findall(r"#([\w-]+)", known.style([*known_fields(), *PLACES]))
        parts = {each.elem_id for each in sidebar.place.children} - {None}
        told = {"import-notes", "preset-changed", "method-switched"}
        assert parts - {*hidden} == {"start-bar", "rows"} | told
        assert "#search" in known.style(["several"])

    def test_hidden_and_wanted(self, arranged):
        known, _ = arranged
        style = known.style(["r", "compare", "several"], ["queue-all"])
        assert "#lora-r" in style
        assert 'button[data-tab-id="compare-tab"]' in style
        assert re.search(r"#several.* \{ display: none", style)
        assert re.search(r"#queue-all \{ outline", style)


def _filled(name):
    values, asked = controls.asked(LESSON, name, "somebody")
    return values, [], asked


class TestLink:
    def test_can_be_read_again(self):
        lesson = next(iter(LESSONS))
        query = controls.link(lesson, ["compare", "r"], ["learning_rate"], "method=lora&r=4")
        assert query.startswith(f"lesson={lesson}&hide=compare,r&fix=learning_rate&")
        assert links.from_link(query).values["r"] == 4

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [(("", ["tabs"], [], ""), "hide must name"), (("", [], ["several"], ""), "fix must name")],
    )
    def test_says_what_is_wrong(self, values, sentence):
        with pytest.raises(InvalidFieldsError, match=sentence):
            controls.link(*values)

    def test_an_unknown_lesson(self):
        with pytest.raises(NotFoundError, match="lesson must be one of"):
            controls.link("none", [], [], "")


class TestWords:
    def test_what_looks_like_html_stays_text(self):
        assert "&lt;script&gt;" in prose("<script>alert(1)</script>")

    def test_a_term_is_linked_where_it_first_stands_and_nowhere_else(self):
        html = prose("A `rank` is the *rank* of $r$; a rank.")
        assert html.count("popovertarget") == 1
        assert '<em><button type="button" class="pd-term" popovertarget="pd-term-rank">rank' in html

    def test_a_page_links_a_term_once_in_all_its_pieces_and_never_in_what_is_pressed(self):
        button = "<button>epochs</button><label>batch</label><blockquote>loss</blockquote>"
        first, second = glossed("<p>A rank.</p>", f"{button}<p>A rank, an epoch.</p>")
        assert re.findall(r'popovertarget="pd-term-(.+?)"', first) == ["rank"]
        assert second.startswith(button)
        assert re.findall(r'popovertarget="pd-term-(.+?)"', second) == ["epoch"]

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.label)
    @pytest.mark.slow
    def test_every_page_links_terms_once(self, services, page):
        with gr.Blocks() as blocks:
            page(services).draw(Frame(blocks, gr.HTML(), None, gr.Tabs()))
        if page is MethodPage:
            config = RunConfig()
            pieces = glossed(method_page(config, forecast(config, ()), "", ""))
        elif page is ComparePage:
            ids = ["reference-lora-1", "reference-lora-2"]
            made = json.loads(ask(page(services), "compare", {"run_ids": ids}))
            pieces = [made["layout"], *made["parts"].values()]
        elif page is RunsPage:
            pieces = [json.loads(ask(page(services), "table", {}))["html"]]
        else:
            pieces = [block.value for block in blocks.blocks.values() if isinstance(block, gr.HTML)]
        linked = re.findall(r'popovertarget="pd-term-(.+?)"', "".join(map(str, pieces)))
        assert linked
        assert len(linked) == len(set(linked))

    def test_the_longest_spelling_wins(self):
        terms = [Term(term="test", text="a"), Term(term="test set", text="b")]
        found = mark(
            "<p>the Test set and tests</p>", lambda term, text: f"[{term.id}:{text}]", terms
        )
        assert found == "<p>the [test-set:Test set] and [test:tests]</p>"

    def test_no_line_ends_between_a_term_and_its_brackets(self):
        terms = [Term(term="adapter", text="a"), Term(term="head", text="b")]
        link = lambda term, said: f"[{said}]"  # noqa: E731
        assert mark("<p>see (adapter, or) head</p>", link, terms) == (
            '<p>see <span class="pd-together">([adapter],</span> or) [head]</p>'
        )

    def test_of_two_side_by_side_one_is_linked(self):
        terms = [Term(term="adapter", text="a"), Term(term="head", text="b")]
        link = lambda term, said: f"[{said}]"  # noqa: E731
        # Where a line ended between them, they would be too near for a finger.
        assert mark("<p>adapter head and head</p>", link, terms) == (
            "<p>[adapter] head and [head]</p>"
        )

    def test_every_term_is_its_own(self):
        spellings = [word.lower() for term in glossary() for word in (term.term, *term.also)]
        assert len(spellings) == len(set(spellings))


def test_the_page_lists_what_there_is(services, monkeypatch):
    monkeypatch.setattr(lessons, "PROBLEMS", ("rank.yaml: goal is wrong: it is missing.",))
    with gr.Blocks() as blocks:
        LearnPage(services).draw(Frame(blocks, gr.HTML(), None, None))
    (html,) = (block.value for block in blocks.blocks.values() if block.elem_id == "learn")
    for name, lesson in LESSONS.items():
        assert f'data-start-lesson="{name}"' in html
        assert lesson.goal.split()[0] in html
    assert "rank.yaml: goal is wrong" in html
    assert html.count("<dt>") == len(glossary())


def test_the_tour_has_stops():
    assert len(tour()) > 5


def test_a_teachers_link_leaves_out_what_is_ticked(services):
    page = LearnPage(services)
    shown = [*learn._tabs(), *learn._PARTS, *(field.name for field in learn._fields())]
    change = [field.name for field in learn._fields()]
    ticked = {"lesson": "rank", "show": shown, "change": change, "here": "http://x/"}
    assert 'value="http://x/?lesson=rank"' in ask(page, "lesson_link", ticked)
    ticked |= {"show": [name for name in shown if name != "review"], "form": "method=ia3"}
    made = ask(page, "lesson_link", {**ticked, "values": "on"})
    assert "?lesson=rank&amp;hide=review&amp;method=ia3" in made
    assert 'data-copy="lesson=rank&amp;hide=review&amp;method=ia3' in made
    refused = ask(page, "lesson_link", {**ticked, "lesson": "<none>"})
    assert "&lt;none&gt;" in refused
    assert 'value=""' in refused
