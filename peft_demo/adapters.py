"""Adapters: a method's modules on a base model, and their files in peft's own format."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from peft_demo import bases, forward, hardware
from peft_demo.errors import AssetError
from peft_demo.methods import HEAD_MODULES, METHODS, Method
from peft_demo.runs import RunConfig
from peft_demo.seeds import borrowed_generators
from peft_demo.skeletons import Skeleton

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch
    from torch import nn

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
FULL_CONFIG = "config.json"
FULL_WEIGHTS = "model.safetensors"
"""Of a fully trained model, in transformers' own format."""

KEPT_SKELETONS = 64
"""Configurations of which a further adapter loads quickly."""

_skeletons: OrderedDict[tuple[nn.Module, str, str], Skeleton | None] = OrderedDict()
"""By the base's model, the method and the text of the configuration; None where none can be."""

_keeping = threading.Lock()


def build(base: bases.Base, config: RunConfig) -> nn.Module:
    """A model ready to train: the base with a new head and the method's new adapter.

    Draws initial weights from the generators as they are, so seed them first; a run that has a
    seed of its own for head or adapter seeds them for each.
    """
    from peft import get_peft_model
    from transformers import set_seed

    has_own_seeds = config.head_seed is not None or config.adapter_seed is not None
    if has_own_seeds:
        set_seed(config.seed_of("head_seed"))

    method = METHODS[config.method]
    # Moving a model to a GPU moves its tensors, so there the shared ones stay behind as well.
    is_private = method.writes_to_base or hardware.device() != "cpu"
    model = base.private() if is_private else base.shared()
    if method.peft_config is None:
        model.requires_grad_(True)
    else:
        for name in HEAD_MODULES:
            model.get_submodule(name).requires_grad_(True)
        if has_own_seeds:
            set_seed(config.seed_of("adapter_seed"))
        model = get_peft_model(model, method.peft_config(config.method_values, config.setting))
    if method.needs_all_tokens:
        forward.compute_all_tokens(model)
    forward.prepare_training(model, is_head_only=method.is_head_only)
    return model


def count_trained(model: nn.Module) -> tuple[int, int]:
    """Trained parameters outside the head, and in the head."""
    adapter = head = 0
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            if any(f"{part}." in name for part in HEAD_MODULES):
                head += parameter.numel()
            else:
                adapter += parameter.numel()
    return adapter, head


def save(model: nn.Module, folder: Path, *, half_precision: bool = False) -> Path:
    """Write the trained weights with their configuration; returns the weights' file.

    An adapter goes into peft's own format, head included; a fully trained model into
    transformers' own. ``half_precision`` stores float16, for files that must stay small.
    """
    from peft import PeftModel

    def as_stored(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: tensor.half() for name, tensor in state.items()}

    if not isinstance(model, PeftModel):
        model.save_pretrained(folder)  # type: ignore[operator]
        return folder / FULL_WEIGHTS
    # The default, "auto", asks the Hub whether the base's vocabulary was changed.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    if half_precision:
        from safetensors.torch import load_file, save_file

        path = folder / WEIGHTS
        save_file(as_stored(load_file(path)), path, metadata={"format": "pt"})
    return folder / WEIGHTS


def load(
    folder: Path,
    base: bases.Base,
    method: Method,
    *,
    by_peft: bool = False,
) -> nn.Module:
    """The saved model on a fresh module tree over the base's shared weights, for predictions.

    peft builds the first adapter of a configuration; further ones are copies of its modules with
    their own saved tensors.

    Args:
        folder: with the saved files.
        base: what the adapter belongs to.
        method: the row that it was trained by.
        by_peft: let peft build it in any case, as for anybody else who has the files.

    Raises:
        AssetError: a file is missing or cut short, or the adapter belongs to another base.
    """
    is_full = (folder / FULL_CONFIG).exists() or (folder / FULL_WEIGHTS).exists()
    files = (FULL_CONFIG, FULL_WEIGHTS) if is_full else (CONFIG, WEIGHTS)
    for name in files:
        if not (folder / name).exists():
            raise AssetError(
                f"The adapter in {folder.name} has no {name}: its run must be deleted."
            )
    has_skeleton = not (is_full or method.writes_to_base or by_peft)
    try:
        if has_skeleton and (copied := _copy(folder, base, method)) is not None:
            return copied
        with borrowed_generators():
            model, saved = (
                (_load_full(folder, base), {})
                if is_full
                else _load_adapter(folder, base, private=method.writes_to_base)
            )
        if method.needs_all_tokens:
            forward.compute_all_tokens(model)
        model.requires_grad_(False).eval()
        if has_skeleton:
            _keep_skeleton(folder, base, method, model, saved)
    except AssetError:
        raise
    except Exception as error:  # peft, safetensors and json each raise their own
        raise AssetError(
            f"The adapter in {folder.name} cannot be loaded: it must have a complete "
            f"{files[0]} and {files[1]} for the base {base.id}, got: {_first_line(error)}."
        ) from error
    return model


def merge(model: Any) -> Any:
    """The base with an adapter written into copies of the weights that it changes.

    What it does not change stays shared with the base. The model given is used up, and what comes
    back computes ``hardware.predicting``, whose type of number the copies have.
    """
    from torch import nn

    changed = _changed(model)
    for module in changed:
        for name, weight in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(weight.clone(), requires_grad=False))
    merged = model.merge_and_unload()
    for module in changed:
        module.to(_merged_type())
    return merged


def merged_bytes(model: nn.Module) -> int:
    """Memory of the copies that ``merge`` makes."""
    return sum(
        weight.numel() * _merged_type().itemsize
        for module in _changed(model)
        for weight in module.parameters()
    )


def _changed(model: nn.Module) -> list[nn.Module]:
    """The base's own layers that an adapter wraps."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    return [
        layer.get_base_layer() for layer in model.modules() if isinstance(layer, BaseTunerLayer)
    ]


def _merged_type() -> torch.dtype:
    import torch

    return getattr(torch, hardware.prediction_precision())


def logits(model: nn.Module, base: bases.Base, token_ids: list[list[int]]) -> npt.NDArray[Any]:
    """Logits in float32, shape (texts, labels), of one batch padded to its longest text."""
    import torch

    longest = max(map(len, token_ids))
    ids = torch.full((len(token_ids), longest), base.tokenizer.pad_token_id)
    for row, tokens in zip(ids, token_ids, strict=True):
        row[: len(tokens)] = torch.tensor(tokens)
    lengths = torch.tensor([len(tokens) for tokens in token_ids])
    mask = torch.arange(longest) < lengths[:, None]
    with torch.inference_mode():
        return model(input_ids=ids, attention_mask=mask).logits.float().numpy()


def reading_order(token_ids: Sequence[list[int]], method: Method) -> npt.NDArray[np.intp]:
    """The order to evaluate texts in, by their places: by length, which saves padding.

    As they come for a method to which it matters which texts meet in a batch.
    """
    if method.reads_whole_batch:
        return np.arange(len(token_ids))
    return np.argsort([len(ids) for ids in token_ids], kind="stable")


def logits_in_batches(
    model: nn.Module,
    base: bases.Base,
    token_ids: Sequence[list[int]],
    method: Method,
    batch: int,
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[Any]]]:
    """The places of some texts and their logits, ``batch`` by ``batch``, in ``reading_order``.

    Computed ``hardware.predicting``.
    """
    order = reading_order(token_ids, method)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        with hardware.predicting():
            found = logits(model, base, [token_ids[row] for row in rows])
        yield rows, found


def _copy(folder: Path, base: bases.Base, method: Method) -> Any:
    """The saved model from the skeleton of its configuration, or None if peft has to load it."""
    from safetensors.torch import load as tensors_of

    key = _skeleton_key(folder, base, method)
    with _keeping:
        skeleton = _skeletons.get(key)
        if skeleton is None:
            return None
        _skeletons.move_to_end(key)
    # Read, not mapped: the file may change. Of tensors that do not fit, peft says what is wrong.
    return skeleton.filled(tensors_of((folder / WEIGHTS).read_bytes()))


def _keep_skeleton(
    folder: Path,
    base: bases.Base,
    method: Method,
    model: nn.Module,
    saved: dict[str, torch.Tensor],
) -> None:
    key = _skeleton_key(folder, base, method)
    with _keeping:
        if key in _skeletons:
            return
    try:
        skeleton = Skeleton(model, saved)
    except ValueError:  # the method computes what it saves
        skeleton = None
    with _keeping:
        _skeletons[key] = skeleton
        while len(_skeletons) > KEPT_SKELETONS:
            _skeletons.popitem(last=False)


def _skeleton_key(folder: Path, base: bases.Base, method: Method) -> tuple[nn.Module, str, str]:
    # The model itself, not the base's id: a test or a trial may have a copy of the base.
    return base.model, method.id, (folder / CONFIG).read_text(encoding="utf-8")


def _load_adapter(
    folder: Path, base: bases.Base, *, private: bool
) -> tuple[Any, dict[str, torch.Tensor]]:
    """The model, and those of its tensors that the file holds."""
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import safe_open

    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    _check_base(folder, base, config.get("base_model_name_or_path"))
    model = PeftModel.from_pretrained(base.private() if private else base.shared(), str(folder))
    # peft only warns about tensors that are not there, and leaves them random.
    saved = get_peft_model_state_dict(model, save_embedding_layers=False)
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        missing = set(saved) - {*file.keys()}
    if missing:
        raise ValueError(f"no {min(missing)}")
    return model, saved


def _load_full(folder: Path, base: bases.Base) -> Any:
    from transformers import DistilBertForSequenceClassification

    config = json.loads((folder / FULL_CONFIG).read_text(encoding="utf-8"))
    # transformers does not keep the name of the base; its measures tell it.
    measures = ("vocab_size", "dim", "n_layers", "hidden_dim")
    if any(config.get(name) != getattr(base.model.config, name) for name in measures):
        _check_base(folder, base, "another")
    model, info = DistilBertForSequenceClassification.from_pretrained(
        folder, output_loading_info=True
    )
    if info["missing_keys"]:
        raise ValueError(f"no {min(info['missing_keys'])}")
    forward.prepare_base(model)
    return model


def _check_base(folder: Path, base: bases.Base, trained_on: object) -> None:
    if trained_on != base.id:
        raise AssetError(
            f"The adapter in {folder.name} must belong to the base {base.id}, got {trained_on}."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
