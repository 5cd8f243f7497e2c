"""The fewest words that turn a label: exact where that is promised, by models that are known."""

import itertools
import re

import numpy as np
import pytest

from peft_demo.inference import Predictor, flipping
from peft_demo.inference.flipping import fewest, flip
from peft_demo.inference.words import words


def model(**weights):
    """Positive where the weights of the words, and of pairs that occur together, add up above 0."""

    def shares(texts):
        odds = []
        for text in texts:
            there = re.findall(r"\w+", text)
            both = ["_".join(pair) for pair in itertools.combinations(there, 2)]
            odds.append(sum(weights.get(word, 0) for word in (*there, *both)))
        positive = 1 / (1 + np.exp(-np.array(odds, dtype=float)))
        return np.stack([1 - positive, positive], axis=1)

    return shares


def deleted(text, shares):
    found, probabilities, is_fewest = fewest(text, words(text), shares)
    return [text[part.start : part.end] for part in found], probabilities, is_fewest


class TestFewest:
    def test_one_word_that_is_enough(self):
        told, probabilities, is_fewest = deleted("a bad dull film", model(bad=-2, dull=-1, film=2))
        assert told == ["bad"]
        assert probabilities.argmax() == 1
        assert is_fewest

    def test_two_words_that_only_together_do_it(self):
        # Alone, deleting "x" helps most; the pair that turns it does not contain it.
        shares = model(x=-1, y=0.1, z=0.1, y_z=-4, w=1)
        told, _, is_fewest = deleted("w x y z", shares)
        assert told in (["y"], ["z"])  # one of them breaks the pair
        shares = model(a=-3, b=-3, c=-4, d=5)
        told, _, is_fewest = deleted("a b c d", shares)
        assert sorted(told) in (["a", "c"], ["b", "c"])
        assert is_fewest

    def test_three_are_the_fewest_where_no_two_did(self):
        told, _, is_fewest = deleted("a b c d", model(a=-2, b=-2, c=-2, d=1))
        assert sorted(told) == ["a", "b", "c"]
        assert is_fewest

    def test_more_are_told_as_found_step_by_step(self):
        told, _, is_fewest = deleted("a b c d e", model(a=-2, b=-2, c=-2, d=-2, e=1))
        assert sorted(told) == ["a", "b", "c", "d"]
        assert not is_fewest

    def test_of_too_many_words_pairs_are_not_all_tried(self, monkeypatch):
        monkeypatch.setattr(flipping, "MOST_IN_PAIRS", 3)
        told, _, is_fewest = deleted("a b c d", model(a=-3, b=-3, c=-4, d=5))
        assert (len(told), is_fewest) == (2, True)  # for no single one did
        told, _, is_fewest = deleted("a b c d", model(a=-2, b=-2, c=-2, d=1))
        assert (len(told), is_fewest) == (3, False)

    def test_nothing_where_nothing_turns_it(self):
        told, probabilities, is_fewest = deleted("a b", model(a=-1, b=-1))
        assert (told, is_fewest) == ([], False)
        assert probabilities.argmax() == 0


@pytest.mark.usefixtures("in_float32")
def test_of_a_trained_run_it_can_be_repeated_by_editing(trained):
    (run_id,) = trained.ids("lora")
    predictor = Predictor(trained.store)
    text = "A dull film, but the music is wonderful."
    found = flip(predictor, trained.store.get(run_id), text)
    edited = text
    for start, end in sorted(found.deleted, reverse=True):
        edited = edited[:start] + edited[end:]
    (answer,) = predictor.predict(edited, [run_id])
    assert answer.label == found.becomes
    assert answer.probabilities[answer.label] == pytest.approx(found.probability, abs=1e-4)
    assert (found.becomes != found.label) == bool(found.deleted)
