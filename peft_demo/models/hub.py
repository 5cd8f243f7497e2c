"""distilbert-base-cased and -uncased, from the Hub, its cache or a folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from peft_demo import hub, settings
from peft_demo.data.dataset import LoadingCode
from peft_demo.errors import AssetError
from peft_demo.models.architecture import Shape
from peft_demo.models.base import Base, Pretrained
from peft_demo.models.checkpoints import FILES, load_checkpoint, revision_at
from peft_demo.models.families import ARCHITECTURES

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

    setting = _FOLDERS[base_id]
    own = setting()
    folder = own or _fetch(base_id)
    try:
        base = load_checkpoint(base_id, folder, _FAMILY)
    except (OSError, ValueError, SafetensorError) as error:
        told = (
            f"{setting.variable} must be a folder with a saved DistilBERT and its "
            f"tokenizer, got {own}."
        )
        # Of the Hub's, only a part is in the cache.
        raise AssetError(told if own else _out_of_reach(base_id)) from error
    if own:
        tokenize = base.tokenizer.tokenize
        _check_case(base_id, own, is_uncased=tokenize("A") == tokenize("a"))
    return base


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
    patterns = ["*.json", "vocab.txt", "model.safetensors"]
    try:
        # Nothing is loaded yet, so that a slow network holds up nobody else.
        return hub.download(_cached_as(base_id) or base_id, patterns)
    except Exception as error:  # the Hub's client has a dozen kinds, from DNS to disk
        raise AssetError(_out_of_reach(base_id)) from error


_VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
)
"""One of which is the tokenizer's."""

LARGEST = 2_000_000_000
"""Bytes of weights that are fetched from the Hub."""


@hub.in_reach_or_offline()
def fetched(repository: str) -> tuple[Path, str, str]:
    """A checkpoint of the Hub in the local cache: its folder, its commit, and its licence.

    Raises:
        AssetError: the Hub does not have it, or lets nobody have it, or cannot be reached; or it
            has no weights in safetensors, or too large ones.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        told = HfApi().model_info(repository, files_metadata=True, timeout=hub.PROBE_SECONDS)
    except HfHubHTTPError as error:
        raise AssetError(hub.sentence(error, repository)) from error
    except Exception as error:  # the Hub's client has a dozen kinds, from DNS to disk
        if cached := _in_cache(repository):
            return cached, cached.name, ""
        raise AssetError(_out_of_reach(repository)) from error
    sizes = {file.rfilename: file.size or 0 for file in told.siblings or []}
    if "model.safetensors" not in sizes:
        raise AssetError(
            f"{repository} must have its weights in one model.safetensors, got none: other files "
            "can hold code."
        )
    if sizes["model.safetensors"] > LARGEST:
        raise AssetError(
            f"{repository} must have at most {LARGEST / 1e9:.0f} GB of weights, got "
            f"{sizes['model.safetensors'] / 1e9:.1f} GB."
        )
    licence = told.card_data.get("license") if told.card_data else None
    try:
        # By its commit, so that what comes later is the same.
        found = hub.download(repository, FILES, revision=told.sha)
    except Exception as error:  # as above
        raise AssetError(hub.sentence(error, repository)) from error
    return found, str(told.sha), str(licence or "")


def at_commit(repository: str, commit: str) -> Path:
    """The folder of a checkpoint at a commit, downloaded if it is not in the cache any more.

    Raises:
        AssetError: the Hub cannot be reached.
    """
    try:
        return hub.download(repository, FILES, revision=commit, only_cached=True)
    except Exception:  # not in the cache, in one of several ways
        if not hub.is_reachable():
            raise AssetError(_out_of_reach(repository)) from None
    try:
        return hub.download(repository, FILES, revision=commit)
    except Exception as error:
        raise AssetError(hub.sentence(error, repository)) from error


def _in_cache(repository: str) -> Path | None:
    """The folder of the newest commit of a checkpoint that the local cache has whole.

    What was downloaded by its commit is no branch's newest there.
    """
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = repo_folder_name(repo_id=repository, repo_type="model")
    commits = (Path(constants.HF_HUB_CACHE) / folder / "snapshots").glob("*")
    for commit in sorted(commits, key=lambda one: one.stat().st_mtime, reverse=True):
        if is_cached(repository, commit.name):
            return commit
    return None


def _out_of_reach(base_id: str) -> str:
    return (
        f"{base_id} could not be loaded: the Hugging Face Hub cannot be reached and the "
        "model is not in its local cache. The built-in base all-MiniLM-L6-v2 needs no network."
    )


def _is_at_hand(base_id: str) -> bool:
    return _FOLDERS[base_id]() is not None or _cached_as(base_id) is not None


def _revision(base_id: str) -> str:
    folder = _FOLDERS[base_id]()
    return revision_at(folder) if folder else ""


def _cached_as(base_id: str) -> str | None:
    """The name under which the Hub's local cache has a base; before 2024 it had no owner."""
    names = (base_id, base_id.partition("/")[2])
    return next((name for name in names if is_cached(name)), None)


def is_cached(repository: str, revision: str = "main") -> bool:
    """Whether a model's files are in the Hub's local cache."""
    from huggingface_hub import try_to_load_from_cache

    def has(file: str) -> bool:
        return isinstance(try_to_load_from_cache(repository, file, revision=revision), str)

    return has("config.json") and has("model.safetensors") and any(map(has, _VOCABULARIES))


def _loading_code(base_id: str) -> LoadingCode:
    def code(commit: str = "") -> str:
        model = f'    revision="{commit}",\n' if commit else ""
        tokenizer = f', revision="{commit}"' if commit else ""
        return f"""\
from transformers import AutoModelForSequenceClassification, AutoTokenizer

BASE = "{base_id}"
model = AutoModelForSequenceClassification.from_pretrained(
    BASE,
{model}    id2label=LABELS,
    label2id={{label: index for index, label in LABELS.items()}},
    dtype="float32",
)
tokenizer = AutoTokenizer.from_pretrained(BASE{tokenizer})"""

    return LoadingCode(
        "DistilBERT with its tokenizer, from the Hugging Face Hub or its local cache.",
        code(),
        at=code,
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
        revision=partial(_revision, HUB_BASE),
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
        revision=partial(_revision, UNCASED_HUB_BASE),
    ),
)
