"""Methods that share matrices between layers, or draw them once at random and freeze them."""

from __future__ import annotations

from dataclasses import replace

from peft_demo.fields import Integer, Number
from peft_demo.methods.method import (
    LAYERS,
    TARGET_MODULES,
    ConfigOf,
    Method,
    Setting,
    Values,
    at_most,
    dropout,
    must_divide_widths,
    rank,
    rank_fits_widths,
)

_D_INITIAL = Number(
    "d_initial",
    "First scale (d_initial)",
    "What the trained scales of the inner directions start from.",
    0.1,
    0.01,
    1.0,
    0.01,
)

_VECTOR_LENGTH = Integer(
    "vector_length",
    "Vector length",
    "Length of each vector. Must divide the widths of the target layers.",
    128,
    2,
    384,
)


def _check_vblora(values: Values, setting: Setting) -> None:
    must_divide_widths(_VECTOR_LENGTH)(values, setting)
    at_most(values, "topk", values["num_vectors"], f"num_vectors ({values['num_vectors']})")


_VERA = Method(
    id="vera",
    label="VeRA",
    summary="All layers share two frozen random matrices; only the scales between them are "
    "trained.",
    formula=r"h = Wx + \operatorname{diag}(b)\, B \operatorname{diag}(d)\, A x",
    year=2023,
    paper="VeRA: Vector-based Random Matrix Adaptation",
    paper_url="https://arxiv.org/abs/2310.11454",
    fields=(
        rank(256, 512, help="How many random directions all layers share."),
        _D_INITIAL,
        dropout("vera_dropout"),
        TARGET_MODULES,
        LAYERS,
    ),
    starting_rate=5e-3,
    peft_config=ConfigOf("VeraConfig", seed="projection_prng_key"),
    note="The file holds the shared random matrices too.",
)

ROWS = (
    _VERA,
    replace(
        _VERA,
        id="pvera",
        label="PVeRA",
        summary="VeRA with chance: the inner scales are drawn from learned distributions while "
        "training.",
        needs_all_tokens=True,
        formula=r"h = Wx + \operatorname{diag}(b)\, B z, \quad z \sim \mathcal{N}(\mu(Ax), "
        r"\sigma^2(Ax))",
        year=2025,
        paper="PVeRA: Probabilistic Vector-Based Random Matrix Adaptation",
        paper_url="https://arxiv.org/abs/2512.07703",
        fields=(
            *_VERA.fields[:2],
            TARGET_MODULES,
            LAYERS,
            dropout("pvera_dropout", is_rare=True),
        ),
        stacks=False,
        peft_config=ConfigOf("PveraConfig", seed="projection_prng_key"),
    ),
    Method(
        id="vblora",
        label="VB-LoRA",
        summary="All layers mix their LoRA matrices from one small bank of trained vectors.",
        formula=r"A, B = \operatorname{mix}_{\text{top-}k} \{ v_1, \ldots, v_n \}, \quad "
        r"h = Wx + B A x",
        year=2024,
        paper="VB-LoRA: Extreme Parameter Efficient Fine-Tuning with Vector Banks",
        paper_url="https://arxiv.org/abs/2405.15179",
        fields=(
            rank(4, 32),
            Integer(
                "num_vectors", "Vectors (num_vectors)", "How many vectors the bank has.", 64, 2, 512
            ),
            _VECTOR_LENGTH,
            Integer(
                "topk",
                "Mixed (topk)",
                "How many vectors of the bank are mixed for each piece of a matrix.",
                2,
                1,
                16,
            ),
            TARGET_MODULES,
            LAYERS,
            dropout("vblora_dropout", is_rare=True),
        ),
        stacks=False,
        starting_rate=5e-3,
        peft_config=ConfigOf("VBLoRAConfig"),
        check=_check_vblora,
    ),
    Method(
        id="unilora",
        label="Uni-LoRA",
        summary="One trained vector for the whole network: every entry of every LoRA matrix "
        "points to one of its numbers.",
        formula=r"(A, B)_{\text{all layers}} = P\, \theta_d, \quad h = Wx + B A x",
        year=2025,
        paper="Uni-LoRA: One Vector Is All You Need",
        paper_url="https://arxiv.org/abs/2506.00799",
        fields=(
            rank(4, 32),
            Integer(
                "theta_d_length",
                "Vector length (theta_d_length)",
                "How many numbers are trained for the whole network, the head apart.",
                256,
                16,
                8_192,
                16,
            ),
            TARGET_MODULES,
            LAYERS,
            dropout("unilora_dropout", is_rare=True),
        ),
        stacks=False,
        starting_rate=5e-3,
        peft_config=ConfigOf("UniLoraConfig", seed="proj_seed"),
        check=rank_fits_widths,
    ),
    Method(
        id="randlora",
        label="RandLoRA",
        summary="Sums many frozen random low-rank products with trained scales: an update of "
        "full rank.",
        formula=r"h = Wx + \sum_{j} B_j \Lambda_j A \Gamma_j x",
        year=2025,
        paper="RandLoRA: Full-rank parameter-efficient fine-tuning of large models",
        paper_url="https://arxiv.org/abs/2502.00987",
        fields=(
            Integer(
                "r",
                "Rank r",
                "Rank of each random product. A higher rank needs fewer of them, so it trains "
                "less.",
                32,
                8,
                256,
            ),
            Integer(
                "randlora_alpha",
                "Alpha (randlora_alpha)",
                "How strongly the update counts; the paper takes 20 times the rank.",
                640,
                1,
                4_096,
            ),
            TARGET_MODULES,
            LAYERS,
            dropout("randlora_dropout", is_rare=True),
        ),
        stacks=False,
        starting_rate=1e-3,
        # The random bases are hundreds of megabytes; they are drawn again from the seed.
        peft_config=ConfigOf(
            "RandLoraConfig", {"save_projection": False}, seed="projection_prng_key"
        ),
        check=rank_fits_widths,
    ),
    Method(
        id="tinylora",
        label="TinyLoRA",
        summary="Trains a tiny vector for each layer, spread by frozen random matrices over the "
        "weight's largest singular vectors.",
        formula=r"h = Wx + U \Sigma \Bigl( \sum_{i=1}^{u} v_i P_i \Bigr) V^\top x",
        year=2026,
        paper="Learning to Reason in 13 Parameters",
        paper_url="https://arxiv.org/abs/2602.04118",
        fields=(
            rank(2, 16, help="How many singular vectors of each weight are used."),
            Integer(
                "u", "Vector length (u)", "How many numbers are trained in each layer.", 64, 1, 512
            ),
            TARGET_MODULES,
            LAYERS,
            dropout("tinylora_dropout", is_rare=True),
        ),
        stacks=False,
        starting_rate=5e-3,
        peft_config=ConfigOf("TinyLoraConfig", seed="projection_seed"),
    ),
    Method(
        id="lily",
        label="Lily",
        summary="Every layer has a thin matrix of its own, and a router mixes the second one from "
        "a few that all layers share.",
        needs_all_tokens=True,
        reads_whole_batch=True,
        note="The router averages over all tokens of a batch: what it makes of a review depends a "
        "little on the reviews beside it.",
        formula=r"h = Wx + s \sum_{e} \operatorname{softmax}(R A x)_e\, B_e A x",
        year=2024,
        paper="Low-Rank Interconnected Adaptation across Layers",
        paper_url="https://arxiv.org/abs/2407.09946",
        fields=(
            rank(16, 128),
            Integer(
                "num_B",
                "Shared matrices (num_B)",
                "How many second matrices the layers share; the router needs two to choose from.",
                2,
                2,
                6,
            ),
            Number(
                "scaling", "Scaling (s)", "What the update is multiplied by.", 1.0, 0.1, 10.0, 0.1
            ),
            TARGET_MODULES,
            LAYERS,
        ),
        stacks=False,
        starting_rate=1e-3,
        peft_config=ConfigOf("LilyConfig"),
        merges=False,
    ),
)
