"""What frozen blocks make of texts, shared by all runs of this process on one base.

Thirty students are tested on the same texts: the blocks below their adapters compute them once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeAlias

import torch

from peft_demo import settings

Texts: TypeAlias = tuple[tuple[int, ...], ...]
"""Their tokens, all of one length."""


class Computed(NamedTuple):
    """What several blocks make of a batch."""

    states: torch.Tensor
    """Of shape (texts, tokens, width)."""
    beside: tuple[None, ...] | None
    """What each block returns beside them; None where it returns no tuple."""


class SharedStates:
    """Batches by all that their states depend on; those used longest ago make room.

    The same batch of the same texts, by the same weights in the same type of number and with as
    many threads, gives the same states to the last digit: no run can tell who computed them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Computed, Sequence[torch.Tensor]]] = OrderedDict()
        self.num_bytes = 0

    def of(
        self,
        texts: Texts,
        num_blocks: int,
        weights: Sequence[torch.Tensor],
        compute: Callable[[], Computed],
    ) -> Computed:
        """A batch, computed where nobody has before."""
        is_autocast = torch.is_autocast_enabled("cpu")
        key = (texts, num_blocks, *map(id, weights), is_autocast, torch.get_num_threads())
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        found = compute()
        with self._lock:
            if key not in self._kept:
                # With the weights: another tensor could come to lie where these lay.
                self._kept[key] = found, weights
                self.num_bytes += found.states.nbytes
            self._make_room(1_000_000 * int(settings.features_mb()))
        return found

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._make_room(0)

    def _make_room(self, most_bytes: int) -> None:
        while self.num_bytes > most_bytes:
            _, (oldest, _) = self._kept.popitem(last=False)
            self.num_bytes -= oldest.states.nbytes


shared_states = SharedStates()
