"""Memory that a training needs, and whether this machine has it: asked before a run is queued."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from peft_demo import memory, settings
from peft_demo.errors import refuse
from peft_demo.methods import METHODS
from peft_demo.models import Shape, hardware, shape_of
from peft_demo.runs.results import Record

if TYPE_CHECKING:
    from peft_demo.runs.config import RunConfig
    from peft_demo.runs.known import KnownConfig
    from peft_demo.runs.run import Run

PROGRAM_BYTES = 750_000_000
"""torch, transformers, reviews and their tokens, without a base."""

BYTES_A_WIDTH = 24
"""For each token and block, and each number that the block hands on or makes within: what is kept
for the way back, and twice a batch's gradients."""

BYTES_A_PAIR = 7
"""For each pair of a text's tokens, each block and head: attention's scores and their mask."""


FLOAT32 = 1.75
"""By what factor all of it is more in float32 than in bfloat16, which keeps products in 2 bytes."""


LEAST_TELLING = 200_000_000
"""Bytes forecast of a training from which on what it took tells of larger ones: below, what every
training takes, whatever its batch, is most of it."""

FEWEST_RUNS = 3
"""From so many on what was measured may be less than the estimate."""

SCALES = (0.6, 2.0)
"""What was measured moves an estimate by no smaller and no larger factor."""

LARGEST_EXCESS = 500_000_000
"""Bytes above the estimate that a training no smaller than a measured one is believed to take,
where the largest factor says less: trainings of few tokens take that of everything else."""

MOST_MEASURED = 50
"""Runs, the newest, that a forecast goes by …"""

MOST_READ = 1_000
"""… of so many of all, the newest."""


class Measured(Record):
    """What this machine's own runs of a base and method took: bytes estimated, and measured."""

    pairs: tuple[tuple[int, int], ...] = ()

    def corrected(self, estimate: int) -> int:
        """An estimate by what was measured.

        At least what a training took that was to take as much or less; otherwise the largest factor
        found, which is below 1 for FEWEST_RUNS or more only.
        """
        factors = [took / told for told, took in self.pairs if told >= LEAST_TELLING]
        if len(factors) < FEWEST_RUNS:
            factors.append(1.0)
        factor = min(max(*factors, SCALES[0]), SCALES[1])
        least = max((took for told, took in self.pairs if told <= estimate), default=0)
        most = max(SCALES[1] * estimate, estimate + LARGEST_EXCESS)
        return round(min(max(factor * estimate, least), most))


NOTHING = Measured()


def measured(config: KnownConfig, runs: Iterable[Run]) -> Measured:
    """What those of a configuration's base and method took that trained alone in a process."""
    alike = (
        (run.config, run.result.precision, run.result.memory_bytes)
        for run in islice(runs, MOST_READ)
        if run.result
        and run.result.memory_bytes
        and not run.is_reference
        and (run.config.base_model, run.config.method) == (config.base_model, config.method)
        and run.problem is None
    )
    pairs = [
        (training_bytes(known.for_training(), precision), took)
        for known, precision, took in islice(alike, MOST_MEASURED)
    ]
    return Measured(pairs=tuple(pairs))


def peak_bytes(config: RunConfig, precision: str, known: Measured = NOTHING) -> int:
    """What a program that trains this takes at most; see `benchmarks/NOTES.md`.

    Args:
        precision: what it computes in; see ``hardware.training_precision``.
        known: what such runs took here.
    """
    base = 4 * _numbers(shape_of(config.base_model))
    return PROGRAM_BYTES + base + known.corrected(training_bytes(config, precision))


def training_bytes(config: RunConfig, precision: str) -> int:
    """What a training takes beyond the program with base and texts, as estimated."""
    base = shape_of(config.base_model)
    numbers = _numbers(base)
    weights = 0
    if METHODS[config.method].needs_own_base(config.method_values):
        weights += 4 * numbers
    if config.method == "full_ft":
        weights += 12 * numbers  # gradients, and two numbers of AdamW's
    length = config.max_length
    tokens = config.per_device_train_batch_size * length
    of_a_token = BYTES_A_WIDTH * (base.dim + base.hidden_dim) + BYTES_A_PAIR * base.n_heads * length
    kept = METHODS[config.method].kept_activations * tokens * _blocks(config, base) * of_a_token
    kept *= 1 if precision == "bfloat16" else FLOAT32
    built = METHODS[config.method].built_bytes * base.n_layers * _block_numbers(base)
    return round(weights + built + kept) + _remembered(config, base)


def require_memory(config: RunConfig, known: Measured = NOTHING) -> None:
    """Refuse a training that this machine has no memory for.

    Args:
        known: what such runs took here.

    Raises:
        InvalidFieldsError: with what it needs, and what there is.
    """
    needed, free = peak_bytes(config, hardware.known_precision(), known), memory.free_bytes()
    if needed <= free or needed <= (free := free + memory.held_bytes()):
        return
    # On a GPU the texts of a batch lie in its own memory, which says for itself. Last, for both may
    # load torch.
    on_cpu = hardware.device() == "cpu"
    needed = peak_bytes(config, hardware.training_precision(), known)
    if on_cpu and needed > free:
        refuse(
            "per_device_train_batch_size",
            f"per_device_train_batch_size {config.per_device_train_batch_size} with max_length "
            f"{config.max_length} needs about {needed / 1e9:.1f} GB of memory (measured on runs "
            f"here: {len(known.pairs)}), {free / 1e9:.1f} GB are free: one of them must be smaller."
            if known.pairs
            else f"per_device_train_batch_size {config.per_device_train_batch_size} with "
            f"max_length {config.max_length} needs about {needed / 1e9:.1f} GB of memory "
            f"(estimated), {free / 1e9:.1f} GB are free: one of them must be smaller.",
        )


def _blocks(config: RunConfig, base: Shape) -> int:
    """How many blocks keep what they computed: those from the first adapter on.

    Of frozen ones below, or of a frozen base, one at a time.
    """
    if config.method == "head_only":
        return 1
    frozen = _frozen_blocks(config)
    return base.n_layers - frozen + min(1, frozen)


def _frozen_blocks(config: RunConfig) -> int:
    """How many blocks stand below all that is trained."""
    values = config.method_values
    has_trained_biases = values.get("bias") not in (None, "none")
    return 0 if has_trained_biases else min(values.get("layers_to_transform") or (0,))


def _remembered(config: RunConfig, base: Shape) -> int:
    """What frozen blocks that nothing is dropped in remember of the run's texts.

    Twice: it lies among what is made and forgotten in each step, which the process keeps.
    """
    if config.base_dropout != 0 or not _frozen_blocks(config):
        return 0
    texts = config.num_reviews + config.num_test_reviews
    numbers = base.dim * config.max_length * texts
    return 2 * min(4 * numbers, 1_000_000 * int(settings.features_mb()))


def _numbers(base: Shape) -> int:
    embeddings = (base.vocab_size + base.max_position_embeddings) * base.dim
    return embeddings + base.n_layers * _block_numbers(base)


def _block_numbers(base: Shape) -> int:
    return 4 * base.dim**2 + 2 * base.dim * base.hidden_dim
