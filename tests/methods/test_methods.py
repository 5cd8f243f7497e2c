"""METHODS: every row holds together, and a new row is all that a method needs."""

import dataclasses
import re
from collections import Counter

import pytest
import torch
from latex2mathml.converter import convert
from small_runs import few_modules, small_config

from peft_demo import adapters
from peft_demo.errors import InvalidFieldsError
from peft_demo.execution import Engine
from peft_demo.fields import Integer, Number
from peft_demo.inference import Predictor
from peft_demo.methods import METHODS, UNSUPPORTED
from peft_demo.models import BASES, FAMILY, HUB_BASE
from peft_demo.runs import RunConfig, RunStatus, fields_of
from peft_demo.runs.schema import config_schema, describe_methods

ADAPTERS = {name: method for name, method in METHODS.items() if method.peft_config}

TINY = {"num_train_epochs": 1, "num_reviews": 10}
"""One step."""

NUMBERS = [
    pytest.param(method, field, id=f"{method.id}-{field.name}")
    for method in METHODS.values()
    for field in method.fields
    if isinstance(field, (Integer, Number))
]


def problems(values: object) -> dict[str, str]:
    with pytest.raises(InvalidFieldsError) as caught:
        RunConfig(values)
    return caught.value.problems


def peft_config(config: RunConfig):
    return METHODS[config.method].peft_config(config.method_values, config.setting)


@pytest.fixture(scope="module")
def descriptions():
    return {row["id"]: row for row in describe_methods()}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
class TestEveryRow:
    def test_says_what_it_is_and_where_it_comes_from(self, method):
        assert METHODS[method.id] is method
        assert method.label
        assert method.paper
        assert method.paper_url.startswith("https://")
        assert 2010 < method.year < 2100
        # One sentence, and a note of whole ones.
        assert method.summary.endswith(".")
        assert not re.search(r"[.!?]\s", method.summary)
        assert not method.note or re.fullmatch(r"[A-Z][^\n]*\.", method.note)

    def test_its_formula_is_drawn(self, method):
        drawn = convert(method.formula)
        assert drawn.startswith("<math")
        # What the converter does not know stays in its output with the backslash.
        assert "\\" not in drawn

    def test_its_fields_are_named_once_and_have_help(self, method):
        names = Counter(field.name for field in fields_of(method.id))
        assert set(names.values()) == {1}
        for field in method.fields:
            assert field.label
            assert re.fullmatch(r"[A-Z].*\.", field.help), field.help

    def test_its_defaults_and_learning_rate_make_a_run_on_every_base(self, method):
        for base_model in BASES:
            config = RunConfig(method=method.id, base_model=base_model)
            assert config.learning_rate == method.learning_rate
            assert set(config.method_values) == {field.name for field in method.fields}

    def test_its_peft_configuration_trains_the_whole_head(self, method):
        if method.peft_config is None:
            assert method.writes_to_base
            return
        config = peft_config(RunConfig(method=method.id))
        assert config.task_type == "SEQ_CLS"
        assert set(config.modules_to_save) == set(FAMILY.head)

    def test_is_described_for_command_line_and_api(self, method, descriptions):
        described = descriptions[method.id]
        for name in ("label", "summary", "learning_rate", "formula", "merges", "note"):
            assert described[name] == getattr(method, name)
        assert [field["name"] for field in described["fields"]] == [
            field.name for field in method.fields
        ]
        assert described["schema"] == config_schema(method.id)


def test_rows_have_labels_of_their_own():
    assert len({method.label for method in METHODS.values()}) == len(METHODS)


class TestPeftsMethods:
    def test_are_rows_or_told_as_unsupported(self):
        from peft import PeftType

        rows = {peft_config(RunConfig(method=name)).peft_type for name in ADAPTERS}
        unsupported = Counter(row.peft_type for row in UNSUPPORTED if row.peft_type)
        assert set(unsupported.values()) == {1}
        assert not rows & set(unsupported)
        assert rows | set(unsupported) == {kind.value for kind in PeftType}

    @pytest.mark.parametrize("row", UNSUPPORTED, ids=lambda row: row.label)
    def test_unsupported_ones_say_why(self, row):
        assert row.label
        assert re.fullmatch(r"[A-Zp].*\.", row.reason)
        assert row.label not in {method.label for method in METHODS.values()}


class TestTheAssignmentsMethods:
    def test_are_all_there(self):
        assert {"lora", "ia3", "head_only", "full_ft"} <= set(METHODS)

    def test_baselines_are_marked(self):
        assert {name for name, row in METHODS.items() if row.baseline} == {"head_only", "full_ft"}

    def test_rank_goes_from_1_to_256(self):
        (rank,) = (field for field in METHODS["lora"].fields if field.name == "r")
        assert (rank.minimum, rank.maximum) == (1, 256)

    def test_lora_passes_its_values_on(self):
        values = {"r": 5, "lora_alpha": 7, "lora_dropout": 0.3, "target_modules": ("q_lin",)}
        config = peft_config(RunConfig(method="lora", **values))
        assert (config.r, config.lora_alpha, config.lora_dropout) == (5, 7, 0.3)
        assert config.target_modules == {"q_lin"}
        assert config.bias == "none"

    def test_ia3_passes_its_values_on(self):
        values = {"target_modules": FAMILY.linear, "feedforward_modules": ("ffn.lin1",)}
        config = peft_config(RunConfig(method="ia3", **values))
        assert config.target_modules == set(FAMILY.linear)
        assert config.feedforward_modules == {"ffn.lin1"}


@pytest.mark.parametrize(
    ("method", "field"), [param for param in NUMBERS if param.values[0].peft_config]
)
def test_every_number_reaches_peft(method, field):
    as_kind = int if isinstance(field, Integer) else float
    near = (2 * field.default, field.default / 2, field.default + 1, field.maximum, field.minimum)
    for value in map(as_kind, near):
        try:
            config = RunConfig({"method": method.id, field.name: value})
        except InvalidFieldsError:
            continue
        if value != field.default:
            assert getattr(peft_config(config), field.name) == value
            return
    pytest.fail("no other value is allowed")


@pytest.mark.slow
@pytest.mark.parametrize(("method", "field"), NUMBERS)
@pytest.mark.parametrize("end", ["minimum", "maximum"])
def test_the_ends_of_limits_work_or_are_refused_by_name(base, method, field, end):
    value = getattr(field, end)
    try:
        config = small_config(
            method.id, **few_modules(method.id, ("ffn.lin1",)), **{field.name: value}
        )
    except InvalidFieldsError as error:
        for name, sentence in error.problems.items():
            assert name in {own.name for own in method.fields}
            assert sentence.startswith((f"{name} must", f"{name} + "))
            assert re.search(rf"\b{field.name}\b", sentence)
        return
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = adapters.build(base, config).eval()
    logits = adapters.logits(model, base, base.encode(["A good film."])["input_ids"])
    assert torch.tensor(logits).isfinite().all()


REFUSED = [
    # method, values, the field that the sentence is at, words that it must hold
    ("lora", {"base_model": HUB_BASE, "r": 257}, "r", ["between 1 and 256", "got 257."]),
    ("adalora", {"init_r": 4}, "target_r", ["at most init_r (4)", "got 8."]),
    (
        "adalora",
        {"tinit": 150, "tfinal": 49},
        "tinit",
        ["tinit + tfinal must be at most 198, two less than the training's", "got 150 + 49."],
    ),
    ("adalora", {"tinit": 150, "tfinal": 48}, None, []),
    (
        "adalora",
        {"num_reviews": 10, "num_train_epochs": 1},
        "num_train_epochs",
        ["at least 2 training steps", "got 1."],
    ),
    ("adalora", {"num_reviews": 10, "num_train_epochs": 2}, None, []),
    ("gralora", {"r": 9}, "gralora_k", ["must divide r (9)", "got 2."]),
    (
        "gralora",
        {"r": 15, "gralora_k": 5},
        "gralora_k",
        ["must divide the widths of the target modules (384 is one)", "got 5."],
    ),
    (
        "oft",
        {"oft_block_size": 36},
        "oft_block_size",
        ["widths of the target modules (384 and 1,536)", "one of 2, 3, 4, 6", "128, got 36."],
    ),
    ("oft", {"oft_block_size": 7, "target_modules": ["q_lin"]}, "oft_block_size", ["(384)"]),
    ("boft", {"boft_block_size": 5}, "boft_block_size", ["be one of 2, 3", "64, got 5."]),
    ("hra", {"r": 7}, "r", ["must be even", "got 7."]),
    ("road", {"group_size": 3}, "group_size", ["must be even", "got 3."]),
    ("road", {"group_size": 20}, "group_size", ["be one of 2, 4, 6, 8, 12", "128, got 20."]),
    ("vblora", {"vector_length": 100}, "vector_length", ["384, got 100."]),
    (
        "vblora",
        {"vector_length": 256, "base_model": HUB_BASE, "target_modules": ["ffn.lin1"], "topk": 9},
        None,
        [],
    ),
    (
        "vblora",
        {"num_vectors": 4, "topk": 5},
        "topk",
        ["must be at most num_vectors (4)", "got 5."],
    ),
    ("c3a", {"block_size": 100}, "block_size", ["be one of 8, 12, 16", "384, got 100."]),
    ("c3a", {"block_size": 256}, "block_size", ["(384 and 1,536)", "got 256."]),
    ("c3a", {"block_size": 256, "base_model": HUB_BASE}, None, []),
    (
        "ia3",
        {"target_modules": ["q_lin", "k_lin"]},
        "feedforward_modules",
        ["must all be target_modules too (q_lin, k_lin)", "got ffn.lin1, ffn.lin2."],
    ),
    (
        "prompt_tuning",
        {"max_length": 503},
        "num_virtual_tokens",
        ["at most 9 beside reviews of 503 tokens", "the base reads 512", "got 10."],
    ),
    ("prompt_tuning", {"max_length": 502}, None, []),
    ("prompt_tuning", {"max_length": 512}, "num_virtual_tokens", ["at most 0", "got 10."]),
    (
        "p_tuning",
        {"num_virtual_tokens": 100, "max_length": 413},
        "num_virtual_tokens",
        ["at most 99", "got 100."],
    ),
    ("p_tuning", {"num_virtual_tokens": 100, "max_length": 412}, None, []),
]


@pytest.mark.parametrize(("method", "values", "field", "words"), REFUSED)
def test_fields_that_do_not_fit_together_are_refused(method, values, field, words):
    values = {"method": method, **values}
    if field is None:
        assert RunConfig(values).method == method
        return
    found = problems(values)
    assert list(found) == [field]
    for word in [field, *words]:
        assert word in found[field]
    assert found[field].endswith(".")
    assert "\n" not in found[field]


def narrow(monkeypatch, tmp_path, dim: int) -> None:
    """The user's own DistilBERT has these measures."""
    (tmp_path / "config.json").write_text(
        f'{{"vocab_size": 100, "max_position_embeddings": 64, "dim": {dim}, "n_layers": 2, '
        f'"n_heads": 2, "hidden_dim": {4 * dim}}}'
    )
    monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(tmp_path))


class TestANarrowBase:
    """Ranks and lengths that fit the built-in base need not fit the user's own."""

    @pytest.mark.parametrize(
        ("method", "values", "sentence"),
        [
            (
                "lora",
                {"r": 17},
                "r must be at most 16, the width of the narrowest target module, got 17.",
            ),
            ("shira", {"r": 9}, "r must be at most 8 for these target modules, got 9."),
            (
                "fourierft",
                {"n_frequency": 300},
                "n_frequency must be at most 256, the entries of the smallest target module's "
                "weight, got 300.",
            ),
            (
                "prompt_tuning",
                {"max_length": 60},
                "num_virtual_tokens must be at most 4 beside reviews of 60 tokens, because the "
                "base reads 64, got 10.",
            ),
        ],
    )
    def test_sentences_name_its_own_measures(self, monkeypatch, tmp_path, method, values, sentence):
        config = {"method": method, "base_model": HUB_BASE, "max_length": 8, **values}
        narrow(monkeypatch, tmp_path, 16)
        with pytest.raises(InvalidFieldsError) as caught:
            RunConfig(config).require_valid()
        assert list(caught.value.problems.values()) == [sentence]

    def test_a_run_that_is_allowed_there_is_allowed_here_but_neither_queued_nor_started(
        self, monkeypatch, tmp_path, store
    ):
        elsewhere = store.submit(RunConfig(base_model=HUB_BASE, r=17), "another machine")
        narrow(monkeypatch, tmp_path, 16)
        assert RunConfig(elsewhere.config.flat()) == store.get(elsewhere.run_id).config
        for queue in (store.submit, store.start):
            with pytest.raises(InvalidFieldsError, match="r must be at most 16"):
                queue(elsewhere.config, "me")
        claimed = store.claim()
        assert claimed.run_id == elsewhere.run_id
        ended = Engine(store).run(claimed)
        assert ended.status is RunStatus.FAILED
        assert ended.error.startswith("r must be at most 16, the width of the narrowest")


class TestANewRow:
    @pytest.fixture(autouse=True)
    def twin(self, monkeypatch):
        """LoRA again under another name, added while the program runs."""
        row = dataclasses.replace(METHODS["lora"], id="twin", label="Twin", starting_rate=4e-4)
        monkeypatch.setitem(METHODS, "twin", row)

    def test_makes_runs(self):
        config = RunConfig(method="twin", r=3)
        # Nothing was measured about it, so that its rate is the one that it starts from.
        assert (config.method_values["r"], config.learning_rate) == (3, 4e-4)
        assert config.name.startswith("Twin · r 3")

    def test_is_checked(self):
        with pytest.raises(InvalidFieldsError, match="r must be a whole number between 1 and 256"):
            RunConfig(method="twin", r=0)

    def test_is_among_the_choices(self):
        with pytest.raises(InvalidFieldsError, match="twin"):
            RunConfig(method="nonsense")

    def test_is_described_with_sliders_and_schema(self):
        described = {row["id"]: row for row in describe_methods()}["twin"]
        (rank,) = (field for field in described["fields"] if field["name"] == "r")
        assert (rank["minimum"], rank["maximum"], rank["default"]) == (1, 256, 8)
        (rank,) = (field for field in fields_of("twin") if field.name == "r")
        assert rank.widget == "slider"
        assert described["schema"]["properties"]["r"]["maximum"] == 256
        assert described["schema"]["properties"]["learning_rate"]["default"] == 4e-4

    @pytest.mark.slow
    def test_can_be_built(self, base):
        twin, lora = (
            adapters.build(base, RunConfig(method=name, r=4)) for name in ("twin", "lora")
        )
        assert adapters.count_trained(twin, FAMILY) == adapters.count_trained(lora, FAMILY)

    @pytest.mark.slow
    def test_is_trained_as_its_likeness_and_answers(self, base, store):
        twin, lora = (
            Engine(store).run(store.start(small_config(name, learning_rate=1e-3, **TINY), "me"))
            for name in ("twin", "lora")
        )
        assert twin.status is RunStatus.COMPLETED, twin.error
        assert twin.epochs[0].train_loss == lora.epochs[0].train_loss
        assert twin.result.test_loss == lora.result.test_loss
        (answer,) = Predictor(store).predict("A good film", [twin.run_id])
        assert sum(answer.probabilities.values()) == pytest.approx(1)
