"""Verdicts in words."""

from __future__ import annotations

from collections.abc import Mapping

from peft_demo.statistics.pairs import Pair


def pair_in_words(
    pair: Pair, names: Mapping[str, str], accuracies: Mapping[str, float], texts: str = "texts"
) -> str:
    """What a pair can tell, for a student to read aloud.

    Args:
        pair: as ``compare_pairs`` returns it.
        names: of both runs, by id.
        accuracies: of both runs on these texts, by id.
        texts: what they are called.
    """
    first, second = names[pair.first], names[pair.second]
    shares = [f"{100 * accuracies[run]:.1f} %" for run in (pair.first, pair.second)]
    where = f"on the same {pair.num_texts:,} {texts}"
    disagreements = f"They disagree on {pair.disagreements:,}"
    if pair.is_shown:
        return (
            f"{first} is better than {second} by {100 * pair.difference:.1f} points (95 % interval "
            f"{100 * pair.low:.1f} to {100 * pair.high:.1f}; {_p_in_words(pair)}): {shares[0]} and "
            f"{shares[1]} {where}. {disagreements}."
        )
    if pair.texts_needed is not None:
        return (
            f"{first} {shares[0]}, {second} {shares[1]} {where}. {disagreements}. No difference "
            f"shown ({_p_in_words(pair)}). To show a difference of this size you would need about "
            f"{_about(pair.texts_needed)} {texts}."
        )
    both = f"{first} and {second}: both {shares[0]} {where}."
    # Equal on these texts is not equal on all.
    possible = f"The true difference may still be up to {100 * pair.high:.1f} points either way."
    if pair.disagreements == 0:
        return f"{both} They answer every one alike, so no difference is shown. {possible}"
    return (
        f"{both} {disagreements}, and each is right on half of these. No difference shown "
        f"({_p_in_words(pair)}). {possible}"
    )


def _about(count: int) -> str:
    """Two digits that count: 3,362 is about 3,400."""
    return f"{float(f'{count:.2g}'):,.0f}"


def _p_in_words(pair: Pair) -> str:
    p = pair.p_corrected
    # Near the limit, rounding must not hide on which side it is.
    digits = 3 if 0.045 < p < 0.055 else 2
    words = f"p = {p:.{digits}g}" if p >= 0.001 else "p < 0.001"
    return words if p == pair.p else f"{words}, corrected for all pairs"
