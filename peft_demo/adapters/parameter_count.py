"""What a configuration would train and store, counted without loading a weight.

peft builds the method on a network whose tensors have shapes but no values.
"""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from peft_demo.adapters.building import adapted, count_trained
from peft_demo.methods import METHODS, Method, Setting, Values
from peft_demo.methods.method import LAYERS
from peft_demo.models import Architecture, Shape

ADAPTER = "default"
"""peft's name for an adapter that was given none; it stands in its tensors' names."""


@dataclass(frozen=True)
class Tensor:
    """One tensor that a method adds, or a tensor of the base that it trains."""

    name: str
    """As the module names it: ``lora_A``, ``vera_lambda_b``, ``weight``."""
    shape: tuple[int, ...]
    trained: bool
    """False for one that is drawn once and frozen, such as VeRA's random matrices."""


@dataclass(frozen=True)
class Part:
    """What happens at one module of a block."""

    module: str
    """The name that users have for it."""
    tensors: tuple[Tensor, ...]
    """None where the module gets only what the blocks share."""


@dataclass(frozen=True)
class ParameterCount:
    """Counts and places of everything that a configuration trains."""

    num_adapter_parameters: int
    """Trained parameters outside the head."""
    num_head_parameters: int
    num_base_parameters: int
    """All parameters of the base without the head."""
    file_bytes: int
    """Size of the saved weights."""
    optimizer_bytes: int
    """What AdamW keeps: two float32 numbers for each trained parameter."""
    n_layers: int
    architecture: Architecture
    """The base's family."""
    block: tuple[Part, ...]
    """The modules of a block that something is added to or trained in; all blocks are alike, or
    those of ``some_blocks``."""
    shared: tuple[Tensor, ...]
    """What the method adds once for all blocks: a vector bank, random matrices, virtual tokens."""
    embeddings: tuple[Tensor, ...]
    """Tensors of the embeddings that are trained."""
    some_blocks: tuple[int, ...] = ()
    """The blocks that get something of their own, from 0, if that is not all of them."""
    num_elsewhere: int = 0
    """Trained parameters of the other blocks."""
    num_lacking: int = 0
    """How many parameters fewer than the others the first block trains, as it lacks a norm."""
    num_around: int = 0
    """Trained parameters of the base outside blocks, embeddings and head."""
    times: int = 1
    """How often each block is computed."""

    @property
    def share_of_base(self) -> float:
        """Adapter parameters as a share of the base's."""
        return self.num_adapter_parameters / self.num_base_parameters


def count_parameters(method_id: str, values: Values, setting: Setting) -> ParameterCount:
    """Count a configuration; the same question is answered from memory.

    Safe in several threads, also beside a training: it draws no random numbers.

    Args:
        method_id: a row of METHODS.
        values: the method's own fields, checked.
        setting: base, steps and seed of the run.
    """
    return _counted(METHODS[method_id], tuple(sorted(values.items())), setting)


@lru_cache(maxsize=1024)
def _counted(
    method: Method, values: tuple[tuple[str, Any], ...], setting: Setting
) -> ParameterCount:
    family, n_layers = setting.base.architecture, setting.base.n_layers
    blank = _blank(setting.base, setting.num_labels)
    model, own, stored = _build(method, dict(values), setting)
    adapter, head = count_trained(model, family)
    found = _found(model, own, family)
    shared = [each for each in found if each.is_added and not each.is_of_one_module]
    some = dict(values).get(LAYERS.name) or ()
    blocks = some or tuple(range(n_layers))
    block = _block(found, blank, setting.base, blocks[-1])
    numbered = [each for each in shared if each.names[0][-1].isdigit()]
    if len(numbered) == len(blocks) * len(block):
        # One for each module of each block, kept outside them; their names only number them.
        shared = [each for each in shared if each not in numbered]
        block = [
            replace(part, tensors=(*part.tensors, each.tensor))
            for part, each in zip(block, numbered, strict=False)
        ]
    return ParameterCount(
        num_adapter_parameters=adapter,
        num_head_parameters=head,
        num_base_parameters=sum(
            parameter.numel()
            for name, parameter in blank.named_parameters()
            if not family.in_head(name)
        ),
        file_bytes=_file_bytes(stored),
        optimizer_bytes=2 * 4 * (adapter + head),
        n_layers=n_layers,
        architecture=family,
        block=tuple(block),
        shared=tuple(each.tensor for each in shared),
        embeddings=tuple(
            each.tensor
            for each in found
            if not each.is_added and f".{family.embeddings}." in each.names[0]
        ),
        some_blocks=some if len(some) < n_layers else (),
        num_elsewhere=_num_elsewhere(model, family, blocks),
        num_lacking=_num_lacking(found, family, blocks),
        num_around=sum(
            math.prod(each.tensor.shape)
            for each in found
            if not each.is_added
            and each.tensor.trained
            and not any(
                path in each.names[0] for path in (family.block_path, f".{family.embeddings}.")
            )
        ),
        times=setting.base.times,
    )


def _file_bytes(stored: Mapping[str, torch.Tensor]) -> int:
    """Size of a safetensors file: eight bytes, a header in JSON that is filled up, the numbers."""
    end = 0
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    for name, tensor in sorted(
        stored.items(), key=lambda item: (-item[1].itemsize, _kind(item[1]), item[0])
    ):
        start, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": _kind(tensor),
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    length = len(json.dumps(header, separators=(",", ":")))
    return 8 + length + -length % 8 + end


def _kind(tensor: torch.Tensor) -> str:
    return f"{'F' if tensor.is_floating_point() else 'I'}{8 * tensor.itemsize}"


# The network without values


@lru_cache(maxsize=16)
def _blank(base: Shape, num_labels: int) -> nn.Module:
    """The base with a head for so many labels; it is copied, never changed."""
    with torch.device("meta"):
        return base.network(num_labels=num_labels).requires_grad_(False)


def _build(
    method: Method, values: Values, setting: Setting
) -> tuple[nn.Module, set[torch.Tensor], dict[str, torch.Tensor]]:
    """A model as ``adapters.build`` makes it, its base's tensors, and what would be saved of it."""
    from peft_demo.libraries import peft

    model = copy.deepcopy(_blank(setting.base, setting.num_labels))
    own = {*model.parameters(), *model.buffers()}
    if method.peft_config is None:
        return model.requires_grad_(True), own, model.state_dict()
    with torch.device("meta"), _WithoutValues():
        model = adapted(model, method.peft_config(values, setting), setting.base.architecture)
        return model, own, peft.get_peft_model_state_dict(model, save_embedding_layers=False)


class _WithoutValues(TorchFunctionMode):
    """Answers what the constructors of some methods ask of values, where there are none.

    Holds for the thread that enters it: a training may build the same classes in another one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._num_marked = 0
        self._answers: dict[Any, Callable[..., Any]] = {
            # SHiRA marks random entries of a mask and then looks where they are.
            torch.Tensor.scatter_: self._mark,
            torch.where: self._where,
            # Uni-LoRA counts how often each number is used, and picks those that are.
            torch.bincount: lambda numbers, minlength: torch.empty(minlength),
            torch.Tensor.__getitem__: lambda tensor, index: tensor[
                () if _is_mask(index) else index
            ],
            torch.Tensor.__setitem__: lambda tensor, index, value: None,
            # TinyLoRA draws its matrices on the CPU, whatever the device.
            torch.normal: lambda mean, std, size, generator: torch.empty(size),
            # OFT and PSOFT list the entries above a diagonal, which is slow without values.
            torch.triu_indices: lambda rows, columns, offset: (
                2 * (torch.empty(rows * (rows - 1) // 2, dtype=torch.long),)
            ),
            # The tokens of prompt tuning and P-tuning are saved from the CPU.
            torch.Tensor.cpu: lambda tensor: tensor,
        }

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return self._answers.get(func, func)(*args, **(kwargs or {}))

    def _mark(self, mask: torch.Tensor, dim: int, index: torch.Tensor, value: Any) -> torch.Tensor:
        self._num_marked = index.numel()
        return mask

    def _where(self, condition: torch.Tensor, *choices: Any) -> Any:
        if choices:
            return torch.where(condition, *choices)
        return tuple(torch.empty(self._num_marked, dtype=torch.long) for _ in condition.shape)


def _is_mask(index: object) -> bool:
    return isinstance(index, torch.Tensor) and index.dtype == torch.bool


# Where it stands


@dataclass(frozen=True)
class _Found:
    """A tensor that a method adds, or that it trains outside the head."""

    tensor: Tensor
    names: tuple[str, ...]
    """All that it has in the model: one for each module that it serves."""
    is_added: bool
    is_of_one_module: bool
    """Whether it serves a single module of the blocks."""


def _found(model: nn.Module, own: set[torch.Tensor], family: Architecture) -> list[_Found]:
    """All that a reader should know of; tables of indices and counters are bookkeeping."""
    names: dict[torch.Tensor, list[str]] = {}
    for name, tensor in (
        *model.named_parameters(remove_duplicate=False),
        *model.named_buffers(remove_duplicate=False),
    ):
        is_weight = tensor not in own and tensor.is_floating_point() and tensor.numel() > 1
        if (tensor.requires_grad or is_weight) and not family.in_head(name):
            names.setdefault(tensor, []).append(name)
    every_name = {name for its_names in names.values() for name in its_names}
    return [
        _Found(
            Tensor(_plain(first, every_name, family), tuple(tensor.shape), tensor.requires_grad),
            (first, *more),
            is_added=tensor not in own,
            is_of_one_module=not more and family.block_path in first,
        )
        for tensor, (first, *more) in names.items()
    ]


def _num_elsewhere(model: nn.Module, family: Architecture, blocks: tuple[int, ...]) -> int:
    mine = tuple(family.block(number) for number in blocks)
    return sum(
        parameter.numel()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
        and family.block_path in name
        and not any(path in name for path in mine)
    )


def _num_lacking(found: list[_Found], family: Architecture, blocks: tuple[int, ...]) -> int:
    if not family.some_norm or blocks[0] > 0:
        return 0
    path = f"{family.block(blocks[-1])}{family.some_norm}."
    return sum(
        math.prod(each.tensor.shape)
        for each in found
        if each.tensor.trained and any(path in name for name in each.names)
    )


def _block(found: list[_Found], blank: nn.Module, base: Shape, number: int) -> list[Part]:
    """What happens at the modules of a block."""
    last = base.architecture.block(number)
    modules: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, parameter in blank.named_parameters():
        path, _, kind = name.partition(last)[2].rpartition(".")
        if path:
            modules.setdefault(path, {})[kind] = tuple(parameter.shape)
    modules_at = {base.architecture.path(name): name for name in base.architecture.modules}
    parts = []
    for path, shapes in modules.items():
        inside = [each for each in found if any(f"{last}{path}." in name for name in each.names)]
        if inside:
            tensors = [each.tensor for each in inside if each.is_of_one_module]
            # A trained copy that stands in for the module is its own tensors to a reader.
            renamed = [replace(each, name=each.name.rpartition(".")[2]) for each in tensors]
            if path in base.architecture.layer_norms and len(tensors) == len(shapes) == 1:
                renamed = [replace(tensors[0], name="weight")]  # a norm without a bias
            is_copy = {each.name: each.shape for each in renamed} == shapes
            parts.append(Part(modules_at.get(path, path), tuple(renamed if is_copy else tensors)))
    return parts


def _plain(name: str, every_name: set[str], family: Architecture) -> str:
    """A tensor's name within its module, without what peft's bookkeeping adds to it."""
    words = _before(family).sub("", name).split(".")
    # Of a linear layer without a bias that a method adds, the layer's name is enough.
    if words[-1].isdigit() or (
        len(words) > 1
        and words[-1] == "weight"
        and f"{name.removesuffix('weight')}bias" not in every_name
    ):
        words = words[:-1]
    return ".".join(word for word in words if word not in (ADAPTER, "base_layer"))


@lru_cache
def _before(family: Architecture) -> re.Pattern[str]:
    """What stands before a tensor's name within its module."""
    modules = (*family.modules, family.some_norm) if family.some_norm else family.modules
    paths = "|".join(re.escape(family.path(module)) for module in modules)
    return re.compile(
        rf"^.*{re.escape(family.block_path)}\d+\.{re.escape(family.within)}({paths})\."
        rf"|^(?:base_model\.model\.)?{family.body}\.{family.embeddings}\.|^base_model\."
    )
