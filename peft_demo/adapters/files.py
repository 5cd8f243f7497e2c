"""An adapter's files in peft's own format: saved, loaded, loaded again from a template."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peft_demo import models
from peft_demo.adapters.templates import Template
from peft_demo.errors import AssetError, cause
from peft_demo.methods import Method
from peft_demo.models.random_state import borrowed_generators

if TYPE_CHECKING:
    import torch
    from torch import nn

CONFIG = "adapter_config.json"

WEIGHTS = "adapter_model.safetensors"

FULL_CONFIG = "config.json"

FULL_WEIGHTS = "model.safetensors"
"""Of a fully trained model, in transformers' own format."""


def save(model: nn.Module, folder: Path, *, half_precision: bool = False) -> Path:
    """Write the trained weights with their configuration; returns the weights' file.

    An adapter goes into peft's own format, head included; a fully trained model into
    transformers' own. ``half_precision`` stores float16, for files that must stay small.
    """
    from peft_demo.libraries import peft

    if not isinstance(model, peft.PeftModel):
        model.save_pretrained(folder)  # type: ignore[operator]
        return folder / FULL_WEIGHTS
    # The default, "auto", asks the Hub whether the base's vocabulary was changed.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    if half_precision:
        from safetensors.torch import load_file, save_file

        path = folder / WEIGHTS
        halves = {name: tensor.half() for name, tensor in load_file(path).items()}
        save_file(halves, path, metadata={"format": "pt"})
    return folder / WEIGHTS


def load(
    folder: Path,
    base: models.Base,
    method: Method,
    labels: Sequence[str],
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
        labels: what it tells apart.
        by_peft: let peft build it in any case, as for anybody else who has the files.

    Raises:
        AssetError: a file is missing or cut short, or the adapter belongs to another base.
    """
    files = (FULL_CONFIG, FULL_WEIGHTS) if _is_full(folder) else (CONFIG, WEIGHTS)
    for name in files:
        if not (folder / name).exists():
            raise AssetError(
                f"The adapter in {folder.name} has no {name}: its run must be deleted."
            )
    try:
        if by_peft or writes_to_base(folder, method):
            return _built(folder, base, method, labels)[0]
        return _copied(folder, base, method, labels)
    except AssetError:
        raise
    except Exception as error:  # peft, safetensors and json each raise their own
        raise AssetError(
            f"The adapter in {folder.name} cannot be loaded: it must have a complete "
            f"{files[0]} and {files[1]} for the base {base.id}, got: {cause(error)}."
        ) from error


def writes_to_base(folder: Path, method: Method) -> bool:
    """Whether what is saved there needs a base of its own: its method, or its biases, change it.

    Raises:
        OSError: there is no configuration.
        ValueError: it is damaged.
    """
    if method.writes_to_base or _is_full(folder):
        return True
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return method.needs_own_base(config)


def _is_full(folder: Path) -> bool:
    return (folder / FULL_CONFIG).exists() or (folder / FULL_WEIGHTS).exists()


def _built(
    folder: Path, base: models.Base, method: Method, labels: Sequence[str]
) -> tuple[Any, dict[str, torch.Tensor]]:
    """The model as its library builds it, and those of its tensors that its file holds."""
    from peft_demo.models import fast_forward

    with borrowed_generators():
        model, saved = (
            (_load_full(folder, base), {})
            if _is_full(folder)
            else _load_adapter(folder, base, labels, private=writes_to_base(folder, method))
        )
    if method.needs_all_tokens:
        fast_forward.compute_all_tokens(model)
    return model.requires_grad_(False).eval(), saved


def _copied(folder: Path, base: models.Base, method: Method, labels: Sequence[str]) -> Any:
    """The model from the template of its configuration, which the first one leaves."""
    from safetensors.torch import load as tensors_of

    config = (folder / CONFIG).read_text(encoding="utf-8")
    templates = _templates(base.model, method.id, tuple(labels), config)
    if templates:
        # Read, not mapped: the file may change. Of what does not fit, peft says what is wrong.
        copied = templates[0].filled(tensors_of((folder / WEIGHTS).read_bytes()))
        return _built(folder, base, method, labels)[0] if copied is None else copied
    model, saved = _built(folder, base, method, labels)
    with suppress(ValueError):  # the method computes what it saves
        templates.append(Template(model, saved))
    return model


@lru_cache(maxsize=64)
def _templates(
    network: nn.Module, method_id: str, labels: tuple[str, ...], config: str
) -> list[Template]:
    """Where the template of a configuration is kept, once peft has built its first adapter.

    The network itself tells the base, not its id: a test or a trial may have a copy of the base.
    """
    return []


def _load_adapter(
    folder: Path, base: models.Base, labels: Sequence[str], *, private: bool
) -> tuple[Any, dict[str, torch.Tensor]]:
    """The model, and those of its tensors that the file holds."""
    from safetensors import safe_open

    from peft_demo.libraries import peft

    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    _check_base(folder, base, config.get("base_model_name_or_path"))
    blank = base.private(labels) if private else base.shared(labels)
    model = peft.PeftModel.from_pretrained(blank, str(folder))
    # peft only warns about tensors that are not there, and leaves them random.
    saved = peft.get_peft_model_state_dict(model, save_embedding_layers=False)
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        missing = set(saved) - {*file.keys()}
    if missing:
        raise ValueError(f"no {min(missing)}")
    return model, saved


def _load_full(folder: Path, base: models.Base) -> Any:
    from peft_demo.models import fast_forward

    config = json.loads((folder / FULL_CONFIG).read_text(encoding="utf-8"))
    # transformers does not keep the name of the base; its measures tell it.
    measures = base.architecture.measures
    if any(config.get(name) != getattr(base.model.config, name) for name in measures):
        _check_base(folder, base, "another")
    model, info = type(base.model).from_pretrained(folder, output_loading_info=True)
    if info["missing_keys"]:
        raise ValueError(f"no {min(info['missing_keys'])}")
    fast_forward.prepare_base(model)
    return model


def _check_base(folder: Path, base: models.Base, trained_on: object) -> None:
    if trained_on != base.id:
        raise AssetError(
            f"The adapter in {folder.name} must belong to the base {base.id}, got {trained_on}."
        )


def number_type(path: Path) -> str:
    """The number type of saved weights; float32 where there are several."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    named = {"F16": "float16", "BF16": "bfloat16"}
    return named.get(kinds.pop(), "float32") if len(kinds) == 1 else "float32"
