"""What an adapter changed in the weights of its base, and how far its own tensors moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from peft_demo import models
from peft_demo.adapters.building import build
from peft_demo.models import Architecture
from peft_demo.models.random_state import borrowed_generators
from peft_demo.runs import RunConfig
from peft_demo.runs.inside import Angles, Change, Moved
from peft_demo.statistics.spectra import principal_angles

if TYPE_CHECKING:
    import torch
    from torch import nn


ROUNDING = 1e-7
"""Of the largest singular value: what lies below comes from the weights' float32."""


class Delta(NamedTuple):
    """The change of a module, in float64."""

    name: str
    weight: torch.Tensor
    """Of the weight's shape."""
    weight_norm: float
    """Of the base's weight."""
    bias: torch.Tensor | None
    """None where there is none, or it is as it was."""
    bias_norm: float


def deltas(model: Any, base: models.Base) -> Iterator[Delta]:
    """The changes of all modules of the body that are not as in the base, in its order.

    The adapter is merged module by module in copies of float64, since in the weights' own type a
    small change would be rounded away. The model given is used up.

    Raises:
        NotImplementedError: the method has no change of weights.
    """
    from peft_demo.libraries import peft

    is_peft = isinstance(model, peft.PeftModel)
    network = model.get_base_model() if is_peft else model
    before = dict(base.model.named_modules())
    inside: list[str] = []
    for name, module in network.named_modules():
        wrapped = isinstance(module, peft.tuners.tuners_utils.BaseTunerLayer)
        if any(name.startswith(whole) for whole in inside) or not _in_body(name, base):
            continue
        if wrapped:
            inside.append(f"{name}.")
            _in_own_float64(module)
            module.merge(safe_merge=False)
            module = module.get_base_layer()
        if found := _delta(name, module, before.get(name), is_sure=wrapped):
            yield found


def changes(model: Any, base: models.Base) -> list[Change]:
    """The same as numbers; a method that changes no weight of the base has none."""
    import torch

    found = []
    for delta in known_deltas(model, base):
        block, module = _place(delta.name, base.architecture)
        is_matrix = delta.weight.dim() == 2 and block is not None
        values = torch.linalg.svdvals(delta.weight) if is_matrix else delta.weight.new_zeros(1)
        bias = None if delta.bias is None else _share(delta.bias, delta.bias_norm)
        found.append(
            Change(
                name=delta.name,
                block=block,
                module=module,
                norm=_share(delta.weight, delta.weight_norm) or 0.0,
                bias_norm=bias,
                singular_values=tuple(values[values > ROUNDING * values[0]].tolist()),
            )
        )
    return found


def known_deltas(model: Any, base: models.Base) -> Iterator[Delta]:
    """The same; none of a method that has no change of weights."""
    with suppress(NotImplementedError):
        yield from deltas(model, base)


def angles(
    first: Any, second: Any, base: models.Base, dimensions: Mapping[str, tuple[int, int]]
) -> list[Angles]:
    """How the changes of two models lie to each other.

    Args:
        first: a model of the base; used up.
        second: another; used up.
        base: below both.
        dimensions: how many directions of each to take, by the names of the modules to compare.
    """
    import torch

    found = []
    both = ((d for d in deltas(model, base) if d.name in dimensions) for model in (first, second))
    for one, other in zip(*both, strict=True):  # both in the base's order
        pair = dimensions[one.name]
        weights = (one.weight, other.weight)
        parts = [torch.linalg.svd(weight, full_matrices=False) for weight in weights]
        columns = [u[:, :count].numpy() for (u, _, _), count in zip(parts, pair, strict=True)]
        rows = [vh[:count].T.numpy() for (_, _, vh), count in zip(parts, pair, strict=True)]
        column_angles, column_overlap = principal_angles(*columns)
        row_angles, row_overlap = principal_angles(*rows)
        block, module = _place(one.name, base.architecture)
        found.append(
            Angles(
                name=one.name,
                block=block,
                module=module,
                dimensions=pair,
                column_angles=tuple(column_angles.tolist()),
                column_overlap=column_overlap,
                column_chance=max(pair) / one.weight.shape[0],
                row_angles=tuple(row_angles.tolist()),
                row_overlap=row_overlap,
                row_chance=max(pair) / one.weight.shape[1],
            )
        )
    return found


def moved(model: Any, base: models.Base, config: object) -> list[Moved]:
    """How far each trained tensor of a model is from its start, head included.

    The start is built again from the run's seeds; of an import nobody knows it.
    """
    ends = _trained(model)
    starts = _trained(_start(base, config)) if isinstance(config, RunConfig) else {}
    found = []
    for name, end in ends.items():
        start = starts.get(name)
        found.append(
            Moved(
                name=name.removeprefix("base_model.model."),
                size=end.numel(),
                end=float(end.norm()),
                start=None if start is None else float(start.norm()),
                distance=None if start is None else float((end - start).norm()),
            )
        )
    return found


def _start(base: models.Base, config: RunConfig) -> nn.Module:
    """The model as a run's training begins."""
    from peft_demo.libraries import transformers

    with borrowed_generators():
        transformers.set_seed(config.seed)
        return build(base, config)


def _trained(model: Any) -> dict[str, torch.Tensor]:
    """What a file of it holds, in float64."""
    from peft_demo.libraries import peft

    state = peft.get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tensor.detach().double() for name, tensor in state.items()}


def _in_own_float64(layer: nn.Module) -> None:
    """Give a layer tensors of its own: others share those that it has."""
    from torch import nn

    for module in layer.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            own = weight.detach().double().clone()
            setattr(module, name, nn.Parameter(own, requires_grad=False))
        for name, tensor in list(module.named_buffers(recurse=False)):
            if tensor.is_floating_point():
                setattr(module, name, tensor.double().clone())


def _delta(name: str, after: nn.Module, before: Any, *, is_sure: bool) -> Delta | None:
    """None of a module without tensors of its own, or with none that has changed."""
    weights = dict(after.named_parameters(recurse=False))
    base = dict(before.named_parameters(recurse=False)) if before is not None else {}
    if weights.keys() != base.keys() or "weight" not in weights:
        return None
    differences = {
        part: tensor.detach().double() - base[part].detach().double()
        for part, tensor in weights.items()
        if tensor is not base[part]
    }
    if not is_sure and not any(bool(found.any()) for found in differences.values()):
        return None
    weight, bias = base["weight"], differences.get("bias")
    nothing = weight.detach().double() * 0
    return Delta(
        name,
        differences.get("weight", nothing),
        float(weight.double().norm()),
        bias if bias is not None and bool(bias.any()) else None,
        float(base["bias"].double().norm()) if "bias" in base else 0.0,
    )


def _share(change: torch.Tensor, whole: float) -> float | None:
    return float(change.norm()) / whole if whole else None


def _in_body(name: str, base: models.Base) -> bool:
    family = base.architecture
    return f"{name}.".startswith(f"{family.body}.") and not family.in_head(f"{name}.")


def _place(name: str, family: Architecture) -> tuple[int | None, str]:
    """The number of a module's block, and its name within."""
    if not name.startswith(family.block_path):
        return None, name.removeprefix(f"{family.body}.")
    number, _, rest = name.removeprefix(family.block_path).partition(".")
    return int(number), rest.removeprefix(family.within)
