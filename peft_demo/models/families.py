"""ARCHITECTURES: one row for each family of networks."""

from __future__ import annotations

from dataclasses import replace

from peft_demo.models.architecture import Architecture

_MEASURES = (
    "vocab_size",
    "max_position_embeddings",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
)

_BERT = Architecture(
    model_type="bert",
    label="BERT",
    body="bert",
    blocks="encoder.layer",
    embeddings="embeddings",
    attention_at="attention.self.",
    query="query",
    key="key",
    value="value",
    output="attention.output.dense",
    feedforward_in="intermediate.dense",
    feedforward_out="output.dense",
    attention_norm="attention.output.LayerNorm",
    output_norm="output.LayerNorm",
    head=("classifier",),
    pooler="bert.pooler.dense",
    pooling="first",
    measures=_MEASURES,
)

_ROBERTA = replace(
    _BERT,
    model_type="roberta",
    label="RoBERTa",
    body="roberta",
    head=("classifier.dense", "classifier.out_proj"),
    pooler="",
    pads_positions=True,
)

_ROWS = (
    Architecture(
        model_type="distilbert",
        label="DistilBERT",
        body="distilbert",
        blocks="transformer.layer",
        embeddings="embeddings",
        attention_at="attention.",
        query="q_lin",
        key="k_lin",
        value="v_lin",
        output="out_lin",
        feedforward_in="ffn.lin1",
        feedforward_out="ffn.lin2",
        attention_norm="sa_layer_norm",
        output_norm="output_layer_norm",
        head=("pre_classifier", "classifier"),
        pooling="first",
        measures=(
            "vocab_size",
            "max_position_embeddings",
            "dim",
            "n_layers",
            "n_heads",
            "hidden_dim",
        ),
        is_fast=True,
    ),
    _BERT,
    _ROBERTA,
    replace(_ROBERTA, model_type="xlm-roberta", label="XLM-RoBERTa"),
    replace(_ROBERTA, model_type="electra", label="ELECTRA", body="electra", pads_positions=False),
    Architecture(
        model_type="mpnet",
        label="MPNet",
        body="mpnet",
        blocks="encoder.layer",
        embeddings="embeddings",
        attention_at="attention.attn.",
        query="q",
        key="k",
        value="v",
        output="o",
        feedforward_in="intermediate.dense",
        feedforward_out="output.dense",
        attention_norm="attention.LayerNorm",
        output_norm="output.LayerNorm",
        head=("classifier.dense", "classifier.out_proj"),
        pooling="first",
        measures=_MEASURES,
        pads_positions=True,
    ),
    replace(
        _BERT,
        model_type="deberta-v2",
        label="DeBERTa-v2",
        body="deberta",
        query="query_proj",
        key="key_proj",
        value="value_proj",
        head=("pooler.dense", "classifier"),
        pooler="",
    ),
    Architecture(
        model_type="albert",
        label="ALBERT",
        body="albert",
        blocks="encoder.albert_layer_groups",
        within="albert_layers.0.",
        embeddings="embeddings",
        attention_at="attention.",
        query="query",
        key="key",
        value="value",
        output="attention.dense",
        feedforward_in="ffn",
        feedforward_out="ffn_output",
        attention_norm="attention.LayerNorm",
        output_norm="full_layer_layer_norm",
        head=("classifier",),
        pooler="albert.pooler",
        pooling="first",
        measures=_MEASURES,
        groups="num_hidden_groups",
    ),
    Architecture(
        model_type="modernbert",
        label="ModernBERT",
        body="model",
        blocks="layers",
        embeddings="embeddings",
        attention_at="",
        query="attn.Wqkv",
        key="attn.Wqkv",
        value="attn.Wqkv",
        output="attn.Wo",
        feedforward_in="mlp.Wi",
        feedforward_out="mlp.Wo",
        attention_norm="",
        some_norm="attn_norm",
        output_norm="mlp_norm",
        head=("classifier",),
        pooler="head.dense",
        pooling="mean",
        measures=_MEASURES,
        unbiased=("head.dense", "attn.Wqkv", "attn.Wo", "mlp.Wi", "mlp.Wo"),
        is_gated=True,
        norms_first=True,
    ),
)

ARCHITECTURES = {row.model_type: row for row in _ROWS}
"""Every family by its model_type."""


def with_pooler(family: Architecture) -> Architecture:
    """The family where a checkpoint does not bring the pooler: then it is trained as well."""
    return replace(family, head=(family.pooler, *family.head), pooler="")
