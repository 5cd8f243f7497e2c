"""Fool it: what is offered, what is kept and for whom, and the data set that is made of it."""

import json

import pytest

from peft_demo.data import DATASETS
from peft_demo.inference import Prediction
from peft_demo.storage.fooled import FoolingText, fooling_texts, keep_fooling_text
from peft_demo.ui.answers import cards
from peft_demo.ui.fooling import Fooling
from peft_demo.ui.identity import acting_as
from peft_demo.ui.visitors import Visitor


def said(run_id, positive):
    return Prediction(
        run_id=run_id,
        label="positive" if positive > 0.5 else "negative",
        probabilities={"negative": 1 - positive, "positive": positive},
        milliseconds=1.0,
        tokens_read=3,
        tokens_total=3,
        characters_read=9,
        unknown_tokens=0,
    )


@pytest.fixture
def tested(services):
    """The references, which have test accuracies."""
    return {run.run_id: run for run in services.store.runs() if run.is_reference}


BEST, OTHER = "reference-recommended-lora", "reference-recommended-ia3"


def drawn(tested, best, other, truth, kept=()):
    answered = {BEST: said(BEST, best), OTHER: said(OTHER, other)}
    return cards("Not bad", answered, tested, truth, kept=kept)


class TestOffer:
    def test_what_fools_the_best_can_be_kept(self, tested):
        html = drawn(tested, 0.1, 0.9, "positive")
        assert 'data-ask="keep_fooling"' in html
        assert f"&#34;run_id&#34;: &#34;{BEST}&#34;" in html
        assert "You have kept" not in html

    @pytest.mark.parametrize(
        ("best", "other", "truth"),
        [(0.9, 0.1, "positive"), (0.1, 0.9, ""), (0.49, 0.9, "positive")],
    )
    def test_not_what_fools_another_has_no_label_or_is_close(self, tested, best, other, truth):
        assert "keep_fooling" not in drawn(tested, best, other, truth)

    def test_it_counts_what_was_kept(self, tested):
        kept = [FoolingText(text="x", label="positive", run_id=BEST)] * 2
        assert "You have kept 2 reviews" in drawn(tested, 0.1, 0.9, "positive", kept)


class TestKeep:
    def test_each_text_once_for_its_owner_alone(self, tmp_path):
        for text, label in (("A", "positive"), ("B", "negative"), ("A", "negative")):
            review = FoolingText(text=text, label=label, run_id=BEST)
            kept = keep_fooling_text(tmp_path, "me/../you", review)
        assert [(each.text, each.label) for each in kept] == [("B", "negative"), ("A", "negative")]
        assert fooling_texts(tmp_path, "me/../you") == kept
        assert fooling_texts(tmp_path, "you") == []
        (file,) = (tmp_path / "fooling").iterdir()
        file.write_text("damaged\n" + file.read_text())
        assert fooling_texts(tmp_path, "me/../you") == kept

    def test_the_server_asks_the_run_itself(self, services, monkeypatch):
        keep, make, download = Fooling(services).functions()
        monkeypatch.setattr(services.predictor, "predict", lambda text, ids: [said(ids[0], 0.9)])
        asked = {"review": "Not bad", "truth": "positive", "run_id": BEST}
        with acting_as(Visitor("a" * 32)):
            assert "is not fooled" in json.loads(keep(asked))["error"]
            assert "truth must be one of" in json.loads(keep({**asked, "truth": "?"}))["error"]
            html = json.loads(keep({**asked, "truth": "negative"}))["html"]
            assert "You have kept 1 review that" in html
            assert "From 20 of them" in html
            file = json.loads(download({}))["file"]
            rows = file["text"].removeprefix("\ufeff").splitlines()
            assert rows == ["text,label,run_id", f"Not bad,negative,{BEST}"]
            assert "2 to 20 different labels" in json.loads(make({}))["error"]
            monkeypatch.setattr(
                services.predictor, "predict", lambda text, ids: [said(ids[0], 0.1)]
            )
            for n in range(19):
                told = keep({"review": f"A bore? No, {n}!", "truth": "positive", "run_id": BEST})
            assert 'data-ask="make_fooling_set"' in json.loads(told)["html"]
            made = json.loads(make({}))
            assert "is a data set now" in made.get("toast", ""), made
            (kept,) = services.store.datasets()
            assert (DATASETS[kept.dataset].labels, kept.rows) == (("negative", "positive"), 20)
            assert not DATASETS[kept.dataset].is_learned
