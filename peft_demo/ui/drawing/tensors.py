"""Tensors as they are written: shapes, products of two, and sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from peft_demo.languages import _

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import Tensor

MOST_DRAWN = 4
"""Shapes that are written in one box."""
MOST_TOLD = 4
"""Tensors that are named in a sentence."""

Term: TypeAlias = "tuple[Tensor, ...]"
"""Tensors that are written together: one, or two that are multiplied, in that order."""


def _terms(tensors: Sequence[Tensor]) -> list[Term]:
    """Each tensor, but neighbours that are multiplied as one term."""
    terms: list[Term] = []
    waiting = list(tensors)
    while waiting:
        term = (len(waiting) > 1 and _product(*waiting[:2])) or (waiting[0],)
        del waiting[: len(term)]
        terms.append(term)
    return terms


def _product(first: Tensor, second: Tensor) -> Term:
    """The two in the order in which they are multiplied, or nothing if they are not.

    Factors of a low-rank product are named alike but for the last letter, as ``lora_A`` and
    ``lora_B`` are; that shapes fit is not enough.
    """
    if first.name[:-1] == second.name[:-1] and len(first.shape) == len(second.shape) == 2:
        for left, right in ((second, first), (first, second)):
            inner = left.shape[1]
            if inner == right.shape[0] and inner < min(left.shape[0], right.shape[1]):
                return left, right
    return ()


def names_of(tensors: Sequence[Tensor]) -> list[str]:
    """Their names, those of factors as a product."""
    return [" · ".join(tensor.name for tensor in term) for term in _terms(tensors)]


def shapes(tensors: Sequence[Tensor]) -> list[str]:
    """Their shapes in pieces that may stand on lines of their own; the last ones are counted."""
    items: list[tuple[list[str], int]] = []
    for pieces, alike in groupby(_terms(tensors), key=_pieces):
        terms = list(alike)
        number = sum(map(len, terms))
        if number > 2:
            items.append(([_("%(number)s times") % {"number": len(terms)}, *pieces], number))
        else:
            items += [(pieces, len(term)) for term in terms]
    *others, last = [pieces for pieces, _ in items[:MOST_DRAWN]]
    written = [piece for other in others for piece in (*other[:-1], f"{other[-1]},")]
    left_out = sum(number for _, number in items[MOST_DRAWN:])
    more = [_("and %(count)s more") % {"count": left_out}] if left_out else []
    return [*written, *last, *more]


def _pieces(term: Term) -> list[str]:
    *factors, last = map(shape_of, term)
    return [*(f"{factor} ·" for factor in factors), last]


def shape_of(tensor: Tensor) -> str:
    """A tensor's shape, as it is written."""
    return " × ".join(map(str, tensor.shape)) or "1"


def tensor_in_words(tensor: Tensor, times: int) -> str:
    """A tensor with its shape and state, and how often it is there if more than once."""
    often = _("%(number)s times") % {"number": times} + " " if times > 1 else ""
    state = "" if tensor.trained else f" ({_('frozen')})"
    return f"{often}{tensor.name} {shape_of(tensor)}{state}"


def first_of(tensors: Sequence[Tensor], most: int) -> tuple[list[tuple[Tensor, int]], int]:
    """The first different tensors, with how many there are of each, and how many are left."""
    different = list(Counter(tensors).items())
    shown = different if len(different) <= most else different[: most - 1]
    return shown, len(tensors) - sum(times for _, times in shown)


def described(tensors: Sequence[Tensor]) -> str:
    """Tensors in words, where there are many the first ones."""
    shown, left_out = first_of(tensors, MOST_TOLD)
    words = [tensor_in_words(tensor, times) for tensor, times in shown]
    more = [_("%(number)s more tensors") % {"number": left_out}] if left_out else []
    return listed([*words, *more])


def listed(words: Sequence[str]) -> str:
    """Words with "and" before the last."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {_('and')} {words[-1]}"
