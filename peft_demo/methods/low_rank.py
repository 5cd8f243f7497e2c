"""Methods whose update is a product of thin matrices, or made of such products."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from peft_demo.errors import refuse
from peft_demo.fields import Integer, Number
from peft_demo.methods.lora_options import BIAS, INIT, PATTERNS, RSLORA, check_lora
from peft_demo.methods.method import (
    LAYERS,
    TARGET_MODULES,
    ConfigOf,
    Method,
    Setting,
    Values,
    alpha,
    at_most,
    dropout,
    rank,
    rank_fits_widths,
)


def allocate_ranks(model: Any, step: int) -> None:
    """Take rank from the layers whose gradients show that they need it least."""
    model.base_model.update_and_allocate(step)


def allocated_ranks(model: Any) -> list[tuple[object, str]]:
    """What AdaLoRA knows of its layers' needs, and how it has allocated ranks by it."""
    tuner = model.base_model
    averages = ("ipt", "exp_avg_ipt", "exp_avg_unc")
    config = tuner.peft_config[tuner.trainable_adapter_name]
    return [*((tuner.rankallocator, name) for name in averages), (config, "rank_pattern")]


def _check_adalora(values: Values, setting: Setting) -> None:
    at_most(values, "target_r", values["init_r"], f"init_r ({values['init_r']})")
    # The last step takes rank away by what the gradients of one before it have shown.
    most = setting.max_steps - 2
    if most < 0:
        refuse("num_train_epochs", "num_train_epochs must give at least 2 training steps, got 1.")
    if values["tinit"] + values["tfinal"] > most:
        refuse(
            "tinit",
            f"tinit + tfinal must be at most {most:,}, two less than the training's "
            f"{setting.max_steps:,} steps, got {values['tinit']:,} + {values['tfinal']:,}.",
        )
    rank_fits_widths(values, setting, "init_r")


def fit_schedule(given: Values, max_steps: int) -> dict[str, int]:
    """AdaLoRA's phases as the shares that they have of ``total_step``, of a training's own steps.

    A phase that does not fit, of a total that is not known, is left out.
    """
    total = _steps(given.get("total_step"))
    tinit, tfinal = _steps(given.get("tinit")), _steps(given.get("tfinal"))
    most = max(0, max_steps - 2)
    if total:
        tinit, tfinal = (round(steps * max_steps / total) for steps in (tinit, tfinal))
        tinit = min(tinit, most)
        return {"tinit": tinit, "tfinal": min(tfinal, most - tinit)}
    return {"tinit": tinit, "tfinal": tfinal} if tinit + tfinal <= most else _NO_PHASES


def _average(name: str, what: str) -> Number:
    return Number(
        name,
        f"Memory of {what} ({name})",
        f"How much of the {what} of the weights is remembered from step to step, by which rank is "
        "taken away.",
        0.85,
        0.01,
        0.99,
        0.01,
        is_rare=True,
    )


_NO_PHASES = {"tinit": 0, "tfinal": 0}


def _steps(value: object) -> int:
    """A number of steps; none where it is no such number."""
    return int(value) if isinstance(value, (int, float)) and 0 < value < 1e9 else 0


_LORA = Method(
    id="lora",
    label="LoRA",
    summary="Adds a trained product of two thin matrices to each target layer; "
    "the layer itself stays frozen.",
    formula=r"h = Wx + \frac{\alpha}{r} B A x",
    year=2021,
    paper="LoRA: Low-Rank Adaptation of Large Language Models",
    paper_url="https://arxiv.org/abs/2106.09685",
    fields=(
        rank(),
        alpha("lora_alpha"),
        dropout("lora_dropout", 0.1),
        TARGET_MODULES,
        LAYERS,
        INIT,
        BIAS,
        *PATTERNS,
    ),
    starting_rate=1e-3,
    peft_config=ConfigOf("LoraConfig"),
    check=check_lora,
)


ROWS = (
    _LORA,
    replace(
        _LORA,
        id="rslora",
        label="rsLoRA",
        summary="LoRA whose update is divided by the square root of the rank, so that high "
        "ranks keep learning.",
        formula=r"h = Wx + \frac{\alpha}{\sqrt{r}} B A x",
        year=2023,
        paper="A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA",
        paper_url="https://arxiv.org/abs/2312.03732",
        fields=(_LORA.fields[0], alpha("lora_alpha", divisor="√r"), *_LORA.fields[2:]),
        peft_config=ConfigOf("LoraConfig", {"use_rslora": True}),
    ),
    replace(
        _LORA,
        id="dora",
        kept_activations=1.5,
        label="DoRA",
        summary="Splits each weight into length and direction; trains the lengths, and the "
        "directions by LoRA.",
        formula=r"h = m \odot \frac{W + \frac{\alpha}{r} B A}"
        r"{\lVert W + \frac{\alpha}{r} B A \rVert} x",
        year=2024,
        paper="DoRA: Weight-Decomposed Low-Rank Adaptation",
        paper_url="https://arxiv.org/abs/2402.09353",
        merges_to_predict=True,
        fields=(*_LORA.fields, RSLORA),
        peft_config=ConfigOf("LoraConfig", {"use_dora": True}),
    ),
    replace(
        _LORA,
        id="pissa",
        label="PiSSA",
        summary="LoRA that starts from the largest singular vectors of each weight and takes "
        "them out of the base.",
        formula=r"W = U \Sigma V^\top, \quad h = (W - B_0 A_0) x + B A x",
        year=2024,
        paper="PiSSA: Principal Singular Values and Singular Vectors Adaptation of Large "
        "Language Models",
        paper_url="https://arxiv.org/abs/2404.02948",
        starting_rate=5e-4,
        fields=(*(field for field in _LORA.fields if field is not INIT), RSLORA),
        peft_config=ConfigOf("LoraConfig", {"init_lora_weights": "pissa"}),
        writes_to_base=True,
    ),
    replace(
        _LORA,
        id="olora",
        label="OLoRA",
        summary="LoRA that starts from an orthonormal basis of each weight, found by QR "
        "decomposition.",
        formula=r"W = Q R, \quad h = (W - B_0 A_0) x + \frac{\alpha}{r} B A x",
        year=2024,
        paper="OLoRA: Orthonormal Low-Rank Adaptation of Large Language Models",
        paper_url="https://arxiv.org/abs/2406.01775",
        starting_rate=5e-4,
        fields=(*(field for field in _LORA.fields if field is not INIT), RSLORA),
        peft_config=ConfigOf("LoraConfig", {"init_lora_weights": "olora"}),
        writes_to_base=True,
    ),
    Method(
        id="adalora",
        label="AdaLoRA",
        summary="Begins with a generous rank everywhere and, while training, takes it from the "
        "layers that need it least.",
        formula=r"h = Wx + \frac{\alpha}{r} P \Lambda Q x",
        year=2023,
        paper="AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning",
        paper_url="https://arxiv.org/abs/2303.10512",
        fields=(
            rank(
                12,
                64,
                name="init_r",
                label="First rank (init_r)",
                help="Rank of every target layer when training begins.",
            ),
            rank(
                8,
                64,
                name="target_r",
                label="Last rank (target_r)",
                help="Average rank that is left when training ends; at most the first rank.",
            ),
            Integer(
                "tinit",
                "Warm-up (tinit)",
                "Steps before the first rank is taken away.",
                0,
                0,
                100_000,
                is_typed=True,
                unit="steps",
            ),
            Integer(
                "tfinal",
                "Last phase (tfinal)",
                "Steps at the end during which the ranks stay as they are.",
                0,
                0,
                100_000,
                is_typed=True,
                unit="steps",
            ),
            alpha("lora_alpha"),
            dropout("lora_dropout", 0.1),
            TARGET_MODULES,
            LAYERS,
            Integer(
                "deltaT",
                "Pace (deltaT)",
                "Every how many steps rank is taken away.",
                1,
                1,
                10_000,
                is_typed=True,
                unit="steps",
                is_rare=True,
            ),
            _average("beta1", "sensitivity"),
            _average("beta2", "uncertainty"),
            Number(
                "orth_reg_weight",
                "Penalty (orth_reg_weight)",
                "How much the training loss counts that P and Q are not orthogonal.",
                0.5,
                0.0,
                10.0,
                0.05,
                is_rare=True,
            ),
        ),
        stacks=False,
        starting_rate=3e-3,
        peft_config=ConfigOf(
            "AdaLoraConfig", derived=lambda values, setting: {"total_step": setting.max_steps}
        ),
        each_step=allocate_ranks,
        remembers=allocated_ranks,
        fit_schedule=fit_schedule,
        scheduled_by=("total_step",),
        ignored_by_peft=("r",),
        shrinks=True,
        note="Its training loss includes a penalty that keeps P and Q orthogonal, so it starts "
        "above the others'; validation and test loss do not.",
        check=_check_adalora,
    ),
)
