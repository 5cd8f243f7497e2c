"""What is trained where, in sentences for those who hear the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from peft_demo.ui.drawing.tensors import described, listed

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import ParameterCount, Part, Tensor

IN_PLACE = ("weight", "bias")
"""A module's own tensors: where both are trained, the module itself is drawn as trained."""


def in_words(counts: ParameterCount, label: str) -> str:
    """What is trained where, in sentences for those who hear the drawing."""
    sentences = []
    if counts.block:
        each = f"each of {counts.n_layers} blocks" if counts.n_layers > 1 else "the only block"
        clauses = "; ".join(
            f"{'trains' if own_tensors(tensors) else 'adds'} {described(tensors)} "
            f"{'of' if own_tensors(tensors) else 'to'} {listed(modules)}"
            for tensors, modules in _alike(counts.block)
        )
        sentences.append(f"In {each}, {label} {clauses}.")
    if counts.shared:
        where = "All blocks share" if counts.block else f"{label} puts before every review"
        sentences.append(f"{where} {described(counts.shared)}.")
    if counts.embeddings:
        sentences.append("The embeddings are trained.")
    sentences.append(
        f"The classification head is trained ({counts.num_head_parameters:,} parameters)."
    )
    if any_frozen(counts):
        sentences.append("Everything else is frozen.")
    return " ".join(sentences)


def _alike(block: Sequence[Part]) -> list[tuple[tuple[Tensor, ...], list[str]]]:
    """The modules of a block by what they get."""
    groups: dict[tuple[Tensor, ...], list[str]] = {}
    for part in block:
        groups.setdefault(part.tensors, []).append(part.module)
    return list(groups.items())


def own_tensors(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """A module's own tensors where all of them are trained."""
    own = tuple(tensor for tensor in tensors if tensor.name in IN_PLACE)
    return own if len(own) == len(IN_PLACE) else ()


def any_frozen(counts: ParameterCount) -> bool:
    """Whether some of the network stays as it is."""
    whole = [part for part in counts.block if own_tensors(part.tensors)]
    return len(whole) < len(counts.architecture.modules) or not counts.embeddings
