"""Methods that leave the network alone and put trained tokens before the review."""

from __future__ import annotations

from dataclasses import replace

from peft_demo.fields import Integer
from peft_demo.methods.method import ConfigOf, Method, Setting, Values, at_most

_NUM_VIRTUAL_TOKENS = Integer(
    "num_virtual_tokens",
    "Virtual tokens",
    "How many trained tokens stand before every review. Each makes the text longer to read.",
    10,
    1,
    100,
    1,
    unit="tokens",
)


def _config_of(name: str) -> ConfigOf:
    # Measures are given, because peft looks for them under names that not all families have.
    return ConfigOf(
        name,
        {"num_transformer_submodules": 1},
        derived=lambda values, setting: {
            "token_dim": setting.base.embedding_dim or setting.base.dim,
            "num_layers": setting.base.n_layers,
            "num_attention_heads": setting.base.n_heads,
        },
    )


def _check_length(values: Values, setting: Setting) -> None:
    most = setting.base.max_position_embeddings - setting.max_length
    limit = (
        f"{most} beside reviews of {setting.max_length} tokens, because the base reads "
        f"{setting.base.max_position_embeddings}"
    )
    at_most(values, "num_virtual_tokens", most, limit)


_PROMPT_TUNING = Method(
    id="prompt_tuning",
    kept_activations=0.8,
    label="Prompt tuning",
    summary="Puts a few trained tokens before the review; the network itself stays frozen.",
    formula=r"h = f_W \bigl( [\, p_1, \ldots, p_n, x \,] \bigr)",
    year=2021,
    paper="The Power of Scale for Parameter-Efficient Prompt Tuning",
    paper_url="https://arxiv.org/abs/2104.08691",
    fields=(_NUM_VIRTUAL_TOKENS,),
    trains_inputs=True,
    stacks=False,
    starting_rate=1e-2,
    peft_config=_config_of("PromptTuningConfig"),
    merges=False,
    check=_check_length,
)

ROWS = (
    _PROMPT_TUNING,
    replace(
        _PROMPT_TUNING,
        id="p_tuning",
        label="P-tuning",
        summary="Prompt tuning whose tokens come out of a small trained network.",
        formula=r"h = f_W \bigl( [\, \operatorname{MLP}(p_1), \ldots, \operatorname{MLP}(p_n), "
        r"x \,] \bigr)",
        year=2021,
        paper="GPT Understands, Too",
        paper_url="https://arxiv.org/abs/2103.10385",
        fields=(
            _NUM_VIRTUAL_TOKENS,
            Integer(
                "encoder_hidden_size",
                "Hidden size (encoder_hidden_size)",
                "Width of the small network that makes the tokens.",
                128,
                8,
                1_024,
                8,
            ),
        ),
        starting_rate=3e-3,
        peft_config=_config_of("PromptEncoderConfig"),
        note="The file holds the finished tokens, not the network that made them.",
    ),
)
