"""Methods that learn a few coefficients of a transform of the update."""

from __future__ import annotations

from dataclasses import replace

from peft_demo.fields import Field, Integer, Number
from peft_demo.methods.method import (
    LAYERS,
    TARGET_MODULES,
    ConfigOf,
    Method,
    Setting,
    Values,
    at_most,
    must_divide_widths,
)

_BLOCK_SIZE = Integer(
    "block_size",
    "Block size",
    "Length of each convolution; larger blocks train less. Must divide the widths "
    "of the target layers.",
    128,
    8,
    384,
)


def _n_frequency(default: int) -> Field:
    return Integer(
        "n_frequency",
        "Coefficients (n_frequency)",
        "How many coefficients of the transform are trained in each layer; the rest stay zero.",
        default,
        50,
        8_000,
        50,
    )


def _scaling(default: float, most: float) -> Field:
    return Number(
        "scaling", "Scaling", "What the update is multiplied by.", default, 1.0, most, 1.0
    )


def _check_size(values: Values, setting: Setting) -> None:
    entries = min(a * b for a, b in map(setting.base.features, values["target_modules"]))
    limit = f"{entries:,}, the entries of the smallest target module's weight"
    at_most(values, "n_frequency", entries, limit)


_FOURIERFT = Method(
    id="fourierft",
    label="FourierFT",
    summary="Learns a few frequencies of each update and transforms them back to a full matrix.",
    formula=r"h = Wx + \alpha\, \operatorname{Re} \bigl( \mathcal{F}^{-1}(C) \bigr) x",
    year=2024,
    paper="Parameter-Efficient Fine-Tuning with Discrete Fourier Transform",
    paper_url="https://arxiv.org/abs/2405.03003",
    fields=(_n_frequency(1000), _scaling(150.0, 500.0), TARGET_MODULES, LAYERS),
    stacks=False,
    merges_to_predict=True,
    starting_rate=5e-3,
    peft_config=ConfigOf("FourierFTConfig", seed="random_loc_seed"),
    check=_check_size,
)

ROWS = (
    _FOURIERFT,
    replace(
        _FOURIERFT,
        id="waveft",
        label="WaveFT",
        summary="Learns a few wavelet coefficients of each update: like FourierFT, but local.",
        formula=r"h = Wx + \lambda\, \mathcal{W}^{-1}(C)\, x",
        year=2025,
        paper="Exploring Sparsity for Parameter Efficient Fine Tuning Using Wavelets",
        paper_url="https://arxiv.org/abs/2505.12532",
        fields=(_n_frequency(2600), _scaling(25.0, 200.0), TARGET_MODULES, LAYERS),
        starting_rate=1e-3,
        peft_config=ConfigOf("WaveFTConfig", seed="random_loc_seed"),
    ),
    Method(
        id="c3a",
        label="C3A",
        summary="Adds circular convolutions, computed by Fourier transform: each block of the "
        "update is one trained vector.",
        formula=r"h = Wx + \mathcal{F}^{-1} \bigl( \mathcal{F}(w) \odot \mathcal{F}(x) \bigr)",
        year=2024,
        paper="Parameter-Efficient Fine-Tuning via Circular Convolution",
        paper_url="https://arxiv.org/abs/2407.19342",
        fields=(_BLOCK_SIZE, TARGET_MODULES, LAYERS),
        stacks=False,
        merges_to_predict=True,
        starting_rate=5e-3,
        peft_config=ConfigOf("C3AConfig"),
        check=must_divide_widths(_BLOCK_SIZE),
    ),
)
