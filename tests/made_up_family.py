"""A made-up base of another family, as a row that anybody might add."""

from dataclasses import replace

import pytest

from peft_demo.models import BASES, BUILTIN_BASE, Architecture, Pretrained, Shape

MINE = {
    "vocab_size": 100,
    "max_position_embeddings": 64,
    "dim": 24,
    "n_layers": 3,
    "n_heads": 4,
    "hidden_dim": 60,
}

MADE_UP = Architecture(
    model_type="bert",
    label="BERT",
    body="bert",
    blocks="encoder.layer",
    embeddings="embeddings",
    attention_at="attention.",
    query="self.query",
    key="self.key",
    value="self.value",
    output="output.dense",
    feedforward_in="intermediate.dense",
    feedforward_out="output.dense2",
    attention_norm="attention.output.LayerNorm",
    output_norm="output.LayerNorm",
    head=("classifier",),
    pooling="first",
    measures=(
        "vocab_size",
        "max_position_embeddings",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
    ),
    is_fast=True,
)
"""Another family, with names and measures of its own."""


@pytest.fixture
def made_up_base(monkeypatch: pytest.MonkeyPatch) -> Pretrained:
    """A base of it, among the bases for one test."""
    row = replace(
        BASES[BUILTIN_BASE],
        id="made-up",
        label="Made up (nowhere)",
        shape=Shape(**MINE, architecture=MADE_UP),
    )
    monkeypatch.setitem(BASES, row.id, row)
    return row
