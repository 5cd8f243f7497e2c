"""What a configuration would train and store, counted without loading a weight.

peft builds the method on a network of two blocks whose tensors have shapes but no values. What the
second block brings, every further block brings as well.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from peft_demo.methods import METHODS, Method, Setting, Values
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
    """The modules of a block that something is added to or trained in; all blocks are alike."""
    shared: tuple[Tensor, ...]
    """What the method adds once for all blocks: a vector bank, random matrices, virtual tokens."""
    embeddings: tuple[Tensor, ...]
    """Tensors of the embeddings that are trained."""

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
    network = _Network(method, dict(values), setting)
    trained = [name for name, tensor in network.tensors.items() if tensor.requires_grad]
    family = setting.base.architecture
    head = sum(network.numel(name) for name in trained if family.in_head(name))
    adapter = sum(network.numel(name) for name in trained if not family.in_head(name))
    return ParameterCount(
        num_adapter_parameters=adapter,
        num_head_parameters=head,
        num_base_parameters=_num_base_parameters(setting),
        file_bytes=_file_bytes(network),
        optimizer_bytes=2 * 4 * (adapter + head),
        n_layers=setting.base.n_layers,
        architecture=family,
        block=_block(network),
        shared=_shared(network),
        embeddings=_embeddings(network),
    )


def _num_base_parameters(setting: Setting) -> int:
    family = setting.base.architecture
    return sum(
        parameter.numel() * (setting.base.n_layers - 1 if family.block(1) in name else 1)
        for name, parameter in _blank(setting, 2).named_parameters()
        if not family.in_head(name)
    )


# The network without values


def _blank(setting: Setting, n_layers: int) -> nn.Module:
    """The base with so many blocks and a head for its labels; it is copied, never changed."""
    return _template(setting.base, setting.num_labels, n_layers)


@lru_cache(maxsize=16)
def _template(base: Shape, num_labels: int, n_layers: int) -> nn.Module:
    with torch.device("meta"):
        network = replace(base, n_layers=n_layers).network(num_labels=num_labels)
        return network.requires_grad_(False)


def _build(
    method: Method, values: Values, setting: Setting, n_layers: int
) -> tuple[nn.Module, dict[str, torch.Tensor]]:
    """As ``adapters.build`` builds it, and what ``adapters.save`` would write."""
    from peft_demo.libraries import peft

    model = copy.deepcopy(_blank(setting, n_layers))
    if method.peft_config is None:
        return model.requires_grad_(True), model.state_dict()
    for name in setting.base.architecture.head:
        model.get_submodule(name).requires_grad_(True)
    with torch.device("meta"), _WithoutValues():
        adapted = peft.get_peft_model(model, method.peft_config(values, setting))
        return adapted, peft.get_peft_model_state_dict(adapted, save_embedding_layers=False)


class _WithoutValues(TorchFunctionMode):
    """Answers what the constructors of some methods ask of values, where there are none.

    Holds for the thread that enters it: a training may build the same classes in another one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._num_marked = 0
        self._answers: dict[Any, Callable[..., Any]] = {
            # BOFT fills a permutation matrix entry by entry, in the order of a tensor's entries.
            torch.Tensor.unbind: lambda tensor, *_: (),
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
            # Slow without values: PiSSA and PSOFT write a vector as a diagonal matrix, OFT and
            # PSOFT list the entries above a diagonal, and all draw the first values of weights.
            torch.diag: lambda vector: torch.empty(len(vector), len(vector)),
            torch.triu_indices: lambda rows, columns, offset: (
                2 * (torch.empty(rows * (rows - 1) // 2, dtype=torch.long),)
            ),
            **dict.fromkeys(_DRAWING, lambda tensor, *_, **__: tensor),
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


_DRAWING = (nn.init.kaiming_uniform_, nn.init.normal_, nn.init.uniform_)


def _is_mask(index: object) -> bool:
    return isinstance(index, torch.Tensor) and index.dtype == torch.bool


# What is in it, and how often


class _Network:
    """A method's tensors on two blocks, and which of them every further block brings as well."""

    def __init__(self, method: Method, values: Values, setting: Setting) -> None:
        self.setting, self.family = setting, setting.base.architecture
        self.second = self.family.block(1)
        model, self.stored = _build(method, values, setting, 2)
        self.tensors = dict(_named(model))
        """Each under its first name, as ``named_parameters`` lists them."""
        self.places = dict(_named(model, remove_duplicate=False))
        """Each under all its names."""
        self._names_of_base = {name for name, _ in _named(_blank(setting, 2))}
        names = {*self.tensors, *self.stored}
        if any(self.family.block_path not in name and name[-1].isdigit() for name in self.places):
            # Numbered tensors outside the blocks may be as many as the blocks' modules, as
            # TinyLoRA's vectors are; one that bears the adapter's name alone is there once.
            smaller, stored = _build(method, values, setting, 1)
            self.repeated = names - {name for name, _ in _named(smaller)} - stored.keys()
        else:
            self.repeated = {name for name in names if self.second in name}

    def is_added(self, name: str) -> bool:
        """Whether the method adds this tensor, for it is neither the base's nor the head's."""
        plain = name.removeprefix("base_model.").removeprefix("model.")
        is_base = plain.replace(".base_layer.", ".") in self._names_of_base
        return not is_base and not self.family.in_head(name)

    def is_shown(self, name: str) -> bool:
        """Whether a reader should know of it: tables of indices and counters are bookkeeping."""
        tensor = self.places[name]
        is_weight = tensor.is_floating_point() and tensor.numel() > 1
        return not self.family.in_head(name) and (
            tensor.requires_grad or (self.is_added(name) and is_weight)
        )

    def numel(self, name: str) -> int:
        """Numbers in a tensor, or in its like in all further blocks."""
        return self.tensors[name].numel() * len(self.likes(name))

    def likes(self, name: str) -> list[str]:
        """The name, or the names of its like in all further blocks."""
        if name not in self.repeated:
            return [name]
        further = range(1, self.setting.base.n_layers)
        if self.second in name:
            return [name.replace(self.second, self.family.block(block)) for block in further]
        stem, _, number = name.rpartition(".")
        return [f"{stem}.{int(number) + (block - 1) * len(self.loose)}" for block in further]

    @property
    def loose(self) -> list[str]:
        """Tensors that each block brings, but kept outside the blocks."""
        return [name for name in self.tensors if name in self.repeated and self.second not in name]


def _named(
    model: nn.Module, *, remove_duplicate: bool = True
) -> Iterator[tuple[str, torch.Tensor]]:
    yield from model.named_parameters(remove_duplicate=remove_duplicate)
    yield from model.named_buffers(remove_duplicate=remove_duplicate)


def _file_bytes(network: _Network) -> int:
    """Size of a safetensors file: eight bytes, a header in JSON that is filled up, the numbers."""
    stored = [
        (like, tensor) for name, tensor in network.stored.items() for like in network.likes(name)
    ]
    stored.sort(key=lambda item: (-item[1].itemsize, _kind(item[1]), item[0]))
    end, header = 0, [_json("__metadata__", {"format": "pt"})]
    for name, tensor in stored:
        start, end = end, end + tensor.numel() * tensor.itemsize
        entry = {
            "dtype": _kind(tensor),
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
        header.append(_json(name, entry))
    length = len(f"{{{','.join(header)}}}")
    return 8 + length + -length % 8 + end


def _kind(tensor: torch.Tensor) -> str:
    return f"{'F' if tensor.is_floating_point() else 'I'}{8 * tensor.itemsize}"


def _json(name: str, value: object) -> str:
    return json.dumps({name: value}, separators=(",", ":"))[1:-1]


# Where it stands


def _block(network: _Network) -> tuple[Part, ...]:
    parts: dict[str, list[Tensor]] = {}
    for path, own in _modules(network.setting).items():
        prefix = f"{network.second}{path}."
        names = [name for name in network.places if prefix in name and network.is_shown(name)]
        if names:
            kept = [name for name in names if name in network.tensors]
            parts[path] = _as_own(_shown(kept, network), own)
    each = len(network.loose) // max(1, len(parts))
    for number, tensors in enumerate(parts.values()):
        # One for each module, in the modules' order; their names only number them.
        for name in network.loose[number * each : (number + 1) * each]:
            stem = _plain(name.rpartition(".")[0], network)
            tensors.append(_tensor(stem, network.tensors[name]))
    return tuple(
        Part(path.removeprefix(network.family.attention_at), tuple(tensors))
        for path, tensors in parts.items()
    )


def _modules(setting: Setting) -> dict[str, dict[str, tuple[int, ...]]]:
    """A block's modules that have tensors, with these tensors' shapes."""
    modules: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, parameter in _blank(setting, 2).named_parameters():
        path, _, last = name.partition(setting.base.architecture.block(1))[2].rpartition(".")
        if path:
            modules.setdefault(path, {})[last] = tuple(parameter.shape)
    return modules


def _as_own(tensors: list[Tensor], own: Mapping[str, tuple[int, ...]]) -> list[Tensor]:
    """A trained copy that stands in for the module is the module's own tensors to a reader."""
    renamed = [replace(tensor, name=tensor.name.rpartition(".")[2]) for tensor in tensors]
    return renamed if {tensor.name: tensor.shape for tensor in renamed} == own else tensors


def _shared(network: _Network) -> tuple[Tensor, ...]:
    containers = {name.rpartition(".")[0] for name in network.loose}
    names = [
        name
        for name in network.tensors
        if network.is_added(name)
        and network.is_shown(name)
        and not {name, name.replace(network.family.block(0), network.second)} & network.repeated
        and name.rpartition(".")[0] not in containers
    ]
    return tuple(_shown(names, network))


def _embeddings(network: _Network) -> tuple[Tensor, ...]:
    names = [
        name
        for name in network.tensors
        if f".{network.family.embeddings}." in name
        and not network.is_added(name)
        and network.is_shown(name)
    ]
    return tuple(_shown(names, network))


def _shown(names: list[str], network: _Network) -> list[Tensor]:
    return [_tensor(_plain(name, network), network.tensors[name]) for name in names]


def _tensor(name: str, tensor: torch.Tensor) -> Tensor:
    return Tensor(name, tuple(tensor.shape), tensor.requires_grad)


def _plain(name: str, network: _Network) -> str:
    """A tensor's name within its module, without what peft's bookkeeping adds to it."""
    words = _before(network.family).sub("", name).split(".")
    # Of a linear layer without a bias, the layer's name is enough.
    if words[-1] == "weight" and f"{name.removesuffix('weight')}bias" not in network.tensors:
        words = words[:-1]
    return ".".join(word for word in words if word not in (ADAPTER, "base_layer"))


@lru_cache
def _before(family: Architecture) -> re.Pattern[str]:
    """What stands before a tensor's name within its module."""
    parts = {re.escape(family.path(name).rpartition(".")[0] + ".") for name in family.linear}
    return re.compile(
        rf"^.*{re.escape(family.block_path)}\d+\.({'|'.join(parts)})?\w+\.|^base_model\."
        rf"|^{family.body}\.{family.embeddings}\."
    )
