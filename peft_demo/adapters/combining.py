"""Several runs' adapters as one: peft's own combinations of their matrices, and the mean head."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peft_demo import models
from peft_demo.adapters import files
from peft_demo.errors import AssetError, cause, refuse
from peft_demo.models.random_state import borrowed_generators
from peft_demo.runs.combinations import Combination

if TYPE_CHECKING:
    import torch

MIXED = "mixed"
"""What the new adapter is called while peft makes it."""

_SEED = 0
"""Of what DARE drops: the same mix gives the same numbers."""

_MATRICES = {"LORA": (".lora_A.", ".lora_B.", ".lora_embedding_"), "IA3": (".ia3_l",)}
"""What peft puts together of an adapter's tensors, by its type."""

_ALIKE = ("peft_type", "exclude_modules", "layers_pattern", "layers_to_transform")
"""Options that must be equal: peft would take the first one's for all."""

Tensors = dict[str, "torch.Tensor"]


def combine(
    folders: Sequence[Path],
    target: Path,
    base: models.Base,
    labels: Sequence[str],
    weights: Sequence[float],
    combination: Combination,
    density: float | None,
) -> dict[str, Any]:
    """Write the mix of saved adapters into a folder; returns its adapter_config.json.

    The head is the mean of theirs by the same weights. Everything is computed in float32.

    Args:
        folders: of the adapters, all for this base and these labels.
        target: an empty folder.
        base: theirs.
        labels: what they tell apart.
        weights: one for each, at least one above 0.
        combination: how, one that is offered for them.
        density: the share of entries that it keeps, if it drops any.

    Raises:
        AssetError: an adapter's files are missing or damaged.
        InvalidFieldsError: peft cannot combine them; says why, at ``run_ids``.
    """
    read = [_read(folder) for folder in folders]
    configs = [config for config, _ in read]
    for option in _ALIKE:
        if len({json.dumps(config.get(option)) for config in configs}) > 1:
            refuse("run_ids", f"run_ids must name runs with the same {option} to be mixed.")
    marks = _MATRICES[configs[0]["peft_type"]]
    bodies, heads = [], []
    for folder, (_, tensors) in zip(folders, read, strict=True):
        body = {n: t for n, t in tensors.items() if any(mark in n for mark in marks)}
        head = {n: t for n, t in tensors.items() if n not in body}
        if others := [n for n in head if not _is_head(n, base)]:
            refuse(
                "run_ids",
                f"run_ids must name runs whose adapters peft can combine, got {folder.name}: it "
                f"would leave out {others[0]}.",
            )
        bodies.append(body)
        heads.append(head)
    try:
        with borrowed_generators():
            config, mixed = _by_peft(folders, bodies, base, labels, weights, combination, density)
    except Exception as error:  # peft and torch each raise their own
        refuse("run_ids", f"run_ids must name runs that peft can combine, got: {cause(error)}.")
    _save(target, mixed | _mean(heads, weights))
    config.update(
        task_type="SEQ_CLS",
        modules_to_save=configs[0].get("modules_to_save"),
        base_model_name_or_path=base.id,
        inference_mode=True,
    )
    (target / files.CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True), "utf-8")
    return config


def _read(folder: Path) -> tuple[dict[str, Any], Tensors]:
    from safetensors.torch import load

    try:
        config = json.loads((folder / files.CONFIG).read_text(encoding="utf-8"))
        tensors = load((folder / files.WEIGHTS).read_bytes())
    except Exception as error:  # safetensors has its own
        raise AssetError(
            f"The adapter in {folder.name} cannot be loaded: {cause(error)}."
        ) from error
    return config, {name: tensor.float() for name, tensor in tensors.items()}


def _is_head(name: str, base: models.Base) -> bool:
    path = name.removeprefix("base_model.model.")
    return any(path.startswith(f"{part}.") for part in base.architecture.head)


def _by_peft(
    folders: Sequence[Path],
    bodies: Sequence[Tensors],
    base: models.Base,
    labels: Sequence[str],
    weights: Sequence[float],
    combination: Combination,
    density: float | None,
) -> tuple[dict[str, Any], Tensors]:
    """The combined adapter's configuration and tensors, without a head."""
    import torch

    from peft_demo.libraries import peft

    torch.manual_seed(_SEED)
    names = [f"parent_{number}" for number in range(len(folders))]
    model: Any = None
    for name, folder, body in zip(names, folders, bodies, strict=True):
        config = peft.PeftConfig.from_pretrained(str(folder))
        # A head is no matrix: it is mixed apart. What it began with is over.
        config.task_type = config.modules_to_save = None
        config.inference_mode = False
        if config.peft_type == "LORA":
            config.init_lora_weights = True
        if model is None:
            model = peft.get_peft_model(base.shared(labels), config, name)
        else:
            model.add_adapter(name, config)
        loaded: Any = peft.set_peft_model_state_dict(model, body, adapter_name=name)
        if loaded.unexpected_keys:
            raise ValueError(f"no place for {loaded.unexpected_keys[0]}")
    first = model.peft_config[names[0]]
    given: dict[str, Any] = {}
    if first.peft_type == "LORA":
        # Its scaling is in the matrices; by rsLoRA's the new one would be scaled once more.
        first.use_rslora = False
        given = {"combination_type": combination.id, "svd_full_matrices": False}
        given |= {} if density is None else {"density": density}
    with torch.no_grad():
        model.base_model.add_weighted_adapter(names, list(weights), MIXED, **given)
    tensors = peft.get_peft_model_state_dict(model, adapter_name=MIXED, save_embedding_layers=False)
    if not tensors or not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ValueError("no numbers")
    told = {
        name: sorted(value) if isinstance(value, set) else value
        for name, value in model.peft_config[MIXED].to_dict().items()
    }
    return told, {name: tensor.detach().contiguous() for name, tensor in tensors.items()}


def _mean(heads: Sequence[Mapping[str, torch.Tensor]], weights: Sequence[float]) -> Tensors:
    """Of tensors of the same names, by weights whose sum need not be 1."""
    whole = sum(weights)
    return {
        name: sum(
            (weight / whole * head[name] for weight, head in zip(weights, heads, strict=True)),
            start=0 * heads[0][name],
        )
        for name in heads[0]
    }


def _save(target: Path, tensors: Tensors) -> None:
    from safetensors.torch import save_file

    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        target / files.WEIGHTS,
        metadata={"format": "pt"},
    )
