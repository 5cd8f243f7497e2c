"""CONVENTIONS: one row for each way in which networks elsewhere name the modules of a block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Roles: TypeAlias = tuple[str, ...]
"""Attributes of Architecture that a module stands for; several where networks fuse them."""

Paths: TypeAlias = Mapping[str, Roles]
"""What stands for what within a block, by its path there."""

_QKV = ("query", "key", "value")
"""Of a module that computes all three at once."""


@dataclass(frozen=True)
class Convention:
    """How one family of networks names the modules of its blocks."""

    label: str
    blocks: str
    """Where the blocks stand in the network."""
    paths: Paths


def _row(label: str, blocks: str, **paths: str) -> Convention:
    """A convention from the paths of each role, parted by blanks."""
    roles: dict[str, Roles] = {}
    for role, listed in paths.items():
        for path in listed.split():
            roles[path] = (*roles.get(path, ()), *(_QKV if role == "qkv" else (role,)))
    return Convention(label, blocks, roles)


CONVENTIONS = (
    _row(
        "LLaMA",
        "model.layers.",
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        output="self_attn.o_proj",
        feedforward_in="mlp.gate_proj mlp.up_proj",
        feedforward_out="mlp.down_proj",
        attention_norm="input_layernorm",
        output_norm="post_attention_layernorm",
    ),
    _row(
        "Phi-3",
        "model.layers.",
        qkv="self_attn.qkv_proj",
        output="self_attn.o_proj",
        feedforward_in="mlp.gate_up_proj",
        feedforward_out="mlp.down_proj",
    ),
    _row(
        "OPT and BART",
        "model.decoder.layers.",
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        output="self_attn.out_proj",
        feedforward_in="fc1",
        feedforward_out="fc2",
        attention_norm="self_attn_layer_norm",
        output_norm="final_layer_norm",
    ),
    _row(
        "GPT-2",
        "transformer.h.",
        qkv="attn.c_attn",
        output="attn.c_proj",
        feedforward_in="mlp.c_fc",
        feedforward_out="mlp.c_proj",
        attention_norm="ln_1",
        output_norm="ln_2",
    ),
    _row(
        "GPT-J",
        "transformer.h.",
        query="attn.q_proj",
        key="attn.k_proj",
        value="attn.v_proj",
        output="attn.out_proj",
        feedforward_in="mlp.fc_in",
        feedforward_out="mlp.fc_out",
    ),
    _row(
        "GPT-NeoX, BLOOM and Falcon",
        "transformer.h.",
        qkv="self_attention.query_key_value attention.query_key_value",
        output="self_attention.dense attention.dense",
        feedforward_in="mlp.dense_h_to_4h",
        feedforward_out="mlp.dense_4h_to_h",
    ),
    _row(
        "MPT",
        "transformer.blocks.",
        qkv="attn.Wqkv",
        output="attn.out_proj",
        feedforward_in="ffn.up_proj",
        feedforward_out="ffn.down_proj",
    ),
    _row(
        "T5",
        "encoder.block.",
        query="layer.0.SelfAttention.q",
        key="layer.0.SelfAttention.k",
        value="layer.0.SelfAttention.v",
        output="layer.0.SelfAttention.o",
        feedforward_in="layer.1.DenseReluDense.wi layer.1.DenseReluDense.wi_0 "
        "layer.1.DenseReluDense.wi_1",
        feedforward_out="layer.1.DenseReluDense.wo",
    ),
    _row(
        "PyTorch's own transformer",
        "encoder.layers.",
        qkv="self_attn.in_proj self_attn.in_proj_weight",
        output="self_attn.out_proj",
        feedforward_in="linear1",
        feedforward_out="linear2",
        attention_norm="norm1",
        output_norm="norm2",
    ),
    _row(
        "Mixtral",
        "model.layers.",
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        output="self_attn.o_proj",
        feedforward_in="w1 w3",
        feedforward_out="w2",
    ),
    _row(
        "timm",
        "blocks.",
        qkv="attn.qkv",
        output="attn.proj",
        feedforward_in="mlp.fc1",
        feedforward_out="mlp.fc2",
    ),
    _row(
        "Diffusers",
        "transformer_blocks.",
        query="attn1.to_q",
        key="attn1.to_k",
        value="attn1.to_v",
        output="attn1.to_out.0",
        feedforward_in="ff.net.0.proj",
        feedforward_out="ff.net.2",
    ),
    _row("short names", "layers.", query="q", key="k", value="v", output="o out"),
)
"""In the order in which they are asked; what several have in common belongs to the first."""
