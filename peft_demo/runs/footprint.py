"""Memory that a training needs, and whether this machine has it: asked before a run is queued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peft_demo import memory, settings
from peft_demo.errors import refuse
from peft_demo.methods import METHODS
from peft_demo.models import Shape, hardware, shape_of

if TYPE_CHECKING:
    from peft_demo.runs.config import RunConfig

PROGRAM_BYTES = 750_000_000
"""torch, transformers, reviews and their tokens, without a base."""

BYTES_A_WIDTH = 24
"""For each token and block, and each number that the block hands on or makes within: what is kept
for the way back, and twice a batch's gradients."""

BYTES_A_PAIR = 7
"""For each pair of a text's tokens, each block and head: attention's scores and their mask."""


FLOAT32 = 1.75
"""By what factor all of it is more in float32 than in bfloat16, which keeps products in 2 bytes."""


def peak_bytes(config: RunConfig, precision: str) -> int:
    """What a program that trains this takes at most; see `benchmarks/NOTES.md`.

    Args:
        precision: what it computes in; see ``hardware.training_precision``.
    """
    base = shape_of(config.base_model)
    numbers = _numbers(base)
    weights = 4 * numbers
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
    return PROGRAM_BYTES + weights + built + round(kept) + _remembered(config, base)


def require_memory(config: RunConfig) -> None:
    """Refuse a training that this machine has no memory for.

    Raises:
        InvalidFieldsError: with what it needs, and what there is.
    """
    needed, free = peak_bytes(config, hardware.known_precision()), memory.free_bytes()
    if needed <= free or needed <= (free := free + memory.held_bytes()):
        return
    # On a GPU the texts of a batch lie in its own memory, which says for itself. Last, for both may
    # load torch.
    on_cpu, needed = hardware.device() == "cpu", peak_bytes(config, hardware.training_precision())
    if on_cpu and needed > free:
        refuse(
            "per_device_train_batch_size",
            f"per_device_train_batch_size {config.per_device_train_batch_size} with max_length "
            f"{config.max_length} needs about {needed / 1e9:.1f} GB of memory, "
            f"{free / 1e9:.1f} GB are free: one of them must be smaller.",
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
