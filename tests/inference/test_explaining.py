"""Explanations: exact where the answer is known, checked against random words, for every method."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_runs import small_config

from peft_demo import models
from peft_demo.errors import ConflictError, InvalidFieldsError, NotFoundError
from peft_demo.inference import WAYS, Explainer, Predictor, explaining
from peft_demo.inference.contributions import (
    SMALL_GAP,
    STEPS,
    integrated_gradients,
    leaving_out,
    log_odds,
)
from peft_demo.inference.words import Span, sentences, without, words
from peft_demo.methods import METHODS

TEXT = "A dull, wonderful film. I did not like it! Or did I?"

WEIGHTS = {"dull": -1.5, "wonderful": 2.0, "not": -0.75, "like": 0.5}


def parts(text, spans):
    return [text[span.start : span.end] for span in spans]


def linear(texts):
    """Probabilities by the words' weights alone, log-odds that add up."""
    odds = np.array(
        [sum(WEIGHTS.get(word, 0) for word in re.findall(r"\w+", text.lower())) for text in texts]
    )
    positive = 1 / (1 + np.exp(-odds))
    return np.stack([1 - positive, positive], axis=1)


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Don't over-act, O’Neil!", ["Don't", "over-act", "O’Neil"]),
            ("10/10 für 'Éowyn'", ["10", "10", "für", "Éowyn"]),
            ("很好 movie", ["很", "好", "movie"]),
            (
                "\u041d\u0435 \u043e\u0447\u0435\u043d\u044c",
                ["\u041d\u0435", "\u043e\u0447\u0435\u043d\u044c"],
            ),
            ("!!! 😀", ["!!!", "😀"]),
            ("one", ["one"]),
        ],
    )
    def test_words(self, text, expected):
        assert parts(text, words(text)) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (
                'He said "no." Then it ends... Does it?',
                ['He said "no."', "Then it ends...", "Does it?"],
            ),
            ("No end here", ["No end here"]),
            ("It costs 3.50 now. Yes.", ["It costs 3.50 now.", "Yes."]),
            ("很好。不错。", ["很好。", "不错。"]),
        ],
    )
    def test_sentences(self, text, expected):
        assert parts(text, sentences(text)) == expected

    def test_what_is_deleted_leaves_no_gap(self):
        found = words(TEXT)
        assert without(TEXT, found[1:3]) == "A , film. I did not like it! Or did I?"


class TestLeavingOut:
    def test_of_a_linear_model_contributions_are_its_weights(self):
        found = leaving_out(TEXT, words(TEXT), linear, 1)
        expected = [WEIGHTS.get(word.lower(), 0) for word in parts(TEXT, words(TEXT))]
        assert found == pytest.approx(expected)

    def test_of_the_other_label_they_are_the_opposite(self):
        found = leaving_out(TEXT, sentences(TEXT), linear, 0)
        assert found == pytest.approx([-0.5, 0.25, 0])

    def test_of_several_labels_a_label_stands_against_all_others(self):
        shares = np.array([[0.2, 0.3, 0.5]])
        assert log_odds(shares, 2) == pytest.approx([0.0])
        assert log_odds(shares, 0) == pytest.approx([np.log(0.2 / 0.8)])

    def test_certainty_is_finite(self):
        assert np.isfinite(log_odds(np.array([[0.0, 1.0]]), 1)).all()


class Linear(torch.nn.Module):
    """Logits that are sums over the tokens' embeddings."""

    def __init__(self, num_tokens=8, dim=4):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = torch.nn.Embedding(num_tokens, dim)
        self.head = torch.nn.Linear(dim, 2)

    def get_input_embeddings(self):
        return self.embedding

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(logits=self.head(self.embedding(input_ids).sum(dim=1)))


class TestIntegratedGradients:
    def test_of_a_linear_model_they_are_exact(self):
        model = Linear()
        base = SimpleNamespace(tokenizer=SimpleNamespace(pad_token_id=0))
        ids, offsets = [1, 3, 4, 5, 2], [(0, 0), (0, 3), (3, 5), (6, 9), (0, 0)]
        spans = [*words("badly done")]
        assert spans == [(0, 5), (6, 10)]
        found = integrated_gradients(model, base, ids, offsets, spans, 1)
        weight = model.head.weight[1] - model.head.weight[0]
        own = (model.embedding.weight - model.embedding.weight[0]) @ weight
        expected = [float(own[3] + own[4]), float(own[5])]
        assert found.contributions == pytest.approx(expected, abs=1e-5)
        assert found.gap == pytest.approx(0, abs=1e-5)


class Steep(Linear):
    """Its answer rises at once where a third of the way is gone, which few steps miss."""

    def forward(self, input_ids, attention_mask):
        logits = super().forward(input_ids, attention_mask).logits
        return SimpleNamespace(logits=logits + 3 * torch.tanh(40 * (logits - 0.3 * self.end)))


class TestSteps:
    @pytest.fixture
    def asked(self):
        """What explains one text of some tokens by a model."""
        base = SimpleNamespace(tokenizer=SimpleNamespace(pad_token_id=0))
        ids, offsets = [1, 3, 4, 5, 2], [(0, 0), (0, 3), (3, 5), (6, 9), (0, 0)]
        return lambda model: integrated_gradients(model, base, ids, offsets, [Span(0, 9)], 1)

    def test_few_are_enough_where_they_miss_little(self, asked):
        assert asked(Linear()).steps == STEPS[0]

    def test_more_are_taken_where_few_miss_much(self, asked, monkeypatch):
        model = Steep()
        model.end = Linear()(torch.tensor([[1, 3, 4, 5, 2]]), None).logits.detach()
        few = asked(model)
        assert few.steps == STEPS[-1]
        assert few.gap > SMALL_GAP
        # The total is what it should be but for the gap, which falls with the steps.
        monkeypatch.setattr("peft_demo.inference.contributions.STEPS", (16, 400))
        many = asked(model)
        assert many.gap < 0.01 < SMALL_GAP < few.gap


@pytest.fixture
def explainer(trained) -> Explainer:
    return Explainer(Predictor(trained.store))


DULL = ["Dull", "and", "loud", "but", "not", "bad"]


@pytest.mark.parametrize(
    ("method", "by"),
    [
        *((method, "integrated_gradients") for method in METHODS),
        *((method, "leaving_out") for method in ("lora", "p_tuning", "full_ft")),
    ],
)
def test_every_method_is_explained(explainer, trained, method, by, monkeypatch):
    """Gradients go through the method's own layers; leaving out asks as any prediction does."""
    monkeypatch.setattr("peft_demo.inference.contributions.STEPS", (8,))
    (run_id,) = trained.ids(method)
    (found,) = explainer.explain("Dull and loud, but not bad.", [run_id], by)
    assert [found.text[w.start : w.end] for w in found.words] == [
        "Dull",
        "and",
        "loud",
        "but",
        "not",
        "bad",
    ]
    assert all(np.isfinite(word.contribution) for word in found.words)
    assert any(word.contribution for word in found.words)
    assert found.check.num_words == 3
    assert len(found.check.draws) == explaining.DRAWS
    assert found.is_trustworthy == all(found.check.strongest < d for d in found.check.draws)


@pytest.mark.usefixtures("in_float32")
@pytest.mark.parametrize("method", ["lora", "dora", "ia3"])
def test_gradients_of_the_merged_weights_are_those_of_the_adapter(explainer, trained, method):
    (run,) = explainer._predictor.finished(trained.ids(method))
    base, text = models.load(run.config.base_model), "Dull and loud, but not bad."
    encoded = base.encode([text], run.config.max_length)
    asked = encoded["input_ids"][0], encoded["offset_mapping"][0], words(text), 1
    merged, beside = (
        integrated_gradients(model, base, *asked)
        for model in (
            explainer._predictor.merged(run, in_float32=True),
            explainer._predictor._saved(run, base),
        )
    )
    assert merged.contributions == pytest.approx(beside.contributions, abs=1e-4)


@pytest.mark.usefixtures("in_float32")
class TestExplainer:
    def test_anybody_can_repeat_it_by_editing(self, explainer, trained):
        (run_id,) = trained.ids("lora")
        text = "A dull film."
        (found,) = explainer.explain(text, [run_id])
        predictor = Predictor(trained.store)

        def odds(edited):
            (answer,) = predictor.predict(edited, [run_id])
            rest = 1 - answer.probabilities[found.label]
            return np.log(answer.probabilities[found.label] / rest)

        expected = [odds(text) - odds(edited) for edited in ("dull film.", "A film.", "A dull .")]
        assert [word.contribution for word in found.words] == pytest.approx(expected, abs=1e-4)
        assert found.characters_read == len(text)

    def test_what_is_not_read_has_no_contribution(self, explainer, trained):
        (run_id,) = trained.ids("lora")
        text = "good " * 40
        (found,) = explainer.explain(text, [run_id])
        read = [word.contribution is not None for word in found.words]
        assert read == [True] * 14 + [False] * 26
        assert small_config().max_length == 16
        assert found.characters_read == len("good " * 14) - 1

    def test_of_a_long_text_the_strongest_sentences_are_explained(
        self, explainer, trained, monkeypatch
    ):
        monkeypatch.setattr(explaining, "MOST_WORDS", 4)
        (run_id,) = trained.ids("lora")
        (found,) = explainer.explain("A bad one. It was so long. But good.", [run_id])
        asked = [word for word in found.words if word.contribution is not None]
        assert len(asked) == 4
        strongest = max(found.sentences, key=lambda each: abs(each.contribution))
        assert any(strongest.start <= word.start < strongest.end for word in asked)

    def test_one_word_has_no_check(self, explainer, trained):
        (found,) = explainer.explain("Awful", trained.ids("lora"))
        assert (found.check, found.is_trustworthy) == (None, None)
        assert found.words[0].contribution is not None

    @pytest.mark.parametrize("by", WAYS)
    @pytest.mark.parametrize(
        "text",
        ["!!! ???", "很好", "\u041d\u0435 \u043e\u0447\u0435\u043d\u044c", "10/10 🙂", "a" * 300],
    )
    def test_texts_without_words_that_it_knows(self, explainer, trained, text, by):
        (found,) = explainer.explain(text, trained.ids("lora"), by)
        assert found.words
        assert all(np.isfinite(word.contribution) for word in found.words)

    def test_is_computed_once(self, explainer, trained, monkeypatch):
        ids = trained.ids("lora")
        first = explainer.explain("Good film.", ids)
        monkeypatch.setattr(explaining, "leaving_out", None)
        assert explainer.explain(" Good  film. ", ids) == first

    def test_few_explanations_stay_in_memory(self, explainer, trained, monkeypatch):
        monkeypatch.setattr(explaining, "KEPT", 2)
        (run_id,) = trained.ids("lora")
        for text in ("Bad.", "Good.", "Bad.", "Fine."):
            explainer.explain(text, [run_id])
        assert [text for _, text, _ in explainer._known] == ["Bad.", "Fine."]

    def test_of_a_run_that_was_deleted_nothing_is_told(self, explainer, trained, monkeypatch):
        ids = trained.ids("lora")
        explainer.explain("Good film.", ids)

        def gone(run_id):
            raise NotFoundError(run_id)

        monkeypatch.setattr(trained.store, "get", gone)
        with pytest.raises(NotFoundError):
            explainer.explain("Good film.", ids)

    def test_a_model_without_gradients_says_so(self, explainer, trained, monkeypatch):
        def fails(*_, **__):
            raise RuntimeError("element 0 of tensors does not require grad")

        monkeypatch.setattr(explaining, "integrated_gradients", fails)
        with pytest.raises(ConflictError, match="by must be leaving_out for run-"):
            explainer.explain("Good film.", trained.ids("lora"), explaining.INTEGRATED_GRADIENTS)

    @pytest.mark.parametrize(
        ("text", "by", "words_told"),
        [
            ("", "leaving_out", "review must have 1 to 20,000 characters"),
            ("x" * 20_001, "leaving_out", "got 20,001 characters"),
            ("good", "attention", "by must be one of leaving_out, integrated_gradients"),
            ("good", None, "by must be"),
        ],
    )
    def test_bad_input(self, explainer, trained, text, by, words_told):
        with pytest.raises(InvalidFieldsError, match=words_told):
            explainer.explain(text, trained.ids("lora"), by)
