"""distilbert-base-cased and -uncased, from the Hub, its cache or a folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from peft_demo import hub, settings
from peft_demo.data.dataset import LoadingCode
from peft_demo.errors import AssetError
from peft_demo.models.architecture import ARCHITECTURES, Shape
from peft_demo.models.base import Base, Pretrained, frozen
from peft_demo.models.random_state import borrowed_generators

HUB_BASE = "distilbert/distilbert-base-cased"

UNCASED_HUB_BASE = "distilbert/distilbert-base-uncased"

_FAMILY = ARCHITECTURES["distilbert"]

_FOLDERS = {
    HUB_BASE: settings.distilbert_folder,
    UNCASED_HUB_BASE: settings.distilbert_uncased_folder,
}
"""Which setting names a local copy of which base."""


def load_distilbert(base_id: str) -> Base:
    """One of the Hub's bases, or the local folder that stands in for it."""
    from safetensors import SafetensorError

    from peft_demo.libraries import transformers

    setting = _FOLDERS[base_id]
    own = setting()
    folder = own or _fetch(base_id)
    try:
        config = transformers.AutoConfig.from_pretrained(folder)
        if config.model_type != _FAMILY.model_type:
            raise AssetError(
                f"base_model must be a DistilBERT, got a {config.model_type} in {folder}."
            )
        with borrowed_generators():  # transformers draws a head, which is drawn again later
            model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        # Without its files transformers makes up a tokenizer that knows no word.
        if len(tokenizer) <= len(tokenizer.all_special_ids):
            raise ValueError("no vocabulary")
    except (OSError, ValueError, SafetensorError) as error:
        told = (
            f"{setting.variable} must be a folder with a saved DistilBERT and its "
            f"tokenizer, got {own}."
        )
        # Of the Hub's, only a part is in the cache.
        raise AssetError(told if own else _out_of_reach(base_id)) from error
    if own:
        _check_case(base_id, own, is_uncased=tokenizer.tokenize("A") == tokenizer.tokenize("a"))
    return frozen(base_id, model.float(), tokenizer)


def _check_case(base_id: str, folder: Path, *, is_uncased: bool) -> None:
    """Refuse the other of the two bases: what is trained on it would be told as this one's."""
    found = UNCASED_HUB_BASE if is_uncased else HUB_BASE
    if found != base_id:
        reads = "does not tell capitals apart" if is_uncased else "tells capitals apart"
        raise AssetError(
            f"{_FOLDERS[base_id].variable} must be a copy of {base_id}, got {folder}, whose "
            f"tokenizer {reads}: name it in {_FOLDERS[found].variable} instead."
        )


@hub.in_reach_or_offline()
def _fetch(base_id: str) -> Path:
    """The folder of the Hub's model in the local cache, downloaded if it is not there yet."""
    from huggingface_hub import snapshot_download

    try:
        # Nothing is loaded yet, so that a slow network holds up nobody else.
        return Path(
            snapshot_download(
                _cached_as(base_id) or base_id,
                allow_patterns=["*.json", "vocab.txt", "model.safetensors"],
            )
        )
    except Exception as error:  # the Hub's client has a dozen kinds, from DNS to disk
        raise AssetError(_out_of_reach(base_id)) from error


def _out_of_reach(base_id: str) -> str:
    return (
        f"{base_id} could not be loaded: the Hugging Face Hub cannot be reached and the "
        "model is not in its local cache. The built-in base all-MiniLM-L6-v2 needs no network."
    )


def _is_at_hand(base_id: str) -> bool:
    return _FOLDERS[base_id]() is not None or _cached_as(base_id) is not None


def _cached_as(base_id: str) -> str | None:
    """The name under which the Hub's local cache has a base; before 2024 it had no owner."""
    names = (base_id, base_id.partition("/")[2])
    return next((name for name in names if is_cached(name)), None)


def is_cached(repository: str) -> bool:
    """Whether a model's files are in the Hub's local cache."""
    from huggingface_hub import try_to_load_from_cache

    files = ("config.json", "model.safetensors", "tokenizer.json")
    return all(isinstance(try_to_load_from_cache(repository, file), str) for file in files)


def _loading_code(base_id: str) -> LoadingCode:
    return LoadingCode(
        "DistilBERT with its tokenizer, from the Hugging Face Hub or its local cache.",
        f"""\
from transformers import AutoModelForSequenceClassification, AutoTokenizer

BASE = "{base_id}"
model = AutoModelForSequenceClassification.from_pretrained(
    BASE,
    id2label=LABELS,
    label2id={{label: index for index, label in LABELS.items()}},
    dtype="float32",
)
tokenizer = AutoTokenizer.from_pretrained(BASE)""",
    )


ROWS = (
    Pretrained(
        id=HUB_BASE,
        label="distilbert-base-cased (Hugging Face Hub)",
        source=HUB_BASE,
        licence="Apache-2.0",
        shape=Shape(28_996, 512, 768, 6, 12, 3_072, _FAMILY),
        load=partial(load_distilbert, HUB_BASE),
        is_at_hand=partial(_is_at_hand, HUB_BASE),
        folder=_FOLDERS[HUB_BASE],
        code=_loading_code(HUB_BASE),
    ),
    Pretrained(
        id=UNCASED_HUB_BASE,
        label="distilbert-base-uncased (Hugging Face Hub)",
        source=UNCASED_HUB_BASE,
        licence="Apache-2.0",
        shape=Shape(30_522, 512, 768, 6, 12, 3_072, _FAMILY),
        load=partial(load_distilbert, UNCASED_HUB_BASE),
        is_at_hand=partial(_is_at_hand, UNCASED_HUB_BASE),
        folder=_FOLDERS[UNCASED_HUB_BASE],
        code=_loading_code(UNCASED_HUB_BASE),
    ),
)
