"""Methods whose update is a product of thin matrices, or made of such products."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from peft_demo.fields import Integer, Number, shown
from peft_demo.methods.method import (
    TARGET_MODULES,
    Method,
    Setting,
    Values,
    alpha,
    dropout,
    must_not_exceed_width,
    on_targets,
    rank,
    refuse,
)

if TYPE_CHECKING:
    from peft_demo.libraries import peft

_LORA_FIELDS = (rank(), alpha("lora_alpha"), dropout("lora_dropout", 0.1), TARGET_MODULES)


def _lora(**variant: Any) -> Callable[[Values, Setting], peft.PeftConfig]:
    """LoraConfig with the options that make a variant of LoRA."""

    def config(values: Values, setting: Setting) -> peft.PeftConfig:
        from peft_demo.libraries import peft

        return peft.LoraConfig(
            **on_targets(values, setting),
            r=values["r"],
            lora_alpha=values["lora_alpha"],
            lora_dropout=values["lora_dropout"],
            bias="none",
            **variant,
        )

    return config


def _adalora(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.AdaLoraConfig(
        **on_targets(values, setting),
        init_r=values["init_r"],
        target_r=values["target_r"],
        lora_alpha=values["lora_alpha"],
        lora_dropout=values["lora_dropout"],
        tinit=values["tinit"],
        tfinal=values["tfinal"],
        total_step=setting.max_steps,
    )


def allocate_ranks(model: Any, step: int) -> None:
    """Take rank from the layers whose gradients show that they need it least."""
    model.base_model.update_and_allocate(step)


def _check_adalora(values: Values, setting: Setting) -> None:
    if values["target_r"] > values["init_r"]:
        refuse(
            "target_r",
            f"target_r must be at most init_r ({values['init_r']}), got {values['target_r']}.",
        )
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
    must_not_exceed_width("init_r")(values, setting)


def _gralora(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.GraloraConfig(
        **on_targets(values, setting),
        r=values["r"],
        alpha=values["alpha"],
        gralora_k=values["gralora_k"],
        gralora_dropout=values["gralora_dropout"],
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


def _delora(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.DeloraConfig(
        **on_targets(values, setting), r=values["r"], delora_lambda=values["delora_lambda"]
    )


def _hira(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.HiraConfig(
        **on_targets(values, setting), r=values["r"], hira_dropout=values["hira_dropout"]
    )


def _loha(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.LoHaConfig(**on_targets(values, setting), r=values["r"], alpha=values["alpha"])


def _lokr(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.LoKrConfig(**on_targets(values, setting), r=values["r"], alpha=values["alpha"])


def _miss(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.MissConfig(
        **on_targets(values, setting), r=values["r"], miss_dropout=values["miss_dropout"]
    )


def _peanut(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.PeanutConfig(**on_targets(values, setting), r=values["r"], depth=values["depth"])


def _glora(values: Values, setting: Setting) -> peft.PeftConfig:
    from peft_demo.libraries import peft

    return peft.GloraConfig(**on_targets(values, setting), r=values["r"])


ROWS = (
    Method(
        id="lora",
        label="LoRA",
        summary="Adds a trained product of two thin matrices to each target layer; "
        "the layer itself stays frozen.",
        formula=r"h = Wx + \frac{\alpha}{r} B A x",
        year=2021,
        paper="LoRA: Low-Rank Adaptation of Large Language Models",
        paper_url="https://arxiv.org/abs/2106.09685",
        fields=_LORA_FIELDS,
        starting_rate=1e-3,
        peft_config=_lora(),
        check=must_not_exceed_width("r"),
    ),
    Method(
        id="rslora",
        label="rsLoRA",
        summary="LoRA whose update is divided by the square root of the rank, so that high "
        "ranks keep learning.",
        formula=r"h = Wx + \frac{\alpha}{\sqrt{r}} B A x",
        year=2023,
        paper="A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA",
        paper_url="https://arxiv.org/abs/2312.03732",
        fields=(
            _LORA_FIELDS[0],
            Integer(
                "lora_alpha",
                "Alpha (lora_alpha)",
                "How strongly the update counts: it is multiplied by alpha / √r.",
                16,
                1,
                512,
                1,
            ),
            *_LORA_FIELDS[2:],
        ),
        starting_rate=1e-3,
        peft_config=_lora(use_rslora=True),
        check=must_not_exceed_width("r"),
    ),
    Method(
        id="dora",
        label="DoRA",
        summary="Splits each weight into length and direction; trains the lengths, and the "
        "directions by LoRA.",
        formula=r"h = m \odot \frac{W + \frac{\alpha}{r} B A}"
        r"{\lVert W + \frac{\alpha}{r} B A \rVert} x",
        year=2024,
        paper="DoRA: Weight-Decomposed Low-Rank Adaptation",
        paper_url="https://arxiv.org/abs/2402.09353",
        fields=_LORA_FIELDS,
        merges_to_predict=True,
        starting_rate=1e-3,
        peft_config=_lora(use_dora=True),
        check=must_not_exceed_width("r"),
    ),
    Method(
        id="pissa",
        label="PiSSA",
        summary="LoRA that starts from the largest singular vectors of each weight and takes "
        "them out of the base.",
        formula=r"W = U \Sigma V^\top, \quad h = (W - B_0 A_0) x + B A x",
        year=2024,
        paper="PiSSA: Principal Singular Values and Singular Vectors Adaptation of Large "
        "Language Models",
        paper_url="https://arxiv.org/abs/2404.02948",
        fields=_LORA_FIELDS,
        starting_rate=5e-4,
        peft_config=_lora(init_lora_weights="pissa"),
        writes_to_base=True,
        check=must_not_exceed_width("r"),
    ),
    Method(
        id="olora",
        label="OLoRA",
        summary="LoRA that starts from an orthonormal basis of each weight, found by QR "
        "decomposition.",
        formula=r"W = Q R, \quad h = (W - B_0 A_0) x + \frac{\alpha}{r} B A x",
        year=2024,
        paper="OLoRA: Orthonormal Low-Rank Adaptation of Large Language Models",
        paper_url="https://arxiv.org/abs/2406.01775",
        fields=_LORA_FIELDS,
        starting_rate=5e-4,
        peft_config=_lora(init_lora_weights="olora"),
        writes_to_base=True,
        check=must_not_exceed_width("r"),
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
        ),
        stacks=False,
        starting_rate=3e-3,
        peft_config=_adalora,
        each_step=allocate_ranks,
        shrinks=True,
        note="Its training loss includes a penalty that keeps P and Q orthogonal, so it starts "
        "above the others'; validation and test loss do not.",
        check=_check_adalora,
    ),
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
                1,
            ),
            dropout("gralora_dropout"),
            TARGET_MODULES,
        ),
        starting_rate=1e-3,
        peft_config=_gralora,
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
        ),
        starting_rate=3e-3,
        peft_config=_delora,
        check=must_not_exceed_width("r"),
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
        fields=(rank(16), dropout("hira_dropout"), TARGET_MODULES),
        merges_to_predict=True,
        starting_rate=3e-3,
        peft_config=_hira,
        check=must_not_exceed_width("r"),
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
        fields=(rank(8, 64), alpha(), TARGET_MODULES),
        stacks=False,
        starting_rate=2e-3,
        peft_config=_loha,
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
        fields=(rank(8, 64), alpha(), TARGET_MODULES),
        stacks=False,
        starting_rate=2e-3,
        peft_config=_lokr,
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
        ),
        starting_rate=1e-3,
        peft_config=_miss,
        check=must_not_exceed_width("r"),
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
                1,
            ),
            TARGET_MODULES,
        ),
        starting_rate=1e-3,
        peft_config=_peanut,
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
        peft_config=_glora,
    ),
)
