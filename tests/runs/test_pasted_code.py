"""Scripts, notebooks and what was printed: what is found in them, and what is said of the rest."""

import json

import pytest

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import reading

ON_V = "target_modules=['v_lin']"


def check(text, values, words=(), choice=None):
    """Read a text; all notes are those that have the words, in their order."""
    imported = reading.read(text, choice=choice)
    assert {name: imported.values.get(name) for name in values} == values
    assert len(imported.notes) == len(words), imported.notes
    for note, word in zip(imported.notes, words, strict=True):
        assert word in note


def notebook(*cells, **more):
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4, **more}
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # Names and dictionaries above the call.
        (f"RANK = 6\nLoraConfig(r=RANK, lora_alpha=RANK * 3, {ON_V})", {"r": 6, "lora_alpha": 18}),
        (f"A, B = 3, 5\nLoraConfig(r=A, lora_alpha=A**2 + B, {ON_V})", {"r": 3, "lora_alpha": 14}),
        ("kw = {'r': 3}\nkw['lora_alpha'] = 5\nLoraConfig(**kw)", {"r": 3, "lora_alpha": 5}),
        ("kw = dict(r=3)\nkw.update(lora_alpha=7)\nLoraConfig(**kw)", {"r": 3, "lora_alpha": 7}),
        ("c = {'lora': {'rank': 12}}\nLoraConfig(r=c['lora']['rank'])", {"r": 12}),
        ("c = {'rank': 12}\nLoraConfig(r=c.get('rank', 4))", {"r": 12}),
        ("sizes = (2, 4, 8)\nLoraConfig(r=sizes[-1])", {"r": 8}),
        ("base = {'r': 2}\nLoraConfig(**{**base, 'lora_alpha': 9})", {"r": 2, "lora_alpha": 9}),
        ("s = 'q_lin,v_lin'\nLoraConfig(target_modules=s.split(','))",
         {"target_modules": ["q_lin", "v_lin"]}),
        ("LoraConfig(target_modules=[f'{p}_lin' for p in 'qk'])",
         {"target_modules": ["q_lin", "k_lin"]}),
        ("t = ['q_lin']\nt.append('k_lin')\nt += ['v_lin']\nLoraConfig(target_modules=t)",
         {"target_modules": ["q_lin", "k_lin", "v_lin"]}),
        ("class C:\n    RANK = 5\n\nLoraConfig(r=C.RANK)", {"r": 5}),
        ("r: int = 5\nLoraConfig(r=max(r, 7), lora_alpha=1 << 4)", {"r": 7, "lora_alpha": 16}),
        # Names for the class.
        ("from peft import LoraConfig as LC\nLC(r=3)", {"r": 3}),
        ("import peft as p\ncfg = p.LoraConfig(r=3, task_type=p.TaskType.SEQ_CLS)", {"r": 3}),
        ("LoraConfig(task_type=TaskType.SEQ_CLS.value, r=3)", {"r": 3}),
        # What is set afterwards.
        ("c = LoraConfig(r=3)\nc.r = 9\nc.target_modules = {'k_lin'}",
         {"r": 9, "target_modules": ["k_lin"]}),
        ("c = LoraConfig(r=3)\nc.r *= 2\nsetattr(c, 'lora_alpha', c.r + 1)",
         {"r": 6, "lora_alpha": 7}),
        ("c = LoraConfig(target_modules=['q_lin'])\nc.target_modules.append('k_lin')",
         {"target_modules": ["q_lin", "k_lin"]}),
        ("t = ['v_lin']\nif x:\n    y = 1\nLoraConfig(r=3, target_modules=t)", {"r": 3}),
        ("t = [1, 2]\nt[1] = 5\nLoraConfig(r=t[1])", {"r": 5}),
        # Conditions that are known, and code in functions.
        ("BIG = False\nif BIG:\n    r = 64\nelse:\n    r = 2\nLoraConfig(r=r)", {"r": 2}),
        ("def main():\n    r = 5\n    cfg = LoraConfig(r=r)\n\nmain()", {"r": 5}),
        ("try:\n    c = LoraConfig(r=5)\nexcept ImportError:\n    pass", {"r": 5}),
        ("with x() as y:\n    c = LoraConfig(r=5)", {"r": 5}),
        ("get_peft_model(model, LoraConfig(r=5))", {"r": 5}),
        ("p = {'peft_type': 'LORA', 'r': 5}\nq = get_peft_config(p)\nq.lora_alpha = 2",
         {"r": 5, "lora_alpha": 2}),
        ("def get():\n    return {'peft_type': 'LORA', 'r': 5}", {"r": 5}),
        ("train(model, {'peft_type': 'LORA', 'r': 5})", {"r": 5}),
        ("big = any(k in 'roberta' for k in ('gpt', 'opt'))\nLoraConfig(r=64 if not big else 8)"
         .replace("64 if not big else 8", "5 + big"), {"r": 5}),
        # Other libraries' classes.
        ("DistilBertConfig(dim=8)\nGenerationConfig(top_k=3)\nLoraConfig(r=5)", {"r": 5}),
        # Notebooks, sessions, fences, prose.
        (notebook("!pip install peft\n%load_ext x\nRANK = 5\n", ["c = LoraConfig(\n", "r=RANK)"]),
         {"r": 5}),
        (notebook("%%bash\nLoraConfig(r=1", "%%time\nLoraConfig(r=5)"), {"r": 5}),
        (json.dumps({"cells": [{"cell_type": "markdown", "source": "LoraConfig(r=1)"},
                               {"cell_type": "code", "source": "LoraConfig(r=5)"}]}), {"r": 5}),
        (notebook("LoraConfig(r=5)", outputs="x" * 300_000), {"r": 5}),
        ("!pip install \\\n  peft\nfiles = !ls\nif x:\n    %time y()\nLoraConfig(r=5)", {"r": 5}),
        ("I do this:\n\n```python\nfrom peft import LoraConfig\nc = LoraConfig(r=5)\n```\n\n"
         "but it doesn't learn (why?", {"r": 5}),
        ("~~~\nLoraConfig(r=5)", {"r": 5}),
        ('def f():\n    """\n    ```python\n    LoraConfig(r=1)\n    ```\n    """\n\n'
         "c = LoraConfig(r=5)", {"r": 5}),
        (">>> from peft import LoraConfig\n>>> c = LoraConfig(\n...     r=5,\n... )\n>>> c.r\n5\n",
         {"r": 5}),
        ("In [1]: R = 5\n\nIn [2]: c = LoraConfig(\n   ...:     r=R)\n", {"r": 5}),
        ("> c = LoraConfig(\n>     r=5)\n", {"r": 5}),
        ("It isn't better with LoraConfig(r=5, …) than without.", {"r": 5}),
        ("Mine (see below\nLoraConfig(\n    r=5,\n)\nis what I have.", {"r": 5}),
        ("c = LoraConfig(r=5, bias=“none”, task_type=‘SEQ_CLS’)", {"r": 5}),
        ("c\u00a0= LoraConfig(\u200br=5)", {"r": 5}),
        ("    c = LoraConfig(r=5)\n    d = 3", {"r": 5}),
        ("c = LoraConfig(r=5)\n        model.train()\n  x = 1", {"r": 5}),
        # What was printed.
        ("LoraConfig(peft_type=<PeftType.LORA: 'LORA'>, task_type=<TaskType.SEQ_CLS: 'SEQ_CLS'>, "
         "r=5, runtime_config=LoraRuntimeConfig(ephemeral_gpu_offload=False))", {"r": 5}),
        ("{'default': LoraConfig(r=5, peft_type=<PeftType.LORA: 'LORA'>)}", {"r": 5}),
        ("{'peft_type': <PeftType.LORA: 'LORA'>, 'r': 5, 'target_modules': {'v_lin'}, "
         "'inference_mode': True, 'modules_to_save': None}", {"r": 5}),
        ("{'a': {'peft_type': 'LORA', 'r': 5}}", {"r": 5}),
        # The same one twice is one.
        ("LoraConfig(r=5)\nLoraConfig(r=5, bias=None)", {"r": 5}),
    ],
)  # fmt: skip
def test_a_configuration_is_found(text, values):
    if "target_modules" not in text and "v_lin" not in text:
        values = {**values, "target_modules": None}
        missing = ("target_modules is not given",)
    else:
        missing = ()
    check(text, values, missing)


@pytest.mark.parametrize(
    ("arguments", "values", "words"),
    [
        ("r=args.rank", {"r": None}, ("r=args.rank in line 1 cannot be known",)),
        ("r=len(open('x').read())", {"r": None}, ("r=len(open('x').read()) in line 1",)),
        ("r=9**9**9**9", {"r": None}, ("r=9 ** 9 ** 9 ** 9 in line 1",)),
        ("r=2, r=3", {"r": 3}, ("r is repeated; the last one counts",)),
        ("rank_pattern={**more}", {"rank_pattern": None}, ("rank_pattern={**more} in line 1",)),
        ("**settings, lora_alpha=4", {"r": None, "lora_alpha": 4}, ("**settings in line 1",)),
        ("**{'r': x, 'lora_alpha': 4}", {"r": None, "lora_alpha": 4}, ("r of **{",)),
        ("r=16 if big else 8", {"r": 16}, ("big in line 1",)),
    ],
)
def test_what_cannot_be_known_is_named_with_its_place_and_ours_stays(arguments, values, words):
    check(f"LoraConfig({ON_V}, {arguments})", values, words)


def test_what_has_no_name_is_left_out():
    check(f"LoraConfig('SEQ_CLS', r=3, {ON_V})", {"r": 3}, ("'SEQ_CLS' in line 1",))


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        (f"print 'x'\nLoraConfig(r=3, {ON_V})\nexec 'y'", {"r": 3}, ("line 1, line 3",)),
        (
            "loss: 0.3 [=> ]\n" * 900 + f"LoraConfig(r=3, {ON_V})\n" + "loss: 0.3 [=> ]\n" * 900,
            {"r": 3},
            ("line 1, line 2, line 3",),
        ),
        (f"def f():\n    r = 3\n    print 'x'\n    LoraConfig(r=r, {ON_V})", {"r": 3}, ("line 3",)),
        (f"def f():\n    print 'x'\n    LoraConfig(r=3, {ON_V})", {"r": 3}, ("line 2",)),
        (f"LoraConfig(r=3, {ON_V})\nx = = 1\nLoraConfig(r=4 y)", {"r": 3}, ("line 2, line 3",)),
        (
            notebook("R = 3\nprint 'x'", f"\nLoraConfig(r=R, lora_alpha=z, {ON_V})"),
            {"r": 3, "lora_alpha": None},
            ("cell 1, line 2", "lora_alpha=z in cell 2, line 2"),
        ),
        (
            f"n = 'roberta'\nLoraConfig(r=3 if 'bert' in n else 4, {ON_V})",
            {"r": 3},
            ("""r in line 2 depends on 'bert' in n""",),
        ),
        (
            "LoraConfig(r=3, target_modules=['a', 'b'] if x else ['q_lin'])",
            {"target_modules": ["q_lin"]},
            ("which fits all-MiniLM-L6-v2",),
        ),
        (
            "if x:\n    t = ['a']\nelif y:\n    t = ['b']\nelse:\n    t = ['k_lin']\n"
            "LoraConfig(r=3, target_modules=t)",
            {"target_modules": ["k_lin"]},
            ("target_modules depends on x in line 1",),
        ),
        (
            f"c = LoraConfig(r=3, {ON_V})\nif x:\n    c.r = 9",
            {"r": 3},
            ("r=9 in line 3 depends on a condition",),
        ),
        (
            f"r = 2\nfor _ in loader:\n    r = r * 2\nLoraConfig(r=r, {ON_V})",
            {"r": None},
            ("r=r in line 4 cannot be known",),
        ),
        (
            f"def f(r=4):\n    return LoraConfig(r=r, {ON_V})",
            {"r": 4},
            ("default of the parameter r",),
        ),
        (
            f"for r in (1, 2, 4):\n    LoraConfig(r=r, {ON_V})",
            {"r": None},
            ("r=r in line 2 cannot be known",),
        ),
        (
            f"def max(a, b):\n    return 3\n\nLoraConfig(r=max(1, 2), {ON_V})",
            {"r": None},
            ("r=max(1, 2) in line 4 cannot be known",),
        ),
        (
            f"def make(r):\n    return LoraConfig(r=r, {ON_V})\n\nmake(8)",
            {"r": None},
            ("r=r in line 2 cannot be known",),
        ),
        (
            f"b = BitsAndBytesConfig(load_in_8bit=True)\nLoraConfig(r=3, {ON_V})",
            {"r": 3},
            ("BitsAndBytesConfig in line 1",),
        ),
        (
            f"m = prepare_model_for_kbit_training(m)\nLoraConfig(r=3, {ON_V})",
            {"r": 3},
            ("quantisation",),
        ),
    ],
)
def test_what_is_not_taken_as_it_stands_is_said(text, values, words):
    check(text, values, words)


class TestTraining:
    @pytest.mark.parametrize(
        ("code", "values", "words"),
        [
            (
                "TrainingArguments(learning_rate=3e-4, num_train_epochs=3.0, seed=1, data_seed=2)",
                {"learning_rate": 3e-4, "num_train_epochs": 3, "seed": 1, "data_seed": 2},
                (),
            ),
            (
                "Seq2SeqTrainingArguments('out', per_gpu_train_batch_size=4, fp16=True, tf32=None, "
                "warmup_steps=w)",
                {"per_device_train_batch_size": 4},
                ("fp16=True, warmup_steps of Seq2SeqTrainingArguments in line 2",),
            ),
            ("SFTConfig(max_seq_length=64)", {"max_length": 64}, ()),
            ("a = TrainingArguments()\na.learning_rate = 5e-4", {"learning_rate": 5e-4}, ()),
            ("TrainingArguments(learning_rate=lr)", {"learning_rate": None}, ("lr in line 2",)),
            (
                "TrainingArguments(num_train_epochs=0.5, learning_rate=50)",
                {"num_train_epochs": None, "learning_rate": None},
                ("learning_rate=50", "num_train_epochs=0.5"),
            ),
            (
                "TrainingArguments(seed=1)\nTrainingArguments(seed=2)",
                {"seed": 2},
                ("that of line 3 is taken",),
            ),
            ("tokenizer(x, truncation=True, max_length=128)", {"max_length": 128}, ()),
            ("AutoTokenizer.from_pretrained(b, model_max_length=99)", {"max_length": 99}, ()),
            (
                "DataLoader(d, shuffle=True, batch_size=8)\nDataLoader(d, batch_size=64)\n"
                "AdamW(p, lr=3e-4)\nset_seed(7)",
                {"per_device_train_batch_size": 8, "learning_rate": 3e-4, "seed": 7},
                (),
            ),
            (
                "AutoModelForSequenceClassification.from_pretrained('all-MiniLM-L6-v2')",
                {"base_model": "all-MiniLM-L6-v2"},
                (),
            ),
            ("AutoModel.from_pretrained('someone/else')", {"base_model": None}, ("someone/else",)),
            (
                "args = TrainingArguments(load_best_model_at_end=True, num_train_epochs=9)\n"
                "Trainer(m, args, callbacks=[EarlyStoppingCallback(early_stopping_patience=3)])",
                {"early_stopping_patience": 3, "num_train_epochs": 9},
                (),
            ),
            ("EarlyStoppingCallback(2)", {"early_stopping_patience": 2}, ()),
            ("t.add_callback(EarlyStoppingCallback())", {"early_stopping_patience": 1}, ()),
            (
                "n = 4\nc = EarlyStoppingCallback(n, 0.01)",
                {"early_stopping_patience": 4},
                ("early_stopping_threshold of EarlyStoppingCallback in line 3",),
            ),
            (
                "EarlyStoppingCallback(args.patience)",
                {"early_stopping_patience": None},
                ("EarlyStoppingCallback(args.patience) cannot be known",),
            ),
            (
                "EarlyStoppingCallback(99)",
                {"early_stopping_patience": None},
                ("early_stopping_patience must be a whole number between 0 and 20 epochs, got 99",),
            ),
            # Without the callback the last epoch is kept.
            ("TrainingArguments(load_best_model_at_end=True)", {}, ("load_best_model_at_end",)),
        ],
    )
    def test_beside_a_configuration(self, code, values, words):
        check(f"LoraConfig(r=3, {ON_V})\n{code}", {"r": 3, **values}, words)

    def test_alone_the_method_stays(self):
        current = {"method": "ia3", "num_train_epochs": 4}
        text = "TrainingArguments(learning_rate=2e-4, num_train_epochs=900)"
        imported = reading.read(text, current)
        assert imported.values == {"method": "ia3", "learning_rate": 2e-4}
        assert "method" in imported.notes[0]
        assert "900" in imported.notes[1]


class TestSeveral:
    TEXT = f"a = LoraConfig(r=3, {ON_V})\nb = LoraConfig(r=4, {ON_V})\n\nc = LoHaConfig({ON_V})"

    def test_are_listed_with_what_tells_them_apart(self):
        with pytest.raises(reading.SeveralConfigurationsError) as caught:
            reading.read(self.TEXT)
        assert caught.value.labels == (
            "a, LoraConfig in line 1 (r=3)",
            "b, LoraConfig in line 2 (r=4)",
            "c, LoHaConfig in line 4",
        )
        assert "2. b, LoraConfig in line 2 (r=4)" in caught.value.problems["config"]

    @pytest.mark.parametrize(("choice", "r"), [(1, 3), (2, 4), (3, 8)])
    def test_one_is_chosen(self, choice, r):
        assert reading.read(self.TEXT, choice=choice).values["r"] == r

    @pytest.mark.parametrize("choice", [0, 4, -1, True, "1"])
    def test_there_must_be_such_a_one(self, choice):
        with pytest.raises(InvalidFieldsError) as caught:
            reading.read(self.TEXT, choice=choice)
        assert "between 1 and 3" in caught.value.problems["choice"]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (
                notebook(f"LoraConfig(r=3, {ON_V})", f"\nLoraConfig(r=4, {ON_V})"),
                ("cell 1, line 1", "cell 2, line 2"),
            ),
            ("{'x': LoraConfig(r=3), 'y': LoraConfig(r=4)}", ("x, LoraConfig", "y, LoraConfig")),
            ('{"x": {"peft_type": "LORA", "r": 3}, "y": {"peft_type": "IA3"}}', ("x (r=3)", "y")),
            ('[{"peft_type": "LORA", "r": 3}, {"peft_type": "LORA", "r": 4}]', ("r=3", "r=4")),
            (
                f"if x:\n    c = LoraConfig(r=3, {ON_V})\nelse:\n    c = LoraConfig(r=4, {ON_V})",
                ("line 2", "line 4"),
            ),
        ],
    )
    def test_of_other_kinds(self, text, words):
        with pytest.raises(reading.SeveralConfigurationsError) as caught:
            reading.read(text)
        assert len(caught.value.labels) == len(words)
        for label, word in zip(caught.value.labels, words, strict=True):
            assert word in label

    def test_too_many_are_refused(self):
        text = "\n".join(f"LoraConfig(r={r})" for r in range(1, 60))
        with pytest.raises(InvalidFieldsError, match="1 to 50 configurations, got 59"):
            reading.read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\ny = LoraConfig(r=8 lora_alpha=16)", ("forgot a comma", "line 2")),
        (notebook("LoraConfig(r=8"), ("never closed", "cell 1, line 1")),
        (notebook("x = 1"), ("one call", "none")),
        (notebook("x = 1\n" * 30_000), ("100,000", "180,000")),
        ("LoraConfig(r=3)\n" + "x" * 100_000, ("100,000", "100,016")),
        ("BitsAndBytesConfig(load_in_4bit=True)", ("BitsAndBytesConfig", "not of peft")),
        ("from adapters import IA3Config\nIA3Config()", ("IA3Config", "not of peft")),
        ("c = PeftConfig.from_pretrained('me/it')", ("adapter_config.json", "me/it", "line 1")),
        ("x = = 1", ("one call", "none", "line 1")),
    ],
)
def test_a_text_without_a_configuration_says_why(text, words):
    with pytest.raises(InvalidFieldsError) as caught:
        reading.read(text)
    for word in words:
        assert word in caught.value.problems["config"]
