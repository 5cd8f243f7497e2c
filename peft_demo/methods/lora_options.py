"""Options that peft's LoraConfig has beside rank, alpha, dropout and target modules."""

from __future__ import annotations

from dataclasses import replace

from peft_demo.errors import refuse
from peft_demo.fields import Choice, Pattern, Switch, shown
from peft_demo.methods.method import Setting, Values, rank_fits_widths
from peft_demo.methods.peft_values import pattern_of
from peft_demo.models import FAMILY, NamesOf

INIT = Choice(
    "init_lora_weights",
    "Start (init_lora_weights)",
    "What the adapter's matrices begin with. By default A is drawn evenly and B is zero, so that "
    "nothing changes at first; gaussian draws A from a normal distribution, orthogonal makes both "
    "orthogonal, for which the rank must be even.",
    "default",
    ("default", "gaussian", "orthogonal"),
    is_rare=True,
)

BIAS = Choice(
    "bias",
    "Biases (bias)",
    "Which of the base's own biases are trained too: none, all, or those of the layers that have "
    "an adapter. Such a run needs a base of its own in memory.",
    "none",
    ("none", "all", "lora_only"),
    is_rare=True,
)

RSLORA = Switch(
    "use_rslora",
    "Divide by √r (use_rslora)",
    "Whether the update is multiplied by alpha / √r, as in rsLoRA, and not by alpha / r.",
    False,
    is_rare=True,
)

RANK_PATTERN = Pattern(
    "rank_pattern",
    "Ranks of their own (rank_pattern)",
    f"A rank of its own for some of the target modules: {FAMILY.query}: 16, {FAMILY.value}: 4. "
    "The others have r.",
    "",
    FAMILY.linear,
    1,
    256,
    NamesOf(FAMILY),
    is_rare=True,
)

ALPHA_PATTERN = replace(
    RANK_PATTERN,
    name="alpha_pattern",
    label="Alphas of their own (alpha_pattern)",
    help=f"An alpha of its own for some of the target modules: {FAMILY.query}: 32, "
    f"{FAMILY.value}: 8. The others have lora_alpha.",
    maximum=512,
)

PATTERNS = (RANK_PATTERN, ALPHA_PATTERN)


def check_lora(values: Values, setting: Setting) -> None:
    """Refuse ranks that are too large, of no target module, or odd where they must be even."""
    rank_fits_widths(values, setting)
    targets = values["target_modules"]
    for pattern in PATTERNS:
        own = pattern_of(values.get(pattern.name, ""))
        stray = [module for module in own if module not in targets]
        if stray:
            refuse(
                pattern.name,
                f"{pattern.name} must be for target modules ({shown(targets)}), got "
                f"{shown(stray)}.",
            )
    ranks = pattern_of(values.get(RANK_PATTERN.name, ""))
    for module, own_rank in ranks.items():
        most = min(setting.base.features(module))
        if own_rank > most:
            refuse(
                RANK_PATTERN.name,
                f"{RANK_PATTERN.name} must be at most {most:,} for {module}, its width, got "
                f"{own_rank}.",
            )
    odd = [number for number in (values["r"], *ranks.values()) if number % 2]
    if values.get(INIT.name) == "orthogonal" and odd:
        refuse(INIT.name, f"{INIT.name} orthogonal must have even ranks, got {shown(odd)}.")
