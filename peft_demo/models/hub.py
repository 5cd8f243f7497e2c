"""distilbert-base-cased, from the Hub, its cache or a folder."""

from __future__ import annotations

from pathlib import Path

from peft_demo import settings
from peft_demo.data.dataset import LoadingCode
from peft_demo.errors import AssetError
from peft_demo.models.architecture import ARCHITECTURES, Shape
from peft_demo.models.base import Base, Pretrained, frozen
from peft_demo.models.random_state import borrowed_generators

HUB_BASE = "distilbert/distilbert-base-cased"

_FAMILY = ARCHITECTURES["distilbert"]

_OUT_OF_REACH = (
    f"{HUB_BASE} could not be loaded: the Hugging Face Hub cannot be reached and the "
    "model is not in its local cache. The built-in base all-MiniLM-L6-v2 needs no network."
)


def load_distilbert() -> Base:
    """The Hub's base, or the local folder that stands in for it."""
    from safetensors import SafetensorError

    from peft_demo.libraries import transformers

    own = settings.distilbert_folder()
    folder = own or _fetch_distilbert()
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
            "PEFT_DEMO_DISTILBERT_FOLDER must be a folder with a saved DistilBERT and its "
            f"tokenizer, got {own}."
        )
        # Of the Hub's, only a part is in the cache.
        raise AssetError(told if own else _OUT_OF_REACH) from error
    return frozen(HUB_BASE, model.float(), tokenizer)


def _fetch_distilbert() -> Path:
    """The folder of the Hub's model in the local cache, downloaded if it is not there yet."""
    from huggingface_hub import snapshot_download

    try:
        # Nothing is loaded yet, so that a slow network holds up nobody else.
        return Path(
            snapshot_download(HUB_BASE, allow_patterns=["*.json", "vocab.txt", "model.safetensors"])
        )
    except Exception as error:  # the Hub's client has a dozen kinds, from DNS to disk
        raise AssetError(_OUT_OF_REACH) from error


def is_cached(repository: str) -> bool:
    """Whether a model's files are in the Hub's local cache."""
    from huggingface_hub import try_to_load_from_cache

    files = ("config.json", "model.safetensors", "tokenizer.json")
    return all(isinstance(try_to_load_from_cache(repository, file), str) for file in files)


ROW = Pretrained(
    id=HUB_BASE,
    label="distilbert-base-cased (Hugging Face Hub)",
    source=HUB_BASE,
    licence="Apache-2.0",
    shape=Shape(28_996, 512, 768, 6, 12, 3_072, _FAMILY),
    load=load_distilbert,
    is_at_hand=lambda: settings.distilbert_folder() is not None or is_cached(HUB_BASE),
    folder=settings.distilbert_folder,
    code=LoadingCode(
        "DistilBERT with its tokenizer, from the Hugging Face Hub or its local cache.",
        f"""\
from transformers import AutoModelForSequenceClassification, AutoTokenizer

BASE = "{HUB_BASE}"
model = AutoModelForSequenceClassification.from_pretrained(
    BASE,
    id2label=LABELS,
    label2id={{label: index for index, label in LABELS.items()}},
    dtype="float32",
)
tokenizer = AutoTokenizer.from_pretrained(BASE)""",
    ),
)
