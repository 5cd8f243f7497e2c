"""Why: words on one scale, what the run does not read, and whether that can be trusted."""

import re

import pytest

from peft_demo.inference import WAYS, Explanation
from peft_demo.inference.explaining import Check, Contribution
from peft_demo.inference.flipping import Flip
from peft_demo.ui.pages import why_part
from peft_demo.ui.pages.why_part import WhyPart, shown, turned

TEXT = "A <dull> film. More."

LORA, IA3 = "reference-recommended-lora", "reference-recommended-ia3"


def explanation(run_id=LORA, label="negative", contributions=(0.1, 2.0, -0.5), beats=20, **more):
    places = [(0, 1), (3, 7), (9, 13), (15, 19)]
    parts = [
        Contribution(start=start, end=end, contribution=value)
        for (start, end), value in zip(places, [*contributions, None], strict=True)
    ]
    values = {
        "run_id": run_id,
        "text": TEXT,
        "by": "leaving_out",
        "label": label,
        "probability": 0.9,
        "words": parts,
        "sentences": (),
        "characters_read": 14,
        "check": Check(
            num_words=1, before=0.9, strongest=0.4, random=0.85, draws=[0.85] * 20, beats=beats
        ),
        "is_trustworthy": beats == 20,
    }
    return Explanation.model_validate({**values, **more})


def spans(html):
    return re.findall(r'data-sign="(.)" style="--share:([\d.]+)" title="([^"]+)">([^<]+)', html)


def test_the_ways_are_those_that_can_be_asked():
    assert why_part.WAYS == WAYS


def test_words_are_escaped_and_coloured_on_one_scale(services):
    runs = services.runs()
    html = shown([explanation(), explanation(IA3, "positive", (1.0, -4.0, 0.0))], runs)
    # Both of one pair of labels: colours speak for positive in both.
    assert spans(html) == [
        ("-", "0.025", "−0.10", "A"),
        ("-", "0.500", "−2.00", "dull"),
        ("+", "0.125", "+0.50", "film"),
        ("+", "0.250", "+1.00", "A"),
        ("-", "1.000", "−4.00", "dull"),
        ("-", "0.000", "+0.00", "film"),
    ]
    assert " &lt;" in html
    assert html.count("<del>More</del>") == 2
    assert "the darkest is +4.00 in log-odds" in html


def test_what_does_not_beat_random_words_is_not_trustworthy(services):
    html = shown([explanation(beats=12)], services.runs())
    assert "Not trustworthy for this review: it beats 12 of 20 random draws only." in html
    assert "its probability goes from 90.0" in html
    assert "It beats all 20 draws." in shown([explanation()], services.runs())


def test_too_few_words_have_no_check(services):
    html = shown([explanation(check=None, is_trustworthy=None)], services.runs())
    assert "Too few words to check it" in html


def test_the_gap_of_integrated_gradients_is_told(services):
    html = shown([explanation(by="integrated_gradients", steps=32, gap=0.0281)], services.runs())
    assert re.search(r"32 .*steps.*together miss the difference .* by 0\.028\.", html)


def test_repeats_tell_what_the_seed_alone_moves(services):
    runs = services.runs()
    run = runs[LORA]
    again = run.model_copy(update={"run_id": "run-000009"})
    html = shown(
        [explanation(), explanation("run-000009", contributions=(0.2, 3.0, -0.5))],
        {**runs, "run-000009": again},
    )
    assert re.search(r"What the .*seed.* alone moves: 2 .*seeds.* of", html)
    assert re.search(r"dull</th><td>−2.50</td><td>−3.00 to −2.00", html)


def test_a_deleted_run_is_left_out(services):
    html = shown([explanation("run-000404"), explanation()], services.runs())
    assert html.count("<article") == 1


class TestAsked:
    @pytest.fixture
    def part(self, services, monkeypatch):
        class Explainer:
            def explain(self, text, run_ids, by):
                return [explanation(run_ids[0])]

        monkeypatch.setattr(type(services), "explainer", Explainer())
        return WhyPart(services)

    def test_each_comes_when_it_is_there(self, part):
        told = list(part.say_why(TEXT, [LORA, IA3], "leaving_out"))
        assert [html.count("<article") for html in told] == [1, 2]
        assert "1 more on their way" in told[0]

    @pytest.mark.parametrize(
        ("text", "ids"), [("", [LORA]), (" ", [LORA]), ("good", []), ("good", None), (3, [LORA])]
    )
    def test_nothing_to_explain(self, part, text, ids):
        (told,) = part.say_why(text, ids, "leaving_out")
        assert "Type a review and choose adapters first." in told

    def test_of_many_the_first_are_explained(self, part, monkeypatch):
        monkeypatch.setattr(why_part, "MOST_RUNS", 2)
        *_, last = part.say_why(TEXT, [LORA, IA3, LORA, "reference-ia3"], "leaving_out")
        assert last.count("<article") == 2
        assert "The first 2 chosen are explained; 1 are left out." in last


def test_deleted_words_are_struck_and_it_says_whether_fewer_would_do(services):
    values = {"run_id": LORA, "text": TEXT, "label": "negative", "becomes": "positive"}
    found = Flip(**values, deleted=[(3, 7)], probability=0.62, is_fewest=True)
    html = turned([found], services.runs()).replace("\xa0", " ")
    assert "A &lt;<del>dull</del>&gt; film. More." in html
    assert "negative becomes positive, 62.0 %" in html
    assert "no fewer would do" in html
    nothing = Flip(**{**values, "becomes": "negative"}, deleted=(), probability=1, is_fewest=False)
    html = turned([nothing], services.runs(), num_waiting=2)
    assert "it stays negative whatever was deleted" in html
    assert "2 more on their way" in html


def test_a_fault_is_told_and_the_others_are_explained(services):
    (told,) = WhyPart(services).say_why("good", ["run-000404"], "leaving_out")
    assert "pd-problem" in told
    (told,) = WhyPart(services).say_why("good", [LORA], "attention")
    assert "by must be one of" in told
