"""Adapters: a method's modules on a base model, and their files in peft's own format."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peft_demo import bases, hardware
from peft_demo.errors import AssetError
from peft_demo.methods import HEAD_MODULES, METHODS
from peft_demo.runs import RunConfig
from peft_demo.seeds import borrowed_generators

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn

WEIGHTS = "adapter_model.safetensors"
FULL_WEIGHTS = "model.safetensors"


def build(base: bases.Base, config: RunConfig) -> nn.Module:
    """A model ready to train: the base with a new head and the method's new adapter.

    Draws initial weights from torch's generator, so seed it first.
    """
    from peft import get_peft_model

    method = METHODS[config.method]
    # Moving a model to a GPU moves its tensors, so there the shared ones stay behind as well.
    is_private = method.writes_to_base or hardware.device() != "cpu"
    model = base.private() if is_private else base.shared()
    if method.peft_config is None:
        return model.requires_grad_(True)
    for name in HEAD_MODULES:
        model.get_submodule(name).requires_grad_(True)
    with _quiet():
        return get_peft_model(model, method.peft_config(config.method_values))


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
    import torch
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


def load(folder: Path, base: bases.Base) -> nn.Module:
    """The saved model on a fresh module tree over the base's shared weights, for predictions.

    Raises:
        AssetError: a file is missing or cut short, or the adapter belongs to another base.
    """
    from peft import PeftModel
    from transformers import DistilBertForSequenceClassification

    try:
        with borrowed_generators(), _quiet():
            if (folder / FULL_WEIGHTS).exists():
                model: Any = DistilBertForSequenceClassification.from_pretrained(folder)
            else:
                _check_base(folder, base)
                model = PeftModel.from_pretrained(base.shared(), str(folder))
    except AssetError:
        raise
    except Exception as error:  # peft, safetensors and json each raise their own
        raise AssetError(
            f"The adapter in {folder.name} cannot be loaded: it must have a complete "
            f"adapter_config.json and {WEIGHTS} for the base {base.id}, got: "
            f"{_first_line(error)}."
        ) from error
    return model.requires_grad_(False).eval()


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


def _check_base(folder: Path, base: bases.Base) -> None:
    path = folder / "adapter_config.json"
    if not path.exists() or not (folder / WEIGHTS).exists():
        missing = WEIGHTS if path.exists() else path.name
        raise AssetError(f"The adapter in {folder.name} has no {missing}: its run must be deleted.")
    trained_on = json.loads(path.read_text(encoding="utf-8")).get("base_model_name_or_path")
    if trained_on != base.id:
        raise AssetError(
            f"The adapter in {folder.name} must belong to the base {base.id}, got {trained_on}."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")


class _quiet(warnings.catch_warnings):  # noqa: N801
    """Without peft's warnings about choices that are made on purpose here."""

    def __enter__(self) -> None:  # type: ignore[override]
        super().__enter__()
        warnings.filterwarnings("ignore", message=".*target_modules.*")
        warnings.filterwarnings("ignore", message=".*Could not find a config file.*")
