"""Named configurations: the assignment's four, one that learns for each method, a quick demo."""

from collections.abc import Mapping
from dataclasses import dataclass

from peft_demo.fields import row_of
from peft_demo.methods import METHODS
from peft_demo.methods.method import LAYERS
from peft_demo.models import BASES, BUILTIN_BASE, FAMILY, Shape
from peft_demo.runs.config import RunConfig

_RATE_NOTE = (
    "The assignment's report names no learning rate; 2e-5 fits the losses it shows, "
    "and is too low for PEFT."
)


@dataclass(frozen=True)
class Preset:
    """A configuration with a name; base model, data set and seed stay the user's."""

    id: str
    label: str
    help: str
    values: Mapping[str, object]

    def config(self, **changes: object) -> RunConfig:
        """The run configuration, with fields changed by ``changes``.

        The upper half of its blocks is that of another base too.
        """
        values = {"name": self.label, **self.values}
        base = changes.get("base_model")
        if values.get(LAYERS.name) == UPPER_HALF and isinstance(base, str) and base in BASES:
            values[LAYERS.name] = _upper_half(BASES[base].shape)
        return RunConfig({**values, **changes})


def _upper_half(shape: Shape) -> tuple[int, ...]:
    """The upper half of a network's blocks; empty, which means all, where there is one alone."""
    return tuple(range(shape.n_layers // 2, shape.n_layers)) if shape.n_layers > 1 else ()


UPPER_HALF = _upper_half(BASES[BUILTIN_BASE].shape)
"""Of the built-in base: below, frozen blocks compute each text once, and for all runs."""


def recommended_id(method_id: str) -> str:
    """The id of a method's recommended preset."""
    return f"recommended-{method_id.replace('_', '-')}"


def _recommended(method_id: str, **values: object) -> Preset:
    method = METHODS[method_id]
    return Preset(
        recommended_id(method_id),
        f"{method.label}, recommended",
        "The learning rate that suits the method, with enough reviews to learn.",
        {
            "method": method_id,
            "learning_rate": method.learning_rate,
            "num_train_epochs": 2,
            "num_reviews": 2_000,
            "max_length": 128,
            **values,
        },
    )


_RECOMMENDED_MORE: dict[str, dict[str, object]] = {
    # Drawing dropout masks takes a quarter of a step; two epochs reach 80 % without them. The
    # rates are gentler than the tuned ones, which did best in a third of the steps.
    "lora": {"lora_dropout": 0.0, "learning_rate": 1e-3},
    "ia3": {"learning_rate": 5e-3},
    # Without gradients through the body an epoch is cheap, and the head needs more of them.
    "head_only": {"num_train_epochs": 4, "learning_rate": 1e-3},
}


def _of_assignment(preset_id: str, label: str, what: str, **values: object) -> Preset:
    return Preset(
        preset_id,
        f"{label} (assignment)",
        f"{what}, 128 reviews. {_RATE_NOTE}",
        {
            "learning_rate": 2e-5,
            "num_train_epochs": 10,
            "per_device_train_batch_size": 16,
            "num_reviews": 160,
            "max_length": 50,
            **values,
        },
    )


_LORA_64 = {"method": "lora", "r": 64, "lora_alpha": 16, "lora_dropout": 0.1}

PRESETS: dict[str, Preset] = {
    preset.id: preset
    for preset in (
        Preset(
            "quick",
            "Quick demo",
            "A small LoRA run on the upper half of the network that takes less than 20 seconds on "
            "two cores and clearly learns.",
            {
                "method": "lora",
                "lora_dropout": 0.0,
                # As accurate over eight seeds as on all blocks with the base's own dropout, in half
                # of the time (benchmarks/base_dropout.json).
                "layers_to_transform": UPPER_HALF,
                "base_dropout": 0.0,
                "learning_rate": 2e-3,
                "num_train_epochs": 2,
                "num_reviews": 400,
                "max_length": 50,
            },
        ),
        *(_recommended(method_id, **_RECOMMENDED_MORE.get(method_id, {})) for method_id in METHODS),
        _of_assignment(
            "lora-1",
            "LoRA 1",
            "LoRA with r 64 on the four attention layers",
            **_LORA_64,
            target_modules=FAMILY.attention,
        ),
        _of_assignment(
            "lora-2",
            "LoRA 2",
            "LoRA with r 64 on attention and feed-forward layers",
            **_LORA_64,
            target_modules=FAMILY.linear,
        ),
        _of_assignment(
            "lora-3",
            "LoRA 3",
            "LoRA with r 32, alpha 32 and dropout 0.2 on attention",
            method="lora",
            r=32,
            lora_alpha=32,
            lora_dropout=0.2,
            target_modules=FAMILY.attention,
        ),
        _of_assignment(
            "ia3",
            "IA3",
            "IA3 on attention and feed-forward layers",
            method="ia3",
            target_modules=FAMILY.linear,
            feedforward_modules=FAMILY.feedforward,
        ),
    )
}

ASSIGNMENT = ("lora-1", "lora-2", "lora-3", "ia3")


def _tuned(preset_id: str) -> Preset:
    """One of the assignment's configurations with what it lacked: a rate, reviews, tests."""
    original = PRESETS[preset_id]
    return Preset(
        f"{preset_id}-tuned",
        original.label.replace("assignment", "tuned"),
        f"{original.label} at a learning rate that suits the method, with reviews enough to learn "
        "from and to tell differences by.",
        {
            **original.values,
            "learning_rate": _TUNED_RATES[preset_id],
            "num_train_epochs": 2,
            "num_reviews": 2_000,
            "num_test_reviews": 5_000,
        },
    )


_TUNED_RATES = {"lora-1": 1e-3, "lora-2": 1e-3, "lora-3": 1e-3, "ia3": 5e-3}
"""Of the recommended presets: the methods' tuned rates did best in a third of the steps."""

PRESETS |= {tuned.id: tuned for tuned in map(_tuned, ASSIGNMENT)}
REFERENCES = (*ASSIGNMENT, "recommended-lora", "recommended-ia3", "recommended-head-only")
"""The presets whose trained adapters come with the program."""


def preset(preset_id: str) -> Preset:
    """The preset of that id.

    Raises:
        NotFoundError: there is none; names those that exist.
    """
    return row_of(PRESETS, preset_id, "preset")
