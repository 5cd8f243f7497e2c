"""The adapter, what it needs in training, and how it is saved, as code."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from peft_demo.export.section import Section, seed
from peft_demo.methods import METHODS, Method
from peft_demo.models import BASES, hardware
from peft_demo.runs import RunConfig

if TYPE_CHECKING:
    from peft_demo.libraries import peft


def peft_call(config: RunConfig) -> str:
    """The expression that builds the run's peft configuration: ``LoraConfig(r=8, …)``.

    Raises:
        ValueError: the method has none.
    """
    method = METHODS[config.method]
    if method.peft_config is None:
        raise ValueError(f"{method.id} has no peft configuration")
    built = method.peft_config(config.method_values, config.setting)
    lines = [
        f"    {name}={_literal(value)},"
        for name, value in _arguments(built, config.method_values).items()
    ]
    return "\n".join([f"{type(built).__name__}(", *lines, ")"])


def _arguments(built: peft.PeftConfig, chosen: Iterable[str]) -> dict[str, Any]:
    """The arguments that make ``built``: those that are not defaults, and those ``chosen``."""
    return {
        field.name: getattr(built, field.name)
        for field in fields(built)
        if field.name in chosen
        or (field.name not in _SET_BY_PEFT and getattr(built, field.name) != _default(field))
    }


_SET_BY_PEFT = ("peft_type", "peft_version")


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _literal(value: object) -> str:
    """A plain value as Python writes it, with the quotes of formatted code."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (set, frozenset)):
        value = sorted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def model(config: RunConfig, method: Method) -> Section:
    """What is trained: the adapter and the head, or everything."""
    has_own_seeds = config.head_seed is not None or config.adapter_seed is not None
    again = f"set_seed({seed(config, 'adapter_seed')})\n" if has_own_seeds else ""
    layers = BASES[config.base_model].architecture.head
    head = f"""\
set_seed({seed(config, "head_seed")})
for layer in ({", ".join(f"model.{name}" for name in layers)}):
    nn.init.normal_(layer.weight, std=model.config.initializer_range)
    nn.init.zeros_(layer.bias)
"""
    imports = ("from torch import nn", "from transformers import set_seed")
    text = f"{method.label}: {method.summary} The head that classifies is new"
    if method.peft_config is None:
        return Section(
            "What is trained",
            f"{text}; its random weights come from the seed.",
            head + 'print(f"{model.num_parameters(only_trainable=True):,} trained parameters")',
            imports,
        )
    call = peft_call(config)
    return Section(
        "PEFT",
        f"{text}, and is trained and saved together with the adapter (`modules_to_save`). First "
        "the head and then the adapter draw their random weights from the seed." + _dummy(call),
        f"peft_config = {call}\n\n"
        + head
        + again
        + "model = get_peft_model(model, peft_config)\nmodel.print_trainable_parameters()",
        (
            *imports,
            f"from peft import {call.partition('(')[0]}",
            "from peft import get_peft_model",
        ),
    )


def _dummy(call: str) -> str:
    from peft_demo.libraries import peft

    dummy = peft.utils.constants.DUMMY_TARGET_MODULES
    if f'"{dummy}"' not in call:
        return ""
    return f" To peft, `{dummy}` means no layer at all."


def forward(config: RunConfig, method: Method, forward_pass: str) -> list[Section]:
    """What the network computes in another way than transformers does."""
    if forward_pass == "transformers":
        return []
    frozen = Section(
        "The frozen body",
        "Only the head is trained, so the body computes without dropout. Its features of a text "
        "are the same in every epoch; PEFT Demo computes them once.",
        f"""\
body = model.base_model.model.{BASES[config.base_model].architecture.body}.eval()
body.train = lambda mode=True: body  # Trainer would switch its dropout on""",
    )
    masks = [] if hardware.device() != "cpu" else [_masks()]
    return [frozen, *masks] if method.is_head_only else masks


def _masks() -> Section:
    from peft_demo.models import fast_forward

    return Section(
        "Dropout",
        "PyTorch draws the numbers of a dropout mask one by one, in one thread. Here 16 random "
        "bits make each, which is several times as fast. Without this section the training is "
        "as good, but its numbers are others.",
        f'''\
{inspect.getsource(fast_forward.dropout_mask).strip()}


def dropout(
    values: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> torch.Tensor:
    """Stands in for PyTorch's own."""
    if not training or p == 0:
        return values
    return values * dropout_mask(values.shape, p, values.dtype)


torch.nn.functional.dropout = dropout
model.set_attn_implementation("eager")  # the one that calls it''',
        ("from collections.abc import Sequence", "import math", "import torch"),
    )


def each_step(method: Method) -> list[Section]:
    """The call that a method needs after each step."""
    if method.each_step is None:
        return []
    return [
        Section(
            "After each step",
            f"{method.label} needs a call after each step of the optimiser, before the gradients "
            "are cleared. Trainer has no place for it, but a callback has.",
            f'''\
{inspect.getsource(method.each_step).strip()}


class EachStep(TrainerCallback):
    """Calls it at the right moment."""

    def on_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **more: Any,
    ) -> None:
        """Trainer counts the step only afterwards."""
        {method.each_step.__name__}(more["model"], state.global_step + 1)''',
            (
                "from transformers import TrainerCallback",
                "from transformers import TrainerControl",
                "from transformers import TrainerState",
                "from transformers import TrainingArguments",
                "from typing import Any",
            ),
        )
    ]


def save(method: Method) -> Section:
    """How the result is saved."""
    if method.peft_config is None:
        return Section(
            "Saving",
            "The whole model; `from_pretrained(FOLDER)` loads it.",
            "model.save_pretrained(FOLDER)",
        )
    return Section(
        "Saving",
        "The adapter with its head, without the base; `PeftModel.from_pretrained(base, FOLDER)` "
        "loads it. Embeddings are never trained here; the default would ask the Hub about them.",
        "model.save_pretrained(str(FOLDER), save_embedding_layers=False)",
    )
