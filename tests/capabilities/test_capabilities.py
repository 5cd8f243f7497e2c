"""What is asked of a model of reviews: how many texts there are, and what is right."""

import re
from difflib import SequenceMatcher

import numpy as np
import pytest

from peft_demo import capabilities, data
from peft_demo.capabilities import Capability, Kind
from peft_demo.capabilities.reviews import first_sentence


@pytest.fixture(scope="module")
def pools():
    return data.load(data.IMDB)


def of_kind(kind):
    return [each for each in capabilities.every() if each.kind is kind]


def test_each_has_50_to_100_texts_each_of_them_once():
    every = capabilities.every()
    assert len({each.id for each in every}) == len(every) == 19
    for each in every:
        assert 50 <= len(each) <= 100, each.id
        assert len({*each.texts}) == len(each) == len(each.labels), each.id
        assert len(each.originals) == (0 if each.kind is Kind.LABEL else len(each)), each.id


def test_sentences_are_finished_and_of_both_labels_alike_where_they_have_both():
    one_sided = set()
    for each in of_kind(Kind.LABEL):
        if {*each.labels} != {0, 1}:
            one_sided.add(each.id)
        else:
            assert sum(each.labels) * 2 == len(each), each.id
        for text in each.texts:
            assert not re.search(r"[{}]| a [aeiou]| an [^aeiou]|^A [aeiou]|^An [^aeiou]", text), (
                text
            )
            assert text[0].isupper()
            assert text[-1] in ".!?"
    assert one_sided == {"negation-near", "negation-far", "negation-of-negative"}


def test_changed_reviews_are_of_the_test_pool_and_changed(pools):
    firsts = {first_sentence(text) for text in pools.test.texts}
    for each in (*of_kind(Kind.INVARIANCE), *of_kind(Kind.DIRECTION)):
        for text, original in zip(each.texts, each.originals, strict=True):
            assert original in firsts
            assert text != original
            assert 6 <= len(original.split()) <= 25


@pytest.mark.parametrize(
    ("name", "undo"),
    [
        ("case", lambda text: text.lower()),
        ("breaks", lambda text: text.replace("<br /><br />", " ")),
        ("punctuation", lambda text: re.sub(r"[\s.,;:!]", "", text)),
        ("typos", lambda text: "".join(sorted(text))),
        ("numbers", lambda text: re.sub(r"\w+", "", text)),
        ("praise", lambda text: text.split(" ")[-3:]),
    ],
)
def test_a_change_leaves_the_rest_as_it_is(name, undo):
    (found,) = (each for each in capabilities.every() if each.id == name)
    for text, original in zip(found.texts, found.originals, strict=True):
        assert undo(text) == undo(original)


@pytest.mark.parametrize("name", ["names", "places", "numbers"])
def test_few_words_are_swapped(name):
    (found,) = (each for each in capabilities.every() if each.id == name)
    for text, original in zip(found.texts, found.originals, strict=True):
        assert 1 <= changed_words(original, text) <= 6, text


def changed_words(before, after):
    one, other = before.split(), after.split()
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for tag, a, b, c, d in steps if tag != "equal")


class TestRight:
    """By hand, of two texts each."""

    def test_of_a_label(self):
        asked = Capability("x", "X", "", Kind.LABEL, ("good", "bad"), (1, 0))
        assert asked.right({"good": 0.51, "bad": 0.5}).tolist() == [True, True]
        assert asked.right({"good": 0.5, "bad": 0.9}).tolist() == [False, False]

    def test_of_an_invariance_whatever_the_label_is(self):
        asked = Capability("x", "X", "", Kind.INVARIANCE, ("A", "B"), (1, 1), ("a", "b"))
        said = {"a": 0.1, "A": 0.4, "b": 0.9, "B": 0.3}
        assert asked.right(said).tolist() == [True, False]

    @pytest.mark.parametrize(
        ("towards", "right"), [(1, [True, True, False]), (0, [False, True, True])]
    )
    def test_of_a_direction_but_for_rounding(self, towards, right):
        texts, before = ("A", "B", "C"), ("a", "b", "c")
        asked = Capability("x", "X", "", Kind.DIRECTION, texts, (towards,) * 3, before)
        said = {"a": 0.2, "A": 0.3, "b": 0.5, "B": 0.495, "c": 0.9, "C": 0.5}
        assert asked.right(said).tolist() == right


def test_built_in_pairs_are_edited_by_few_words_and_of_texts_no_run_learns_from(pools):
    pairs = capabilities.built_in()
    assert len(pairs) >= 120
    assert len({*pairs.texts}) == 2 * len(pairs)
    assert 0.4 < np.mean(pairs.labels) < 0.6
    label_of = {}
    for text, label in zip(pools.test.texts, pools.test.labels, strict=True):
        label_of[first_sentence(text)] = label
    learned = {first_sentence(text) for text in pools.training.texts}
    for original, edit, label, edited in zip(
        pairs.originals, pairs.edits, pairs.labels, pairs.edited_labels, strict=True
    ):
        assert label_of[original] == label
        assert original not in learned
        assert edited == 1 - label
        assert max(len(original.split()), len(edit.split())) <= 40
        changed = changed_words(original, edit)
        assert 1 <= changed <= 8, (changed, edit)
        assert changed <= 3 or changed <= 0.6 * len(original.split()), (changed, edit)
