"""Shares right by capability, pairs of texts, and which runs are shown to differ in what."""

import pytest
from asked_challenge import FEW, few_capabilities, few_pairs, few_texts  # noqa: F401

from peft_demo import capabilities
from peft_demo.capabilities import Answers, Kind
from peft_demo.comparison.understanding import CONSISTENCY, apart, failures, understood
from peft_demo.statistics import holm, mcnemar, wilson_interval

NAMES = [each.id for each in capabilities.every()]


def perfect():
    said = {}
    for each in capabilities.every():
        said |= dict.fromkeys(each.originals, 0.5)
        labelled = zip(each.texts, each.labels, strict=True)
        said |= {text: 0.1 + 0.8 * label for text, label in labelled}
        if each.kind is Kind.INVARIANCE:
            said |= dict.fromkeys(each.texts, 0.5)
    pairs = capabilities.built_in()
    said |= {t: 0.1 + 0.8 * n for t, n in zip(pairs.originals, pairs.labels, strict=True)}
    said |= {t: 0.1 + 0.8 * n for t, n in zip(pairs.edits, pairs.edited_labels, strict=True)}
    # What is an original of several stays as it is for those that must not change.
    return said


def rights(found):
    return {each.name: round(each.accuracy * each.texts) for each in found.rows.values()}


def test_shares_have_wilson_intervals():
    said = perfect()
    (negation,) = (each for each in capabilities.every() if each.id == "negation-far")
    for text in negation.texts[:24]:
        said[text] = 0.9
    row = understood(Answers("run-000001", said)).rows["negation-far"]
    expected = wilson_interval(36, 60)
    assert (row.texts, row.accuracy) == (60, 0.6)
    assert row.interval == (expected.low, expected.high)


def test_who_always_says_the_same_has_half_and_no_consistent_pair():
    always = dict.fromkeys(perfect(), 0.9)
    found = understood(Answers("run-000001", always))
    assert found.rows["vocabulary"].accuracy == 0.5
    assert found.rows["negation-near"].accuracy == 0
    assert found.rows["typos"].accuracy == 1
    assert found.pairs.originals.accuracy + found.pairs.edits.accuracy == 1
    assert found.pairs.consistency.accuracy == 0


@pytest.mark.usefixtures("few_texts")
def test_consistency_is_both_of_a_pair():
    said, pairs = perfect(), few_pairs()
    said[pairs.originals[0]] = 1 - said[pairs.originals[0]]
    said[pairs.edits[1]] = 1 - said[pairs.edits[1]]
    told = rights(understood(Answers("run-000001", said)))
    assert (told["originals"], told["edits"], told["consistency"]) == (2, 2, 1)


@pytest.mark.usefixtures("few_texts")
def test_what_is_not_right_is_listed_with_what_it_was():
    said, row = perfect(), next(each for each in few_capabilities() if each.id == "praise")
    said |= {row.texts[1]: 0.2}
    said |= {row.originals[1]: 0.7}
    (failure, *_) = [each for each in failures("praise", said) if each.text == row.texts[1]]
    assert (failure.positive, failure.original_positive, failure.label) == (0.2, 0.7, "")
    assert failure.original == row.originals[1]
    said[few_pairs().edits[0]] = 1 - said[few_pairs().edits[0]]
    assert [each.text for each in failures(CONSISTENCY, said)] == [few_pairs().edits[0]]
    with pytest.raises(KeyError):
        failures("nothing", said)


def test_pairs_of_runs_are_tested_for_all_capabilities_at_once():
    """Against McNemar's test and Holm's correction by themselves."""
    good, bad = perfect(), perfect()
    (row,) = (each for each in capabilities.every() if each.id == "irony")
    for text in row.texts[:15]:
        bad[text] = 1 - bad[text]
    (found,) = apart([Answers("bad", bad), Answers("good", good)])
    assert (found.name, found.first, found.second) == ("irony", "good", "bad")
    alone = float(mcnemar(15, 0))
    assert found.p_corrected == pytest.approx(holm([alone, *[1.0] * len(NAMES)])[0])
    assert apart([Answers("good", good), Answers("as good", good)]) == []
    assert apart([Answers("good", good)]) == []
