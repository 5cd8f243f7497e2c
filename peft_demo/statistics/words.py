"""Verdicts in words."""

from __future__ import annotations

from collections.abc import Mapping

from peft_demo.statistics.pairs import Pair


def pair_in_words(pair: Pair, names: Mapping[str, str], accuracies: Mapping[str, float]) -> str:
    """What a pair can tell, for a student to read aloud.

    Args:
        pair: as ``compare_pairs`` returns it.
        names: of both runs, by id.
        accuracies: of both runs on these reviews, by id.
    """
    first, second = names[pair.first], names[pair.second]
    shares = [f"{accuracies[run]:.1%}".replace("%", " %") for run in (pair.first, pair.second)]
    reviews = f"on the same {pair.num_reviews:,} reviews"
    if pair.is_shown:
        return (
            f"{first} is better than {second} by {100 * pair.difference:.1f} points (95 % interval "
            f"{100 * pair.low:.1f} to {100 * pair.high:.1f}; {_p_in_words(pair)}): {shares[0]} "
            f"and {shares[1]} {reviews}. They disagree on {pair.disagreements:,}."
        )
    possible = f"A true difference of up to {100 * pair.high:.1f} points either way is possible."
    if pair.disagreements == 0:
        return (
            f"{first} and {second} both {shares[0]} {reviews}. They give the same answer to "
            f"every one, so no difference is shown. {possible}"
        )
    if pair.reviews_needed is None:
        return (
            f"{first} and {second} both {shares[0]} {reviews}. They disagree on "
            f"{pair.disagreements:,}, and each is right on half of these. No difference shown "
            f"({_p_in_words(pair)}). {possible}"
        )
    return (
        f"{first} {shares[0]}, {second} {shares[1]} {reviews}. They disagree on "
        f"{pair.disagreements:,}. No difference shown ({_p_in_words(pair)}). To show a difference "
        f"of this size you would need about {float(f'{pair.reviews_needed:.2g}'):,.0f} reviews."
    )


def _p_in_words(pair: Pair) -> str:
    p = pair.p_corrected
    words = f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
    return words if p == pair.p else f"{words}, corrected for all pairs"
