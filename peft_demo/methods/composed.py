"""Methods that compose thin matrices otherwise than LoRA: by blocks, by entries, by a network."""

from __future__ import annotations

from dataclasses import replace

from peft_demo.errors import refuse
from peft_demo.fields import Integer, Number, shown
from peft_demo.methods.method import (
    LAYERS,
    TARGET_MODULES,
    ConfigOf,
    Method,
    Setting,
    Values,
    alpha,
    dropout,
    rank,
    rank_fits_widths,
)

_UPDATE_DROPOUTS = (
    replace(
        dropout("rank_dropout", is_rare=True),
        help="The share of the update's rows that is dropped at random while training.",
    ),
    replace(
        dropout("module_dropout", is_rare=True),
        help="How often a layer's whole update is dropped at random while training.",
    ),
)


def _check_gralora(values: Values, setting: Setting) -> None:
    k = values["gralora_k"]
    if values["r"] % k:
        refuse("gralora_k", f"gralora_k must divide r ({values['r']}), got {shown(k)}.")
    for width in setting.base.widths(values["target_modules"]):
        if width % k:
            refuse(
                "gralora_k",
                f"gralora_k must divide the widths of the target modules ({width:,} is one), "
                f"got {shown(k)}.",
            )


ROWS = (
    Method(
        id="gralora",
        label="GraLoRA",
        summary="Cuts each weight into a grid of blocks, each with a small LoRA of its own.",
        formula=r"\Delta W_{ij} = \frac{\alpha}{r} B_{ij} A_{ij}, \quad i, j \le k",
        year=2025,
        paper="GraLoRA: Granular Low-Rank Adaptation for Parameter-Efficient Fine-Tuning",
        paper_url="https://arxiv.org/abs/2505.20355",
        fields=(
            rank(16),
            alpha(default=32),
            Integer(
                "gralora_k",
                "Grid (gralora_k)",
                "Each weight is cut into k × k blocks; k must divide the rank.",
                2,
                1,
                8,
            ),
            dropout("gralora_dropout"),
            TARGET_MODULES,
            LAYERS,
        ),
        starting_rate=1e-3,
        peft_config=ConfigOf("GraloraConfig"),
        check=_check_gralora,
    ),
    Method(
        id="delora",
        label="DeLoRA",
        summary="Normalises each direction of a LoRA update and learns one strength for all of "
        "them, so that the update stays bounded.",
        formula=r"h = Wx + \frac{\lambda \lVert W \rVert}{r} B \Xi A x",
        year=2025,
        paper="Decoupling Angles and Strength in Low-rank Adaptation",
        paper_url="https://arxiv.org/abs/2503.18225",
        fields=(
            rank(),
            Number(
                "delora_lambda",
                "Strength (delora_lambda)",
                # From the first step on, the update is as long as it may be: at peft's default of
                # 15 it drowns the small weights of these bases, and nothing is learned.
                "How long the update may be when training begins; learned from there.",
                2.0,
                0.5,
                50.0,
                0.5,
            ),
            TARGET_MODULES,
            LAYERS,
            dropout("module_dropout", is_rare=True),
        ),
        starting_rate=3e-3,
        peft_config=ConfigOf("DeloraConfig"),
        check=rank_fits_widths,
    ),
    Method(
        id="hira",
        label="HiRA",
        summary="Multiplies each weight, entry by entry, by a low-rank matrix: the update can "
        "have full rank.",
        formula=r"h = Wx + (W \odot B A) x",
        year=2025,
        paper="HiRA: Parameter-Efficient Hadamard High-Rank Adaptation for Large Language Models",
        paper_url="https://openreview.net/forum?id=TwJrTz9cRS",
        fields=(rank(16), dropout("hira_dropout"), TARGET_MODULES, LAYERS),
        merges_to_predict=True,
        starting_rate=3e-3,
        peft_config=ConfigOf("HiraConfig"),
        check=rank_fits_widths,
    ),
    Method(
        id="loha",
        label="LoHa",
        summary="Multiplies two low-rank products entry by entry, which reaches a higher rank "
        "with as many parameters.",
        formula=r"h = Wx + \frac{\alpha}{r} (B_1 A_1 \odot B_2 A_2) x",
        year=2021,
        paper="FedPara: Low-Rank Hadamard Product for Communication-Efficient Federated Learning",
        paper_url="https://arxiv.org/abs/2108.06098",
        fields=(rank(8, 64), alpha(), TARGET_MODULES, LAYERS, *_UPDATE_DROPOUTS),
        stacks=False,
        starting_rate=2e-3,
        peft_config=ConfigOf("LoHaConfig"),
    ),
    Method(
        id="lokr",
        label="LoKr",
        summary="Builds the update as a Kronecker product of a small and a low-rank matrix: very "
        "few parameters.",
        formula=r"h = Wx + \frac{\alpha}{r} (C \otimes B A) x",
        year=2023,
        paper="Navigating Text-To-Image Customization: From LyCORIS Fine-Tuning to Model "
        "Evaluation",
        paper_url="https://arxiv.org/abs/2309.14859",
        fields=(rank(8, 64), alpha(), TARGET_MODULES, LAYERS, *_UPDATE_DROPOUTS),
        stacks=False,
        starting_rate=2e-3,
        peft_config=ConfigOf("LoKrConfig"),
    ),
    Method(
        id="miss",
        label="MiSS",
        summary="Shares one small trained matrix across shards of the input: simpler and faster "
        "than LoRA's pair.",
        formula=r"h = Wx + D^\top \sum_{s} x_{s}",
        year=2024,
        paper="MiSS: Revisiting the Trade-off in LoRA with an Efficient Shard-Sharing Structure",
        paper_url="https://arxiv.org/abs/2409.15371",
        fields=(
            rank(
                16,
                128,
                help="Rows of the shared matrix: into how many sums the input is "
                "gathered. More can change more.",
            ),
            dropout("miss_dropout"),
            TARGET_MODULES,
            LAYERS,
        ),
        starting_rate=1e-3,
        peft_config=ConfigOf("MissConfig"),
        check=rank_fits_widths,
    ),
    Method(
        id="peanut",
        label="PEANuT",
        summary="A small neural network reads each frozen weight and writes its update.",
        formula=r"h = Wx + \sigma(W A) B\, x",
        year=2024,
        paper="PEANuT: Parameter-Efficient Adaptation with Weight-aware Neural Tweakers",
        paper_url="https://arxiv.org/abs/2410.01870",
        fields=(
            rank(16, help="Width of the small network between its two projections."),
            Integer(
                "depth",
                "Depth",
                "Pairs of hidden layers between the network's two projections.",
                0,
                0,
                4,
            ),
            TARGET_MODULES,
            LAYERS,
        ),
        starting_rate=1e-3,
        peft_config=ConfigOf("PeanutConfig"),
    ),
    Method(
        id="glora",
        label="GLoRA",
        summary="Learns to scale and to shift each weight and its bias at once, with low-rank "
        "supports.",
        formula=r"W' = W + W A + B, \quad b' = b + b D + E + W C",
        year=2023,
        paper="One-for-All: Generalized LoRA for Parameter-Efficient Fine-tuning",
        paper_url="https://arxiv.org/abs/2306.07967",
        fields=(rank(), TARGET_MODULES),
        merges_to_predict=True,
        starting_rate=1e-3,
        peft_config=ConfigOf("GloraConfig"),
    ),
)
