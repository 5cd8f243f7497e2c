"""METHODS: one row per PEFT method. Adding a row adds its sliders, checks, API, docs and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Field, Value, check_all, shown

if TYPE_CHECKING:
    from peft import PeftConfig

MODULES = ("q_lin", "k_lin", "v_lin", "out_lin", "ffn.lin1", "ffn.lin2")
"""DistilBERT's linear layers: queries, keys, values and output of attention, then feed-forward."""

ATTENTION = MODULES[:4]
FEEDFORWARD = MODULES[4:]

HEAD_MODULES = ("pre_classifier", "classifier")
"""The classification head, trained and saved with every adapter."""

Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """What the program knows about one way of fine-tuning."""

    id: str
    label: str
    summary: str
    """One plain sentence."""
    year: int
    paper: str
    """Title of the paper that introduced it."""
    paper_url: str
    fields: tuple[Field, ...]
    learning_rate: float
    """A rate at which this method learns on the built-in data."""
    peft_config: Callable[[Values], PeftConfig] | None
    """From the method's fields to peft's configuration; None trains every base parameter."""
    baseline: bool = False
    writes_to_base: bool = False
    """Whether training changes base tensors, so that the run needs a private copy of them."""
    check: Callable[[Values], None] = lambda values: None
    """Checks that involve several fields; raises InvalidFieldsError."""

    def check_fields(self, values: Mapping[str, object]) -> dict[str, Value]:
        """The method's own fields, checked one by one and then together.

        Raises:
            InvalidFieldsError: with a sentence for every field that failed.
        """
        checked = check_all(self.fields, values)
        self.check(checked)
        return checked


_TARGET_MODULES = Field(
    "target_modules",
    "Target modules",
    "Which linear layers of each transformer block get an adapter: q, k, v and out belong to "
    "attention, lin1 and lin2 to the feed-forward part. More layers mean more to train.",
    "modules",
    MODULES,
    choices=MODULES,
)

_LORA_FIELDS = (
    Field(
        "r",
        "Rank r",
        "How many directions each low-rank update may use. A higher rank can change more, "
        "and trains and stores more.",
        "integer",
        8,
        1,
        256,
        1,
    ),
    Field(
        "lora_alpha",
        "Alpha (lora_alpha)",
        "How strongly the update counts: it is multiplied by alpha / r.",
        "integer",
        16,
        1,
        512,
        1,
    ),
    Field(
        "lora_dropout",
        "Dropout (lora_dropout)",
        "The share of the adapter's inputs that is dropped at random while training, against "
        "learning the reviews by heart.",
        "number",
        0.1,
        0.0,
        0.9,
        0.01,
    ),
    _TARGET_MODULES,
)

_IA3_FIELDS = (
    _TARGET_MODULES,
    Field(
        "feedforward_modules",
        "Feed-forward modules",
        "The target modules whose input is scaled; the others have their output scaled. "
        "Each must also be a target module.",
        "modules",
        FEEDFORWARD,
        choices=MODULES,
    ),
)


def _lora_config(values: Values) -> PeftConfig:
    from peft import LoraConfig

    return LoraConfig(
        task_type="SEQ_CLS",
        r=values["r"],
        lora_alpha=values["lora_alpha"],
        lora_dropout=values["lora_dropout"],
        target_modules=list(values["target_modules"]),
        modules_to_save=list(HEAD_MODULES),
        bias="none",
    )


def _ia3_config(values: Values) -> PeftConfig:
    from peft import IA3Config

    return IA3Config(
        task_type="SEQ_CLS",
        target_modules=list(values["target_modules"]),
        feedforward_modules=list(values["feedforward_modules"]),
        modules_to_save=list(HEAD_MODULES),
    )


def _ia3_check(values: Values) -> None:
    stray = [name for name in values["feedforward_modules"] if name not in values["target_modules"]]
    if stray:
        raise InvalidFieldsError(
            {
                "feedforward_modules": "feedforward_modules must all be target_modules too "
                f"({shown(values['target_modules'])}), got {shown(stray)}."
            }
        )


def _head_only_config(values: Values) -> PeftConfig:
    # peft's own format without an adapter: plain PeftModel.from_pretrained loads it as well.
    from peft import LoraConfig
    from peft.utils.constants import DUMMY_TARGET_MODULES

    return LoraConfig(
        task_type="SEQ_CLS",
        target_modules=DUMMY_TARGET_MODULES,
        modules_to_save=list(HEAD_MODULES),
    )


METHODS: dict[str, Method] = {
    method.id: method
    for method in (
        Method(
            id="lora",
            label="LoRA",
            summary="Adds a trained product of two thin matrices to each target layer; "
            "the layer itself stays frozen.",
            year=2021,
            paper="LoRA: Low-Rank Adaptation of Large Language Models",
            paper_url="https://arxiv.org/abs/2106.09685",
            fields=_LORA_FIELDS,
            learning_rate=1e-3,
            peft_config=_lora_config,
        ),
        Method(
            id="ia3",
            label="IA3",
            summary="Learns one factor per channel that stretches or shrinks what flows "
            "through each target layer.",
            year=2022,
            paper="Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than "
            "In-Context Learning",
            paper_url="https://arxiv.org/abs/2205.05638",
            fields=_IA3_FIELDS,
            learning_rate=5e-3,
            peft_config=_ia3_config,
            check=_ia3_check,
        ),
        Method(
            id="head_only",
            label="Head only",
            summary="Trains just the classification head on top of the frozen base: the "
            "honest baseline, since every adapter trains this head too.",
            year=2014,
            paper="How transferable are features in deep neural networks?",
            paper_url="https://arxiv.org/abs/1411.1792",
            fields=(),
            learning_rate=1e-3,
            peft_config=_head_only_config,
            baseline=True,
        ),
        Method(
            id="full_ft",
            label="Full fine-tuning",
            summary="Trains every parameter of the base and the head: the costly yardstick "
            "that PEFT methods are measured against.",
            year=2018,
            paper="BERT: Pre-training of Deep Bidirectional Transformers for Language "
            "Understanding",
            paper_url="https://arxiv.org/abs/1810.04805",
            fields=(),
            learning_rate=5e-5,
            peft_config=None,
            baseline=True,
            writes_to_base=True,
        ),
    )
}
