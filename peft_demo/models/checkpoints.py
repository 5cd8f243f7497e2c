"""A checkpoint in a folder, as transformers saves it: what it is, and the base that it becomes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peft_demo import hub
from peft_demo.errors import AssetError
from peft_demo.models.architecture import Architecture, Shape
from peft_demo.models.base import Base, frozen
from peft_demo.models.families import ARCHITECTURES, with_pooler
from peft_demo.models.random_state import borrowed_generators

if TYPE_CHECKING:
    from peft_demo.libraries import transformers

FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
)
"""All that a base may consist of; weights are read from safetensors only, which holds no code."""

LARGEST_CONFIG = 1_000_000
"""Bytes of a config.json that is looked into."""

_NOT_THE_NETWORK = re.compile(
    r"_name_or_path|architectures|id2label|label2id|num_labels|problem_type|transformers_version"
    r"|(torch_)?dtype|finetuning_task|auto_map|model_type|.*dropout.*|task_specific_params"
)
"""What config.json says of labels, files and training, which measures nothing."""


def read_config(folder: Path) -> dict[str, Any]:
    """What its config.json says.

    Raises:
        AssetError: there is none, or it is no JSON object.
    """
    try:
        path = folder / "config.json"
        if path.stat().st_size > LARGEST_CONFIG:
            raise ValueError(path)
        config = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError(path)
    except (OSError, ValueError, RecursionError) as error:
        raise AssetError(f"{folder.name} must have a config.json of transformers.") from error
    return config


def looked_into(folder: Path) -> tuple[Shape, bool]:
    """The measures of a checkpoint, and whether it brings its family's pooler.

    Raises:
        AssetError: it is of no family that is known here, or has no weights that can be read.
    """
    config = read_config(folder)
    family = ARCHITECTURES.get(str(config.get("model_type")))
    if family is None:
        known = ", ".join(row.label for row in ARCHITECTURES.values())
        raise AssetError(
            f"base_model must be an encoder of one of the families here ({known}), got "
            f"{str(config.get('model_type'))[:40]!r}."
        )
    brings = _has_pooler(folder, family)
    return shape_from(config, family if brings else with_pooler(family)), brings


def shape_from(config: Mapping[str, Any], family: Architecture) -> Shape:
    """The measures that a config.json says.

    Raises:
        AssetError: one is missing, or is no number.
    """
    from peft_demo.libraries import transformers

    kept = {
        name: value for name, value in config.items() if not _NOT_THE_NETWORK.fullmatch(str(name))
    }
    try:
        # With the family's defaults for what is left out.
        whole = transformers.AutoConfig.for_model(family.model_type, **kept).to_dict()
        vocabulary, positions, dim, n_layers, n_heads, hidden = (
            int(whole[name]) for name in family.measures
        )
        groups = int(whole[family.groups]) if family.groups else n_layers
        if min(vocabulary, positions, dim, n_layers, n_heads, hidden, groups) < 1:
            raise ValueError(groups)
    except Exception as error:  # transformers checks a configuration in ways of its own
        raise AssetError(
            f"base_model must have a config.json with whole numbers for its "
            f"{', '.join(family.measures)}: {_first_line(error)}."
        ) from error
    if whole.get("inner_group_num", 1) != 1:
        raise AssetError("base_model must have one layer in each group, got several.")
    if family.pads_positions:
        positions -= 1 + int(whole.get("pad_token_id") or 0)
    return Shape(
        *(vocabulary, positions, dim, groups, n_heads, hidden, family),
        config=json.dumps(kept, sort_keys=True),
        times=-(-n_layers // groups),
        embedding_dim=int(whole.get("embedding_size") or 0),
    )


def revision_of(folder: Path) -> str:
    """The Hub's commit where a folder is one of its cache, else the checksum of what is in it.

    Raises:
        OSError: a file cannot be read.
    """
    if folder.parent.name == "snapshots" and hub.COMMIT.fullmatch(folder.name):
        return folder.name
    digest = hashlib.sha256()
    for name in FILES:
        if (folder / name).is_file():
            with (folder / name).open("rb") as file:
                digest.update(
                    f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode()
                )
    return f"sha256:{digest.hexdigest()[:40]}"


def revision_at(folder: Path) -> str:
    """The same, or nothing if a file cannot be read: loading it says so."""
    try:
        return revision_of(folder)
    except OSError:
        return ""


def load_checkpoint(base_id: str, folder: Path, family: Architecture) -> Base:
    """The base that a folder holds.

    Raises:
        AssetError: it holds another family, or weights of the body are not there.
        OSError, ValueError, SafetensorError: something is missing or damaged.
    """
    from peft_demo.libraries import transformers

    config = transformers.AutoConfig.from_pretrained(folder)
    if config.model_type != family.model_type:
        raise AssetError(
            f"base_model must be a {family.label}, got a {config.model_type} in {folder}."
        )
    with borrowed_generators():  # transformers draws a head, which is drawn again later
        model, told = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, output_loading_info=True
        )
    lacking = [name for name in told["missing_keys"] if not _may_be_new(name, family)]
    if lacking:
        raise ValueError(f"no weights for {min(lacking)}")
    return frozen(base_id, model.float(), _tokenizer(folder), family, revision_of(folder))


def _has_pooler(folder: Path, family: Architecture) -> bool:
    """Whether a checkpoint brings the family's pooler, if it has one.

    One that was saved without a head has names without its body's.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / "model.safetensors", framework="pt") as file:
            names = {*file.keys()}
    except (OSError, SafetensorError) as error:
        raise AssetError(
            f"base_model must have its weights in model.safetensors, got none that can be read in "
            f"{folder.name}."
        ) from error
    short = family.pooler.removeprefix(f"{family.body}.")
    return not family.pooler or bool({f"{family.pooler}.weight", f"{short}.weight"} & names)


def _may_be_new(name: str, family: Architecture) -> bool:
    """Whether a tensor may be drawn anew: the head's are; a norm beside it begins as it does."""
    return family.in_head(name) or not name.startswith(f"{family.body}.")


def _tokenizer(folder: Path) -> transformers.PreTrainedTokenizerBase:
    from peft_demo.libraries import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    # Without its files transformers makes up a tokenizer that knows no word.
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise ValueError("no vocabulary")
    if not tokenizer.is_fast or tokenizer.pad_token_id is None:
        raise ValueError("no fast tokenizer that can pad")
    return tokenizer


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
