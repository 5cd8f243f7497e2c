"""Tensors as they are written: shapes, products of two, and sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from peft_demo.ui.drawing.text import wrapped

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import Tensor

MOST_TOLD = 4
"""Tensors that are named in a sentence."""


@dataclass(frozen=True)
class _Term:
    """Tensors that are written together: one, or two that are multiplied, in that order."""

    factors: tuple[Tensor, ...]
    times: int = 1

    @property
    def shapes(self) -> list[str]:
        """In pieces that may stand on lines of their own."""
        shapes = [shape_of(tensor) for tensor in self.factors]
        pieces = [f"{shape} ·" for shape in shapes[:-1]] + shapes[-1:]
        return pieces if self.times == 1 else [f"{self.times} times", *pieces]

    @property
    def names(self) -> str:
        return " · ".join(tensor.name for tensor in self.factors)


def terms_of(tensors: Sequence[Tensor]) -> list[_Term]:
    """Each tensor, but neighbours that are multiplied as one term."""
    terms: list[_Term] = []
    waiting = list(tensors)
    while waiting:
        factors = _product(*waiting[:2]) if len(waiting) > 1 else ()
        factors = factors or (waiting[0],)
        del waiting[: len(factors)]
        terms.append(_Term(factors))
    return terms


def _product(first: Tensor, second: Tensor) -> tuple[Tensor, ...]:
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


def _counted(terms: Iterable[_Term]) -> list[_Term]:
    """Neighbouring terms of the same shapes as one, with their number."""
    counted: list[_Term] = []
    for _, same in groupby(terms, key=lambda term: term.shapes):
        group = list(same)
        is_short = len(group) == 2 and len(group[0].factors) == 1
        counted += group if is_short else [_Term(group[0].factors, len(group))]
    return counted


def shape_of(tensor: Tensor) -> str:
    """A tensor's shape, as it is written."""
    return " × ".join(map(str, tensor.shape)) or "1"


def shape_lines(tensors: Sequence[Tensor], width: float, most: int) -> list[str]:
    """The shapes in at most so many lines; what does not fit is counted."""
    terms = _counted(terms_of(tensors))
    return _shortened(
        [(term.shapes, len(term.factors) * term.times) for term in terms], width, most
    )


def name_lines(names: Sequence[str], width: float, most: int) -> list[str]:
    """Names in at most so many lines; what does not fit is counted."""
    return _shortened([([name], 1) for name in names], width, most)


def _shortened(items: list[tuple[list[str], int]], width: float, most: int) -> list[str]:
    """Items, each in pieces and with a count, on lines; the last ones become "and 3 more"."""
    for kept in range(len(items), -1, -1):
        left_out = sum(count for _, count in items[kept:])
        pieces = _with_commas([pieces for pieces, _ in items[:kept]])
        if left_out:
            pieces.append(f"and {left_out} more" if kept else f"{left_out} tensors")
        lines = wrapped(pieces, width)
        if len(lines) <= most:
            break
    return lines


def _with_commas(items: list[list[str]]) -> list[str]:
    pieces = [piece for item in items[:-1] for piece in (*item[:-1], f"{item[-1]},")]
    return pieces + (items[-1] if items else [])


def tensor_in_words(tensor: Tensor, times: int) -> str:
    """A tensor with its shape and state."""
    state = "" if tensor.trained else " (frozen)"
    return f"{times_in_words(times)}{tensor.name} {shape_of(tensor)}{state}"


def times_in_words(number: int) -> str:
    """How often it is there, if more than once."""
    return f"{number} times " if number > 1 else ""


def first_of(tensors: Sequence[Tensor], most: int) -> tuple[list[tuple[Tensor, int]], int]:
    """The first different tensors, with how many there are of each, and how many are left."""
    different = list(Counter(tensors).items())
    shown = different if len(different) <= most else different[: most - 1]
    return shown, len(tensors) - sum(times for _, times in shown)


def described(tensors: Sequence[Tensor]) -> str:
    """Tensors in words, where there are many the first ones."""
    shown, left_out = first_of(tensors, MOST_TOLD)
    words = [tensor_in_words(tensor, times) for tensor, times in shown]
    return listed([*words, f"{left_out} more tensors"] if left_out else words)


def listed(words: Sequence[str]) -> str:
    """Words with "and" before the last."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
