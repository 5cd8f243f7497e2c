"""Method: what one row of the table says, and the pieces that rows share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from peft_demo.errors import refuse
from peft_demo.fields import Blocks, Field, Integer, Modules, Number, Pattern, shown
from peft_demo.methods import measured_rates
from peft_demo.methods.peft_values import to_peft
from peft_demo.methods.picture import Picture, pictures
from peft_demo.models import BASES, BUILTIN_BASE, FAMILY, NamesOf, Shape

if TYPE_CHECKING:
    from peft_demo.libraries import peft

Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Setting:
    """What a method's configuration depends on beside its own fields."""

    base: Shape
    max_steps: int
    """Optimiser steps of the whole training."""
    max_length: int
    """Tokens that a review is cut to."""
    seed: int
    num_labels: int


@dataclass(frozen=True, eq=False)
class ConfigOf:
    """Builds peft's configuration from a row's fields, which are called as its arguments are."""

    name: str
    """Of peft's class."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that are the same for every run."""
    seed: str = ""
    """The argument that takes the run's seed."""
    derived: Callable[[Values, Setting], dict[str, Any]] = lambda values, setting: {}
    """Arguments that follow from the fields and the setting."""

    def __call__(self, values: Values, setting: Setting) -> peft.PeftConfig:
        """The configuration of one run; its head is trained and saved with the adapter."""
        from peft_demo.libraries import peft

        # Two lists of modules are compared by peft, name by name.
        alone = sum(name.endswith("_modules") for name in values) > 1
        given = {
            name: to_peft(name, value, setting.base, alone=alone) for name, value in values.items()
        }
        if values.get(LAYERS.name) and setting.base.architecture.within:
            # The last number of a path would not be the block's.
            given["layers_pattern"] = setting.base.architecture.blocks.rpartition(".")[2]
        return getattr(peft, self.name)(
            task_type="SEQ_CLS",
            modules_to_save=list(setting.base.architecture.saved),
            **given,
            **({self.seed: setting.seed} if self.seed else {}),
            **self.options,
            **self.derived(values, setting),
        )


@dataclass(frozen=True)
class Method:
    """What the program knows about one way of fine-tuning."""

    id: str
    label: str
    summary: str
    """One plain sentence."""
    formula: str
    """What it computes, in LaTeX; W is a frozen weight, x its input, h its output."""
    year: int
    paper: str
    """Title of the paper that introduced it."""
    paper_url: str
    fields: tuple[Field, ...]
    starting_rate: float
    """The learning rate in the middle of the ladder that is tried for it."""
    peft_config: ConfigOf | None
    """None trains every base parameter."""
    merges: bool = True
    """Whether ``merge_and_unload`` can fold the trained adapter into the base's weights."""
    merges_to_predict: bool = False
    """Whether a forward pass takes about three times the base's or more (``python -m
    benchmarks.forward``): then adapters that predict are kept merged."""
    kept_activations: float = 1.0
    """What a training keeps in memory for the way back, in that of LoRA; see ``runs.footprint``."""
    built_bytes: int = 0
    """What a training builds in memory beside that, however small its batches are, for each number
    of the base's blocks."""
    baseline: bool = False
    writes_to_base: bool = False
    """Whether building or training it changes base tensors, whatever its values are; see
    ``needs_own_base``."""
    each_step: Callable[[Any, int], None] | None = None
    """Called with the model and the step, from 1, after the optimiser and before gradients are
    cleared. A named function of its arguments alone: exported code shows its source."""
    remembers: Callable[[Any], list[tuple[object, str]]] = lambda model: []
    """Attributes, by their objects and names, in which a model keeps from step to step what is no
    parameter: a checkpoint has them too."""
    needs_all_tokens: bool = False
    """Whether its layers mix all tokens, or draw at random for each: then the last one may not
    leave out those that the head does not read."""
    reads_whole_batch: bool = False
    """Whether what it makes of a review depends on the reviews beside it in a batch."""
    trains_inputs: bool = False
    """Whether it trains what stands before a text, so that no block below it is as it was."""
    stacks: bool = True
    """Whether its adapters, stacked, go through ``torch.func.vmap``: then runs that differ by seed
    or learning rate can be trained in one pass."""
    fit_schedule: Callable[[Values, int], dict[str, int]] | None = None
    """Its fields that count steps, from options made for another number of steps, for this one."""
    ignored_by_peft: tuple[str, ...] = ()
    """Options that its class in peft has and does not use."""
    scheduled_by: tuple[str, ...] = ()
    """Options of peft, no fields, that ``fit_schedule`` goes by."""
    shrinks: bool = False
    """Whether training leaves less in the file than the untrained adapter would."""
    note: str = ""
    """What a user should know about its numbers."""
    check: Callable[[Values, Setting], None] = lambda values, setting: None
    """Checks that involve several fields; raises InvalidFieldsError."""

    @property
    def learning_rate(self) -> float:
        """The rate that did best when it was tuned, or the starting rate before that."""
        return measured_rates.best_rate(self.id) or self.starting_rate

    @property
    def picture(self) -> Picture | None:
        """Its formula drawn to scale, where its tensors have a place in it."""
        return pictures().get(self.id)

    def fields_on(self, base: Shape) -> tuple[Field, ...]:
        """The fields with the modules of a base's family in place of ``FAMILY``'s."""
        return tuple(_on(own, base) for own in self.fields)

    @property
    def rare_defaults(self) -> dict[str, Any]:
        """The defaults of the fields that few need."""
        return {own.name: own.default for own in self.fields if own.is_rare}

    def needs_own_base(self, values: Values) -> bool:
        """Whether a run with these values needs a private copy of the base: it changes tensors.

        Peft trains the base's own biases where ``bias`` says so.
        """
        return self.writes_to_base or values.get("bias") not in (None, "none")

    @property
    def is_head_only(self) -> bool:
        """Whether the whole body stays as it is."""
        return self.baseline and not self.writes_to_base


def _on(own: Field, base: Shape) -> Field:
    """A field for a base: with its family's modules, and as many blocks."""
    family = base.architecture
    match own:
        case Blocks():
            return replace(own, maximum=base.n_layers - 1)
        case Pattern():
            choices = FAMILY.translated(own.choices, family)
            return replace(own, choices=choices, read=NamesOf(family))
        case Modules():
            default = FAMILY.translated(own.default, family)
            choices = FAMILY.translated(own.choices, family)
            return replace(own, default=default, choices=choices, read=NamesOf(family))
    return own


TARGET_MODULES = Modules(
    "target_modules",
    "Target modules",
    "Which linear layers of each transformer block get an adapter: q, k, v and out belong to "
    "attention, lin1 and lin2 to the feed-forward part. More layers mean more to train.",
    FAMILY.linear,
    FAMILY.linear,
    NamesOf(FAMILY),
)


NARROW_MODULES = replace(
    TARGET_MODULES,
    help=f"{TARGET_MODULES.help} {FAMILY.feedforward_out} is left out at first: its inputs are "
    "four times as wide, and with them a step of this method takes several times as long.",
    default=FAMILY.linear[:-1],
)
"""For a method that builds a square matrix as wide as each module's inputs."""


LAYERS = Blocks(
    "layers_to_transform",
    "Blocks (layers_to_transform)",
    "Which of the network's blocks get an adapter, counted from 0: 4, 5 or 0-2. Left empty, all "
    "of them do.",
    (),
    BASES[BUILTIN_BASE].shape.n_layers - 1,
    is_rare=True,
)
"""For every method whose configuration in peft has it."""


def rank(
    default: int = 8, most: int = 256, *, name: str = "r", label: str = "Rank r", help: str = ""
) -> Field:
    """A rank's slider."""
    text = help or (
        "How many directions each low-rank update may use. A higher rank can change more, "
        "and trains and stores more."
    )
    return Integer(name, label, text, default, 1, most)


def alpha(name: str = "alpha", default: int = 16, *, divisor: str = "r") -> Field:
    """A scaling numerator's slider."""
    return Integer(
        name,
        f"Alpha ({name})" if name != "alpha" else "Alpha",
        f"How strongly the update counts: it is multiplied by alpha / {divisor}.",
        default,
        1,
        512,
    )


def dropout(name: str, default: float = 0.0, *, is_rare: bool = False) -> Field:
    """A dropout's slider."""
    return Number(
        name,
        f"Dropout ({name})",
        "The share of the adapter's inputs that is dropped at random while training, against "
        "learning the reviews by heart.",
        default,
        0.0,
        0.9,
        0.01,
        is_rare=is_rare,
    )


def at_most(values: Values, name: str, most: int, limit: str) -> None:
    """Refuse a field's value above ``most``, which the sentence calls ``limit``."""
    if values[name] > most:
        refuse(name, f"{name} must be at most {limit}, got {shown(values[name])}.")


def must_divide_widths(
    field: Integer, *, multiple_of: int = 1
) -> Callable[[Values, Setting], None]:
    """A check that a field divides the input and output width of every target module.

    Its sentence lists what may be entered: divisors within the field's limits.
    """
    name, least, most = field.name, field.minimum, field.maximum

    def check(values: Values, setting: Setting) -> None:
        widths = setting.base.widths(values["target_modules"])
        fitting = [
            number
            for number in range(least, most + 1)
            if math.gcd(*widths) % number == 0 and number % multiple_of == 0
        ]
        if values[name] not in fitting:
            told = " and ".join(f"{width:,}" for width in widths)
            refuse(
                name,
                f"{name} must divide the widths of the target modules ({told}), so be one of "
                f"{', '.join(map(str, fitting))}, got {shown(values[name])}.",
            )

    return check


def rank_fits_widths(values: Values, setting: Setting, name: str = "r") -> None:
    """Refuse a rank that is larger than the narrowest target module."""
    narrowest = setting.base.widths(values["target_modules"])[0]
    at_most(values, name, narrowest, f"{narrowest:,}, the width of the narrowest target module")
