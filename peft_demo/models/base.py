"""Pretrained: one row of BASES; Base: its network in memory, which all adapters share."""

from __future__ import annotations

import copy
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peft_demo.data.dataset import LoadingCode
from peft_demo.models.architecture import Architecture, Shape
from peft_demo.settings import Folder

if TYPE_CHECKING:
    from torch import nn

    from peft_demo.libraries import transformers


_tokenizing = threading.Lock()
"""Held while a tokenizer reads: it keeps settings, and a fork may not meet it at work."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_tokenizing.acquire,
        after_in_parent=_tokenizing.release,
        after_in_child=_tokenizing.release,
    )


@dataclass(frozen=True)
class Pretrained:
    """A network that runs can start from: what it is, where it comes from, and how it loads."""

    id: str
    """As adapter_config.json names it."""
    label: str
    """What the page calls it: ``all-MiniLM-L6-v2 (built in)``."""
    source: str
    """Its id on the Hugging Face Hub."""
    licence: str
    shape: Shape
    """As it was published, the same on every machine."""
    load: Callable[[], Base]
    """Raises AssetError where its files are missing, damaged or out of reach."""
    is_at_hand: Callable[[], bool]
    """Whether it loads without a download."""
    code: LoadingCode
    revision: Callable[[], str] = lambda: ""
    """See ``Base.revision``: the state in which it would load; nothing where only the Hub knows."""
    note: str = ""
    """What somebody who has an adapter of it must do to get it, if its id is not enough."""
    folder: Folder[None] | None = None
    """The setting that names a local folder to load instead."""

    @property
    def architecture(self) -> Architecture:
        """Its family."""
        return self.shape.architecture

    @property
    def how_to_get(self) -> str:
        """What to do where it is not at hand, as the end of a sentence."""
        files = "config.json model.safetensors tokenizer.json tokenizer_config.json vocab.txt"
        fetched = f"fetch it once with a network (`hf download {self.source} {files}`)"
        return (
            f"name its folder in {self.folder.variable}, or {fetched}" if self.folder else fetched
        )


@dataclass(frozen=True)
class Base:
    """A pretrained network with its tokenizer; nobody may change its weights."""

    id: str
    architecture: Architecture
    model: transformers.PreTrainedModel
    """Its head is transformers' own and untrained; ``shared`` and ``private`` make those in use."""
    tokenizer: transformers.PreTrainedTokenizerBase
    revision: str = ""
    """Which state of its files this is: the Hub's commit, ``sha256:`` and the checksum of those of
    a folder, or nothing of what comes with the program, whose files are checked."""

    @property
    def body(self) -> nn.Module:
        """All of the model but its head."""
        return self.model.get_submodule(self.architecture.body)

    def encode(self, texts: Sequence[str], max_length: int | None = None) -> Any:
        """Token ids, attention mask and character offsets of each text, cut to ``max_length``.

        Safe in several threads, as the tokenizer itself is not: it keeps the cut as a setting.
        """
        with _tokenizing:
            return self.tokenizer(
                list(texts),
                truncation=max_length is not None,
                max_length=max_length,
                return_offsets_mapping=True,
                verbose=False,
            )

    def shared(self, labels: Sequence[str]) -> transformers.PreTrainedModel:
        """A module tree of its own over the same frozen tensors, with a new head for ``labels``.

        Costs milliseconds and only the head's memory. Draws the head from torch's generator.
        """
        shared = {id(p): p for p in self.model.parameters()}
        return self._with_new_head(copy.deepcopy(self.model, shared), labels)

    def private(self, labels: Sequence[str]) -> transformers.PreTrainedModel:
        """A full copy that may be written to, with a new head for ``labels``."""
        return self._with_new_head(copy.deepcopy(self.model), labels)

    def checksum(self) -> str:
        """sha256 over the body's weights, to prove that no run has changed them."""
        digest = hashlib.sha256()
        for name, tensor in self.body.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.contiguous().numpy().data)
        return digest.hexdigest()

    def num_parameters(self) -> int:
        """Parameters of all but the head."""
        return sum(
            parameter.numel()
            for name, parameter in self.model.named_parameters()
            if not self.architecture.in_head(name)
        )

    def _with_new_head(self, model: Any, labels: Sequence[str]) -> Any:
        from torch import nn

        model.config.id2label = dict(enumerate(labels))
        model.config.label2id = {label: index for index, label in enumerate(labels)}
        model.num_labels = len(labels)
        for name in self.architecture.head:
            old = model.get_submodule(name)
            is_last = name == self.architecture.head[-1]
            layer = nn.utils.skip_init(
                nn.Linear,
                old.in_features,
                len(labels) if is_last else old.out_features,
                bias=old.bias is not None,
            )
            # As transformers initialises a new head.
            layer.weight.data.normal_(mean=0.0, std=model.config.initializer_range)
            if layer.bias is not None:
                layer.bias.data.zero_()
            model.set_submodule(name, layer.requires_grad_(False).train(model.training))
        return model


def frozen(
    base_id: str,
    model: transformers.PreTrainedModel,
    tokenizer: transformers.PreTrainedTokenizerBase,
    family: Architecture,
    revision: str = "",
) -> Base:
    """A loaded model as a Base, frozen and ready to be shared."""
    from peft_demo.models import fast_forward

    model.requires_grad_(False)
    model.eval()
    fast_forward.prepare_base(model)
    model.config.problem_type = None  # one of the labels, whatever it was fine-tuned for
    # Written into adapter_config.json, so that an adapter says which base it belongs to.
    model.name_or_path = model.config._name_or_path = base_id
    return Base(base_id, family, model, tokenizer, revision)
