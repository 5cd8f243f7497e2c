"""A method's modules on a base model, ready to train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peft_demo import models, settings
from peft_demo.methods import METHODS, Method
from peft_demo.models import Architecture, hardware
from peft_demo.models.random_state import borrowed_generators
from peft_demo.runs import RunConfig

if TYPE_CHECKING:
    from torch import nn

    from peft_demo.libraries import peft


def build(base: models.Base, config: RunConfig) -> nn.Module:
    """A model ready to train: the base with a new head and the method's new adapter.

    Draws initial weights from the generators as they are, so seed them first; a run that has a
    seed of its own for head or adapter seeds them for each.
    """
    from peft_demo.adapters.summing import sum_in_place
    from peft_demo.models import fast_forward

    method, is_private = METHODS[config.method], _is_private(config)
    model = _assembled(base, config, is_private=is_private)
    fast_forward.prepare_training(
        model,
        is_head_only=method.is_head_only,
        may_remember=_may_remember(method),
        shares=not is_private,
    )
    if settings.forward() == "fast" and _computes_alone():
        sum_in_place(model)
    return model


def untrained(base: models.Base, config: RunConfig) -> nn.Module:
    """What a run of this configuration begins with, head and adapter, to predict with."""
    from peft_demo.libraries import transformers

    with borrowed_generators():
        transformers.set_seed(config.seed)
        model = _assembled(base, config, is_private=_is_private(config))
    return model.requires_grad_(False).eval()


def _is_private(config: RunConfig) -> bool:
    # Moving a model to a GPU moves its tensors, so there the shared ones stay behind as well.
    method = METHODS[config.method]
    return method.needs_own_base(config.method_values) or hardware.device() != "cpu"


def _assembled(base: models.Base, config: RunConfig, *, is_private: bool) -> nn.Module:
    from peft_demo.libraries import transformers
    from peft_demo.models import fast_forward
    from peft_demo.models.frozen_blocks import set_dropout

    has_own_seeds = config.head_seed is not None or config.adapter_seed is not None
    if has_own_seeds:
        transformers.set_seed(config.seed_of("head_seed"))

    method = METHODS[config.method]
    model = base.private(config.labels) if is_private else base.shared(config.labels)
    if config.base_dropout is not None:
        set_dropout(model.get_submodule(base.architecture.body), config.base_dropout)
    if method.peft_config is None:
        model.requires_grad_(True)
    else:
        if has_own_seeds:
            transformers.set_seed(config.seed_of("adapter_seed"))
        peft_config = method.peft_config(config.method_values, config.setting)
        model = adapted(model, peft_config, base.architecture)
    if method.needs_all_tokens:
        fast_forward.compute_all_tokens(model)
    return model


def _may_remember(method: Method) -> bool:
    """Whether frozen blocks below a method's adapters may compute each text once.

    Not where what stands before them is trained, where texts or padding matter to each other, or
    where the steps of several runs are computed at once.
    """
    depends = method.reads_whole_batch or method.needs_all_tokens or method.trains_inputs
    return _computes_alone() and not depends


def _computes_alone() -> bool:
    """Whether no steps of other runs are computed with a run's own."""
    return hardware.device() == "cpu" and settings.repeats() != "one_pass"


def adapted(model: nn.Module, config: peft.PeftConfig, architecture: Architecture) -> nn.Module:
    """The model with a new adapter of that configuration; its head is trained as well."""
    from peft_demo.libraries import peft

    for name in architecture.head:
        model.get_submodule(name).requires_grad_(True)
    return peft.get_peft_model(model, config)


def count_trained(model: nn.Module, architecture: Architecture) -> tuple[int, int]:
    """Trained parameters outside the head, and in the head."""
    adapter = head = 0
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            if architecture.in_head(name):
                head += parameter.numel()
            else:
                adapter += parameter.numel()
    return adapter, head
