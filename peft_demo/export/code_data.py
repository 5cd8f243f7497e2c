"""The base model and the data set, as code."""

from __future__ import annotations

from peft_demo.data import DataSet
from peft_demo.export.section import Section, seed
from peft_demo.models import BASES
from peft_demo.runs import RunConfig


def base(config: RunConfig) -> Section:
    """The base model with its tokenizer."""
    code = BASES[config.base_model].code
    return Section("The base model", code.explanation, code.code, code.imports, code.packages)


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
