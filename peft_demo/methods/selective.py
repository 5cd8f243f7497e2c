"""Methods that train a few numbers in place: scales, biases, layer norms or single entries."""

from __future__ import annotations

from peft_demo.errors import refuse
from peft_demo.fields import Modules, shown
from peft_demo.methods.method import (
    TARGET_MODULES,
    ConfigOf,
    Method,
    Setting,
    Values,
    at_most,
    rank,
)
from peft_demo.models import FAMILY, NamesOf


def _check_ia3(values: Values, setting: Setting) -> None:
    stray = [name for name in values["feedforward_modules"] if name not in values["target_modules"]]
    if stray:
        refuse(
            "feedforward_modules",
            "feedforward_modules must all be target_modules too "
            f"({shown(values['target_modules'])}), got {shown(stray)}.",
        )


def _check_beft(values: Values, setting: Setting) -> None:
    family = setting.base.architecture
    if {*values["target_modules"]} <= {*family.unbiased}:
        refuse(
            "method",
            f"method must be another than BEFT on a {family.label}, whose layers have no biases.",
        )


def _check_shira(values: Values, setting: Setting) -> None:
    # peft refuses more trained entries than the weight has.
    most = min(
        inputs * outputs // (inputs + outputs)
        for inputs, outputs in map(setting.base.features, values["target_modules"])
    )
    at_most(values, "r", most, f"{most:,} for these target modules")


ROWS = (
    Method(
        id="ia3",
        label="IA3",
        summary="Learns one factor per channel that stretches or shrinks what flows "
        "through each target layer.",
        formula=r"h = l \odot (W x), \quad \text{feed-forward: } h = W (l \odot x)",
        year=2022,
        paper="Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than "
        "In-Context Learning",
        paper_url="https://arxiv.org/abs/2205.05638",
        fields=(
            TARGET_MODULES,
            Modules(
                "feedforward_modules",
                "Feed-forward modules",
                "The target modules whose input is scaled; the others have their output scaled. "
                "Each must also be a target module.",
                FAMILY.feedforward,
                FAMILY.linear,
                NamesOf(FAMILY),
                may_be_empty=True,
            ),
        ),
        starting_rate=5e-3,
        peft_config=ConfigOf("IA3Config"),
        check=_check_ia3,
    ),
    Method(
        id="beft",
        kept_activations=0.75,
        label="BEFT",
        summary="Trains only an added bias of each target layer; the weights stay as they are.",
        formula=r"h = W x + b + b'",
        year=2025,
        paper="BEFT: Bias-Efficient Fine-Tuning of Language Models",
        paper_url="https://arxiv.org/abs/2509.15974",
        fields=(TARGET_MODULES,),
        starting_rate=3e-3,
        peft_config=ConfigOf("BeftConfig"),
        check=_check_beft,
        note="The paper trains the bias of the value projection alone: choose "
        f"{FAMILY.value} for that.",
    ),
    Method(
        id="ln_tuning",
        kept_activations=0.6,
        label="LN tuning",
        summary="Trains only the scale and shift of the layer norms.",
        formula=r"h = \gamma \odot \frac{x - \mu}{\sigma} + \beta",
        year=2023,
        paper="Tuning LayerNorm in Attention: Towards Efficient Multi-Modal LLM Finetuning",
        paper_url="https://arxiv.org/abs/2312.11420",
        fields=(
            Modules(
                "target_modules",
                "Layer norms",
                "Which of each block's layer norms are trained: the one after attention, the one "
                "after the feed-forward part, or both.",
                FAMILY.layer_norms,
                FAMILY.layer_norms,
                NamesOf(FAMILY),
            ),
        ),
        starting_rate=5e-3,
        peft_config=ConfigOf("LNTuningConfig"),
        # The norms do merge, but peft leaves its wrappers around the head.
        merges=False,
        writes_to_base=True,
    ),
    Method(
        id="shira",
        label="SHiRA",
        summary="Trains a random few percent of each weight's entries and leaves the rest.",
        formula=r"h = (W + M \odot S) x",
        year=2024,
        paper="Sparse High Rank Adapters",
        paper_url="https://arxiv.org/abs/2406.13175",
        fields=(
            rank(
                8, 64, help="As many entries are trained in each weight as a LoRA of this rank has."
            ),
            TARGET_MODULES,
        ),
        stacks=False,
        starting_rate=1e-3,
        peft_config=ConfigOf("ShiraConfig", seed="random_seed"),
        note="The file holds the place of each trained entry too.",
        check=_check_shira,
    ),
)
