"""What a configuration would train and store, counted without loading a weight."""

from __future__ import annotations

from dataclasses import dataclass

from peft_demo.methods import Setting, Values


@dataclass(frozen=True)
class Tensor:
    """One tensor that a method adds, or a tensor of the base that it trains."""

    name: str
    """As the module names it: ``lora_A``, ``vera_lambda_b``, ``weight``."""
    shape: tuple[int, ...]
    trained: bool
    """False for one that is drawn once and frozen, such as VeRA's random matrices."""


@dataclass(frozen=True)
class Part:
    """What happens at one module of a block."""

    module: str
    """``q_lin``, ``k_lin``, ``v_lin``, ``out_lin``, ``ffn.lin1``, ``ffn.lin2``, ``sa_layer_norm``
    or ``output_layer_norm``."""
    tensors: tuple[Tensor, ...]


@dataclass(frozen=True)
class Blueprint:
    """Counts and places of everything that a configuration trains."""

    num_adapter_parameters: int
    """Trained parameters outside the head."""
    num_head_parameters: int
    num_base_parameters: int
    """All parameters of the base without the head."""
    file_bytes: int
    """Size of the saved weights."""
    optimizer_bytes: int
    """What AdamW keeps: two float32 numbers for each trained parameter."""
    n_layers: int
    block: tuple[Part, ...]
    """The modules of a block that something is added to or trained in; all blocks are alike."""
    shared: tuple[Tensor, ...]
    """What the method adds once for all blocks: a vector bank, random matrices, virtual tokens."""
    embeddings: tuple[Tensor, ...]
    """Tensors of the embeddings that are trained."""

    @property
    def share_of_base(self) -> float:
        """Adapter parameters as a share of the base's."""
        return self.num_adapter_parameters / self.num_base_parameters


def blueprint(method_id: str, values: Values, setting: Setting) -> Blueprint:
    """Count a configuration; the same question is answered from memory.

    Args:
        method_id: a row of METHODS.
        values: the method's own fields, checked.
        setting: base, steps and seed of the run.
    """
    raise NotImplementedError
