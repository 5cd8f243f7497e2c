"""OnePass: runs that differ by seed or learning rate only, whose steps are computed at once.

Each run keeps a thread, a Trainer, an optimiser and random generators of its own, and is trained,
tested and saved as ever. Only forward and backward are shared: the runs meet at each step, their
adapters are stacked, and ``torch.func.vmap`` takes all batches through the one frozen base. A GPU
that waits for its next kernel most of the time trains k runs in little more than the time of one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from peft_demo import settings
from peft_demo.methods import METHODS
from peft_demo.models import BASES, hardware, random_state
from peft_demo.runs import LEARNING_RATE, NAME, PART_SEEDS, KnownConfig

if TYPE_CHECKING:
    import torch
    from torch import nn

    from peft_demo.models.fast_forward import Draw

logger = logging.getLogger(__name__)

MOST_RUNS = 8
"""Runs in one pass: each adds its activations to the memory."""

_MAY_DIFFER = {NAME.name, "seed", *PART_SEEDS, LEARNING_RATE.name}


def is_wanted() -> bool:
    """Whether repeats go in one pass: on a GPU, or where ``PEFT_DEMO_REPEATS`` says so."""
    if settings.forward() == "transformers":
        return False
    chosen = settings.repeats()
    return chosen == "one_pass" or (chosen == "auto" and hardware.device() == "cuda")


def can_share(first: KnownConfig, other: KnownConfig) -> bool:
    """Whether two runs differ only in what each run of a pass has of its own."""
    ours, theirs = first.flat(), other.flat()
    differing = {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}
    row = BASES.get(first.base_model)
    may = METHODS[first.method].stacks and row is not None and row.architecture.is_fast
    return may and differing <= _MAY_DIFFER


@dataclass(eq=False)
class _Step:
    """What a run brings to a step, and what it gets back."""

    place: int
    model: nn.Module
    inputs: dict[str, torch.Tensor]
    generator: torch.Generator
    is_done: bool = False
    loss: torch.Tensor | None = None
    share: float = 0.0
    """Seconds of the common step that are this run's."""


@dataclass(frozen=True)
class Stepped:
    """How a step of one run went."""

    loss: torch.Tensor | None
    """None if the run has to compute the step by itself."""
    paused_seconds: float
    """How long it waited for the others, and for their parts of the step."""


Member: TypeAlias = "Callable[[nn.Module, dict[str, torch.Tensor]], Stepped]"
"""One run's part in a pass: ``OnePass.step`` at its place."""


class OnePass:
    """Where the runs of a pass meet. Each thread calls ``step`` with its own place, from 0."""

    def __init__(self, num_runs: int) -> None:
        self._meeting = threading.Condition()
        self._going = set(range(num_runs))
        self._waiting: list[_Step] = []
        self._stack: _Stack | None = None
        self._is_over = False

    @contextmanager
    def member(self, place: int) -> Iterator[Member]:
        """Take part until the end of the block, however the run ends."""
        try:
            yield partial(self.step, place)
        finally:
            with self._meeting:
                self._going.discard(place)
                self._meeting.notify_all()

    def step(self, place: int, model: nn.Module, inputs: dict[str, torch.Tensor]) -> Stepped:
        """Put the gradients of one batch into the model, together with the other runs' steps."""
        import torch

        if self._is_over:
            return Stepped(None, 0.0)
        asked = time.perf_counter()
        mine = _Step(place, model, inputs, torch.Generator())
        with random_state.away_from_generators(mine.generator), self._meeting:
            self._waiting.append(mine)
            self._meeting.notify_all()
            while not mine.is_done:
                # Whoever sees that all are here computes; the others wake up when it is done.
                if len(self._waiting) == len(self._going):
                    self._compute()
                    self._meeting.notify_all()
                else:
                    self._meeting.wait()
        return Stepped(mine.loss, time.perf_counter() - asked - mine.share)

    def _compute(self) -> None:
        steps = sorted(self._waiting, key=lambda step: step.place)
        self._waiting = []
        started = time.perf_counter()
        if len(steps) > 1 and not self._is_over:
            before = [step.generator.get_state() for step in steps]
            try:
                self._stack = _stacked([step.model for step in steps], self._stack)
                for step, loss in zip(steps, self._stack.backward(steps), strict=True):
                    step.loss = loss
            except Exception:  # want of memory, or of a rule for vmap; each is right alone as well
                logger.exception("Runs that shared their steps go on one by one")
                self._is_over = True
                for step, state in zip(steps, before, strict=True):
                    step.model.zero_grad()
                    step.generator.set_state(state)
        share = (time.perf_counter() - started) / len(steps)
        for step in steps:
            step.is_done, step.share = True, share


@dataclass(frozen=True)
class _Stack:
    """Models of one structure, as one."""

    models: tuple[nn.Module, ...]
    trained: tuple[str, ...]
    """Names of the tensors that each has of its own and trains."""
    fixed: dict[str, torch.Tensor] = field(repr=False)
    """Frozen tensors in which they differ, stacked. In all others the first stands for all."""

    def backward(self, steps: Sequence[_Step]) -> list[torch.Tensor]:
        """The runs' losses; adds the gradients to the parameters of each."""
        import torch
        from torch.func import functional_call

        from peft_demo.models.fast_forward import masks_drawn_by

        each = [dict(model.named_parameters()) for model in self.models]
        # Gradients flow back through the stacking to the parameters of each run.
        tensors = {
            name: torch.stack([parameters[name] for parameters in each]) for name in self.trained
        }
        first: Any = self.models[0]
        inputs = _padded([step.inputs for step in steps], first.config.pad_token_id)

        def loss_of(own: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> torch.Tensor:
            return functional_call(first, own, kwargs=batch).loss

        with masks_drawn_by(_draw_for_each([step.generator for step in steps])):
            losses = torch.vmap(loss_of, randomness="different")({**tensors, **self.fixed}, inputs)
        losses.sum().backward()
        return list(losses.detach())


def _stacked(models: Sequence[nn.Module], known: _Stack | None) -> _Stack:
    """How to stack the models; as before while they are the same ones."""
    import torch

    if known is not None and known.models == tuple(models):
        return known
    trained, fixed = [], {}
    each = [{**dict(model.named_parameters()), **dict(model.named_buffers())} for model in models]
    for name, first in each[0].items():
        tensors = [of_one[name] for of_one in each]
        if first.requires_grad:
            trained.append(name)
        elif not all(tensor is first or torch.equal(tensor, first) for tensor in tensors):
            fixed[name] = torch.stack(tensors)
    return _Stack(tuple(models), tuple(trained), fixed)


def _draw_for_each(generators: Sequence[torch.Generator]) -> Draw:
    """Draws, within ``torch.vmap`` over several runs, the masks of each from its own generator."""
    import torch

    from peft_demo.models.fast_forward import dropout_mask

    class Masks(torch.autograd.Function):
        """Only torch.vmap's rule is there: it alone tells which runs there are."""

        @staticmethod
        def forward(values: torch.Tensor, shape: Sequence[int], p: float) -> torch.Tensor:
            raise NotImplementedError

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None: ...

        @staticmethod
        def vmap(
            info: Any, in_dims: Any, values: torch.Tensor, shape: Sequence[int], p: float
        ) -> tuple[torch.Tensor, int]:
            each = [dropout_mask(shape, p, values.dtype, own) for own in generators]
            return torch.stack(each), 0

    return Masks.apply


def _padded(batches: Sequence[dict[str, Any]], padding: int) -> dict[str, torch.Tensor]:
    """Batches of equally many texts as one, of shape (runs, texts, …), with a mask for attention.

    The mask, of shape (runs, texts, 1, tokens, tokens), is what transformers makes of one with
    two dimensions, looking at its values, which vmap does not allow.
    """
    import torch
    from torch.nn import functional

    longest = max(batch["input_ids"].shape[1] for batch in batches)

    def stacked(name: str, filler: int) -> torch.Tensor:
        return torch.stack(
            [
                functional.pad(batch[name], (0, longest - batch[name].shape[1]), value=filler)
                for batch in batches
            ]
        )

    mask = stacked("attention_mask", 0).bool()
    return {
        "input_ids": stacked("input_ids", padding),
        "attention_mask": mask[:, :, None, None, :].expand(-1, -1, 1, longest, -1),
        "labels": torch.stack([batch["labels"] for batch in batches]),
    }
