"""The steps of a run as code on plain transformers and peft, for scripts and notebooks.

Executed, they give the run's own numbers. So what training, models, data and adapters do stands
here once more, as short as a reader wants it; the tests train both ways and compare.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from peft_demo.data import DATASETS
from peft_demo.export.code_data import TOKENS, base, draw, texts
from peft_demo.export.code_model import each_step, forward, model, save
from peft_demo.export.code_training import NUMBERS, RESULTS, test, training
from peft_demo.export.section import WIDTH, Section
from peft_demo.methods import METHODS
from peft_demo.runs import PART_SEEDS, RunConfig


def steps(config: RunConfig, forward_pass: str) -> list[Section]:
    """The steps of a run in their order, each with the imports that it needs.

    Args:
        config: what to train.
        forward_pass: how the run's network computed, one of ``settings.forward``'s.
    """
    method, row = METHODS[config.method], DATASETS[config.dataset]
    return [
        _settings(config),
        base(config),
        texts(row),
        draw(config, row),
        TOKENS,
        model(config, method),
        *forward(config, method, forward_pass),
        *each_step(method),
        training(config, method),
        RESULTS,
        test(row),
        save(method),
        NUMBERS,
    ]


def folder_name(config: RunConfig) -> str:
    """The folder that the code saves into, from the run's name: ``lora-r-8-lr-0.001``."""
    return re.sub(r"[^a-z0-9.]+", "-", config.name.lower())[:64].strip("-.") or config.method


def _settings(config: RunConfig) -> Section:
    own = "".join(
        f"{part.upper()} = {config.seed_of(part)}\n"
        for part in PART_SEEDS
        if getattr(config, part) is not None
    )
    return Section(
        "Settings",
        "What the run was started with. The seed decides which texts are drawn, how the new "
        "weights begin, and the order in which they are trained."
        + (" Some of this has a seed of its own." if own else ""),
        f"""\
SEED = {config.seed}
{own}\
NUM_REVIEWS = {config.num_reviews:_}
NUM_TEST_REVIEWS = {config.num_test_reviews:_}
MAX_LENGTH = {config.max_length}  # tokens
LABELS = {_labels(config.labels)}
FOLDER = Path("{folder_name(config)}")""",
        ("from pathlib import Path",),
    )


def _labels(labels: Sequence[str]) -> str:
    """The labels by their numbers, on one line if they fit."""
    entries = [f"{n}: {json.dumps(label, ensure_ascii=False)}" for n, label in enumerate(labels)]
    line = f"{{{', '.join(entries)}}}"
    if len(f"LABELS = {line}") <= WIDTH:
        return line
    return "\n".join(["{", *(f"    {entry}," for entry in entries), "}"])
