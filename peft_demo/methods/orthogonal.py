"""Methods that rotate: their update keeps angles or lengths of the frozen weights."""

from __future__ import annotations

from dataclasses import replace

from peft_demo.errors import refuse
from peft_demo.fields import Choice, Integer, shown
from peft_demo.methods.method import (
    LAYERS,
    NARROW_MODULES,
    TARGET_MODULES,
    ConfigOf,
    Method,
    Setting,
    Values,
    dropout,
    must_divide_widths,
    rank,
    rank_fits_widths,
)

_OFT_BLOCK_SIZE = Integer(
    "oft_block_size",
    "Block size (oft_block_size)",
    "Width of the blocks that rotate; larger blocks rotate more freely and train "
    "more. Must divide the widths of the target layers.",
    32,
    2,
    128,
)

_MODULE_DROPOUT = replace(
    dropout("module_dropout", is_rare=True),
    # A test notices when it does.
    help="The share of a layer's blocks that shall not rotate, at random while training. The peft "
    "that is installed writes it down, but does not drop any: training is the same with it.",
)

_BOFT_BLOCK_SIZE = Integer(
    "boft_block_size",
    "Block size (boft_block_size)",
    "Width of the blocks that rotate. Must divide the widths of the target layers.",
    8,
    2,
    64,
)

_GROUP_SIZE = Integer(
    "group_size",
    "Group size",
    "Channels that are paired up within a group. Must divide the widths of the target layers.",
    64,
    2,
    128,
    2,
)


def _check_hra(values: Values, setting: Setting) -> None:
    if values["r"] % 2:
        refuse("r", f"r must be even, because reflections come in pairs, got {shown(values['r'])}.")
    rank_fits_widths(values, setting)


def _check_road(values: Values, setting: Setting) -> None:
    if values["group_size"] % 2:
        refuse(
            "group_size",
            "group_size must be even, because channels are rotated in pairs, got "
            f"{shown(values['group_size'])}.",
        )
    must_divide_widths(_GROUP_SIZE, multiple_of=2)(values, setting)


ROWS = (
    Method(
        id="oft",
        label="OFT",
        summary="Rotates each weight, block by block: angles between neurons stay as they were.",
        formula=r"h = W R x, \quad R = (I + S)(I - S)^{-1}, \; S = -S^\top",
        year=2023,
        paper="Controlling Text-to-Image Diffusion by Orthogonal Finetuning",
        paper_url="https://arxiv.org/abs/2306.07280",
        fields=(_OFT_BLOCK_SIZE, TARGET_MODULES, LAYERS, _MODULE_DROPOUT),
        stacks=False,
        starting_rate=1e-3,
        peft_config=ConfigOf("OFTConfig"),
        check=must_divide_widths(_OFT_BLOCK_SIZE),
    ),
    Method(
        id="boft",
        kept_activations=1.15,
        built_bytes=24,  # its rotations as whole matrices
        label="BOFT",
        summary="Composes rotations like a butterfly, and scales each output: orthogonal "
        "fine-tuning with fewer parameters.",
        formula=r"h = s \odot \Bigl( W \prod_i R_i \Bigr) x",
        year=2023,
        paper="Parameter-Efficient Orthogonal Finetuning via Butterfly Factorization",
        paper_url="https://arxiv.org/abs/2311.06243",
        fields=(_BOFT_BLOCK_SIZE, NARROW_MODULES, LAYERS),
        merges_to_predict=True,
        starting_rate=2e-3,
        peft_config=ConfigOf("BOFTConfig"),
        note="Slow on a CPU: it inverts a matrix for every block of every layer at each step.",
        check=must_divide_widths(_BOFT_BLOCK_SIZE),
    ),
    Method(
        id="hra",
        label="HRA",
        summary="Multiplies each weight by a chain of trained mirror reflections: low-rank and "
        "orthogonal at once.",
        formula=r"h = W \prod_{i=1}^{r} \bigl( I - 2 u_i u_i^\top \bigr) x",
        year=2024,
        paper="Bridging The Gap between Low-rank and Orthogonal Adaptation via Householder "
        "Reflection Adaptation",
        paper_url="https://arxiv.org/abs/2405.17484",
        fields=(
            Integer(
                "r",
                "Reflections r",
                "How many mirror reflections each layer has; an even number.",
                8,
                2,
                32,
                2,
            ),
            NARROW_MODULES,
            LAYERS,
        ),
        merges_to_predict=True,
        starting_rate=1e-3,
        peft_config=ConfigOf("HRAConfig"),
        check=_check_hra,
    ),
    Method(
        id="road",
        label="RoAd",
        summary="Rotates each layer's outputs in pairs of channels and scales them: two numbers "
        "for each pair.",
        formula=r"h_{2i,2i+1} = \alpha_i \begin{pmatrix} \cos\theta_i & -\sin\theta_i \\ "
        r"\sin\theta_i & \cos\theta_i \end{pmatrix} (Wx)_{2i,2i+1}",
        year=2024,
        paper="3-in-1: 2D Rotary Adaptation for Efficient Finetuning, Efficient Batching and "
        "Composability",
        paper_url="https://arxiv.org/abs/2409.00119",
        fields=(
            Choice(
                "variant",
                "Variant",
                "How many angles and scales each pair of channels has: one, two or four.",
                "road_1",
                ("road_1", "road_2", "road_4"),
            ),
            _GROUP_SIZE,
            TARGET_MODULES,
        ),
        starting_rate=3e-3,
        peft_config=ConfigOf("RoadConfig"),
        check=_check_road,
    ),
    Method(
        id="psoft",
        label="PSOFT",
        summary="Rotates only the principal directions of each weight, found by singular value "
        "decomposition.",
        formula=r"h = Wx + B \bigl( \operatorname{diag}(\beta) R \operatorname{diag}(\alpha) - I "
        r"\bigr) A x",
        year=2026,
        paper="Efficient Orthogonal Fine-Tuning with Principal Subspace Adaptation",
        paper_url="https://openreview.net/forum?id=FSHrinMArK",
        fields=(
            rank(32, 256, help="How many principal directions of each weight are rotated."),
            TARGET_MODULES,
            LAYERS,
            dropout("psoft_dropout", is_rare=True),
        ),
        starting_rate=1e-3,
        peft_config=ConfigOf(
            "PsoftConfig",
            seed="random_seed",
            derived=lambda values, setting: {"psoft_alpha": values["r"]},
        ),
        check=rank_fits_widths,
    ),
)
