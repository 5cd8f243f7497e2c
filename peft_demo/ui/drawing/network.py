"""The network with what a configuration trains: HTML that the browser lays out, and sentences.

Trained and frozen are told apart by outline, by glyph and in words, not by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from peft_demo.formats import whole
from peft_demo.languages import _
from peft_demo.ui.drawing.tensors import (
    described,
    first_of,
    listed,
    names_of,
    shape_of,
    shapes,
    tensor_in_words,
)
from peft_demo.ui.html import render

if TYPE_CHECKING:
    from peft_demo.adapters.parameter_count import ParameterCount, Tensor

MOST_SHARED = 3
"""Tensors that are drawn one by one beside the embeddings."""

IN_PLACE = ("weight", "bias")
"""A module's own tensors: where the first is trained, the module itself is drawn as trained."""


@dataclass(frozen=True)
class Module:
    """A module of the network, and what is added to it or trained in it."""

    name: str
    own: tuple[Tensor, ...] = ()
    added: tuple[Tensor, ...] = ()

    @property
    def state(self) -> str:
        """Of its own weights."""
        return "trained" if self.own else "frozen"

    @property
    def hint(self) -> str:
        """What its tooltip says."""
        tensors = (*self.own, *self.added)
        return f"{self.name}: {described(tensors) if tensors else _('frozen')}"

    @property
    def boxes(self) -> list[tuple[str, list[str]]]:
        """The shapes in it, each box with its look; the module's own tensors stand without one."""
        boxes = (
            ("own", self.own),
            ("trained", [tensor for tensor in self.added if tensor.trained]),
            ("frozen", [tensor for tensor in self.added if not tensor.trained]),
        )
        return [(look, shapes(tensors)) for look, tensors in boxes if tensors]


def draw(counts: ParameterCount, label: str) -> str:
    """HTML of the network with a configuration's adapters.

    Args:
        counts: what is trained where.
        label: the method's name, as it is shown and read aloud.
    """
    groups = [*(part.tensors for part in counts.block), counts.shared]
    trained, frozen = (
        dict.fromkeys(
            name
            for tensors in groups
            for name in names_of([tensor for tensor in tensors if tensor.trained is is_trained])
        )
        for is_trained in (True, False)
    )
    legend = {
        "trained": [
            _("the head"),
            *trained,
            *([_("the embeddings")] if counts.embeddings else []),
        ]
    }
    if _any_frozen(counts):
        legend["frozen"] = [_("the rest of the network"), *frozen]
    shared, num_more = first_of(counts.shared, MOST_SHARED)
    return render(
        "drawing",
        label=label,
        description=in_words(counts, label),
        legend=legend,
        counts=counts,
        family=counts.architecture,
        modules=_modules(counts),
        each=_each(counts),
        blocks=[(number, number in counts.some_blocks) for number in range(counts.n_layers)],
        embeddings=Module("embeddings", counts.embeddings),
        shared=shared,
        num_more=num_more,
        shape=shape_of,
        hint=tensor_in_words,
    )


def _modules(counts: ParameterCount) -> dict[str, Module]:
    """All modules of a block by their names."""
    family = counts.architecture
    names = (*family.modules, family.some_norm) if family.some_norm else family.modules
    modules = {name: Module(name) for name in names}
    for part in counts.block:
        own = _own_tensors(part.tensors)
        added = tuple(tensor for tensor in part.tensors if tensor not in own)
        modules[part.module] = Module(part.module, own, added)
    return modules


def _each(counts: ParameterCount) -> str:
    """What each block trains."""
    tensors = [tensor for part in counts.block for tensor in part.tensors]
    trained = sum(math.prod(tensor.shape) for tensor in tensors if tensor.trained)
    if trained and counts.some_blocks:
        told = {"blocks": ", ".join(map(str, counts.some_blocks)), "count": whole(trained)}
        if len(counts.some_blocks) == 1:
            return _("%(blocks)s trains %(count)s") % told
        return _("%(blocks)s train %(count)s each") % told
    if trained and counts.num_lacking:
        every = counts.n_layers * trained - counts.num_lacking
        return _("all train %(count)s") % {"count": whole(every)}
    if trained:
        return _("each trains %(count)s") % {"count": whole(trained)}
    return _("nothing of their own") if counts.block else _("all frozen")


def in_words(counts: ParameterCount, label: str) -> str:
    """What is trained where, in sentences for those who hear the drawing."""
    sentences = []
    if counts.block:
        alike: dict[tuple[Tensor, ...], list[str]] = {}
        for part in counts.block:
            alike.setdefault(part.tensors, []).append(part.module)
        each = blocks_in_words(counts)
        clauses = "; ".join(
            clause for tensors, modules in alike.items() for clause in _clauses(tensors, modules)
        )
        told = {"blocks": each, "method": label, "does": clauses}
        sentences.append(_("In %(blocks)s, %(method)s %(does)s.") % told)
    if counts.num_lacking:
        norm = {"norm": counts.architecture.some_norm}
        sentences.append(_("The first block has no %(norm)s.") % norm)
    if counts.num_elsewhere:
        count = {"count": whole(counts.num_elsewhere)}
        sentences.append(_("The other blocks train %(count)s biases.") % count)
    if counts.num_around:
        count = {"count": whole(counts.num_around)}
        sentences.append(_("Around the blocks, %(count)s parameters are trained.") % count)
    if counts.shared:
        told = {"method": label, "tensors": described(counts.shared)}
        before = _("%(method)s puts before every text %(tensors)s.")
        sentences.append((_("All blocks share %(tensors)s.") if counts.block else before) % told)
    if counts.embeddings:
        sentences.append(_embeddings_in_words(counts.embeddings))
    count = {"count": whole(counts.num_head_parameters)}
    sentences.append(_("The classification head is trained (%(count)s parameters).") % count)
    if _any_frozen(counts):
        sentences.append(_("Everything else is frozen."))
    return " ".join(sentences)


def _clauses(tensors: tuple[Tensor, ...], modules: Sequence[str]) -> list[str]:
    """What is trained of some modules' own tensors, and what is added to them."""
    own = [tensor for tensor in tensors if tensor.name in IN_PLACE]
    added = [tensor for tensor in tensors if tensor not in own]
    where = {"modules": listed(modules)}
    clauses = []
    if own:
        clauses.append(
            _("trains %(tensors)s of %(modules)s") % {"tensors": described(own), **where}
        )
    if added or not own:
        clauses.append(
            _("adds %(tensors)s to %(modules)s") % {"tensors": described(added), **where}
        )
    return clauses


def _embeddings_in_words(tensors: Sequence[Tensor]) -> str:
    if any("embeddings" in tensor.name for tensor in tensors):
        return _("The embeddings are trained.")
    return _("Of the embeddings, %(tensors)s is trained.") % {"tensors": described(tensors)}


def blocks_in_words(counts: ParameterCount) -> str:
    """The blocks that get something."""
    if counts.some_blocks:
        numbers = [str(number) for number in counts.some_blocks]
        told = {"blocks": listed(numbers), "last": counts.n_layers - 1}
        many = _("blocks %(blocks)s of 0 to %(last)s")
        return (many if len(numbers) > 1 else _("block %(blocks)s of 0 to %(last)s")) % told
    if counts.n_layers == 1 and counts.times > 1:
        return _("the only block, which is computed %(count)s times") % {"count": counts.times}
    if counts.n_layers == 1:
        return _("the only block")
    return _("each of %(count)s blocks") % {"count": counts.n_layers}


def _own_tensors(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """A module's own tensors where its weight is among them: some have no bias."""
    own = tuple(tensor for tensor in tensors if tensor.name in IN_PLACE)
    return own if any(tensor.name == IN_PLACE[0] for tensor in own) else ()


def _any_frozen(counts: ParameterCount) -> bool:
    """Whether some of the network stays as it is."""
    whole = [part for part in counts.block if _own_tensors(part.tensors)]
    return len(whole) < len(counts.architecture.modules) or not counts.embeddings
