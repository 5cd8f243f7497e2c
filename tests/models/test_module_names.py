"""Which modules are meant by the names that people have for them."""

from itertools import product

import pytest
from made_up_family import MADE_UP

from peft_demo.models import FAMILY, NamesOf, listed, module_names, named
from peft_demo.models.conventions import CONVENTIONS

QUERY_VALUE = (FAMILY.query, FAMILY.value)


def means(value, n_layers=6):
    return named(listed(value), FAMILY, n_layers)


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            "q_lin,v_lin",
            " v_lin ; q_lin ",
            "q_lin v_lin",
            "q_lin\nv_lin",
            '["q_lin", "v_lin"]',
            "['v_lin', 'q_lin']",
            "{'q_lin', 'v_lin'}",
            '("q_lin", "v_lin",)',
            "`q_lin`, `v_lin`",
            "attention.q_lin, attention.v_lin",
            "q_lin|v_lin",
            ["q_lin", "v_lin", "q_lin"],
            ("v_lin", "q_lin"),
            {"q_lin", "v_lin"},
        ],
    )
    def test_a_list_is_read_however_it_is_written(self, text):
        found = means(text)
        assert (found.modules, found.unknown, found.became) == (QUERY_VALUE, (), {})

    @pytest.mark.parametrize("text", ["all-linear", "All-Linear", "all_linear", ["all-linear"]])
    def test_all_linear_layers(self, text):
        assert means(text).modules == FAMILY.linear

    def test_the_end_of_a_path_is_enough(self):
        assert means("lin1, attention.out_lin").modules == (FAMILY.output, FAMILY.feedforward_in)
        assert means("lin, ffn, attention").unknown == ("lin", "ffn", "attention")

    @pytest.mark.parametrize("value", [None, 5, {"q_lin": 1}])
    def test_what_is_neither_text_nor_list_is_left(self, value):
        assert listed(value) is None
        assert NamesOf(FAMILY)(value) == value

    def test_very_many_and_very_long_names_are_not_looked_up(self):
        assert len(means(["q_lin", "x" * 400, *(f"n{n}" for n in range(2_000))]).unknown) == 2_001
        assert means("1." * 50_000).unknown


class TestNamesOfOthers:
    @pytest.mark.parametrize(
        ("names", "modules"),
        [
            ("query, value", QUERY_VALUE),
            ("query key value dense", FAMILY.linear),
            ("attention.self.query attention.output.dense", (FAMILY.query, FAMILY.output)),
            ("intermediate.dense, output.dense", FAMILY.feedforward),
            ("query_proj value_proj", QUERY_VALUE),
            ("q_proj v_proj", QUERY_VALUE),
            ("q_proj k_proj v_proj o_proj gate_proj up_proj down_proj", FAMILY.linear),
            ("c_attn", FAMILY.attention[:3]),
            ("c_attn, c_proj, c_fc", FAMILY.linear),
            ("attn.c_proj", (FAMILY.output,)),
            ("Wqkv, Wo, Wi", FAMILY.linear),
            ("in_proj out_proj", FAMILY.attention),
            ("q, v", QUERY_VALUE),
            ("q k v o wi wo", FAMILY.linear),
            ("SelfAttention.q, wi_0, wi_1", (FAMILY.query, FAMILY.feedforward_in)),
            ("q,k,v,out", FAMILY.attention),
            ("to_q to_k to_v to_out.0", FAMILY.attention),
            ("query_key_value", FAMILY.attention[:3]),
            ("fc1 fc2", FAMILY.feedforward),
            ("output.LayerNorm", (FAMILY.attention_norm, FAMILY.output_norm)[1:]),
        ],
    )
    def test_become_what_does_the_same(self, names, modules):
        found = means(names)
        assert (found.modules, found.unknown) == (modules, ())
        assert {*found.became} == {*listed(names)}

    def test_a_name_that_several_have_is_read_beside_the_others(self):
        """BERT's "dense" is three layers of a block, Falcon's is one."""
        assert means("query_key_value dense").modules == FAMILY.attention
        assert means("query dense").modules == (FAMILY.query, FAMILY.output, *FAMILY.feedforward)

    def test_of_different_networks_are_read_one_by_one(self):
        found = means("query, v_proj, k_lin")
        assert found.modules == FAMILY.attention[:3]
        assert found.became == {"query": (FAMILY.query,), "v_proj": (FAMILY.value,)}

    def test_what_else_peft_would_match_is_told(self):
        assert means("output.dense").also == {"output.dense": (FAMILY.output,)}
        assert means("attention.output.dense").also == {}

    @pytest.mark.parametrize("row", CONVENTIONS, ids=lambda row: row.label)
    def test_every_whole_path_of_every_row_is_known(self, row):
        for path, roles in row.paths.items():
            assert {*means([f"{row.blocks}3.{path}"]).modules} >= {
                getattr(FAMILY, role) for role in roles[:1]
            }

    def test_another_family_takes_those_of_this_one(self):
        found = named(["q_lin", "ffn.lin2", "self.key"], MADE_UP, 3)
        assert found.modules == (MADE_UP.query, MADE_UP.key, MADE_UP.feedforward_out)

    def test_what_means_nothing_is_named(self):
        assert means("q_lin lm_head embed_tokens").unknown == ("lm_head", "embed_tokens")


def paths(blocks, *modules):
    return [
        f"distilbert.transformer.layer.{n}.{FAMILY.path(module)}"
        for n, module in product(blocks, modules)
    ]


class TestBlocks:
    def test_full_paths_tell_them(self):
        found = means(paths([1, 4], *QUERY_VALUE))
        assert (found.modules, found.blocks) == (QUERY_VALUE, (1, 4))

    def test_all_of_them_need_not_be_told(self):
        assert means(paths(range(6), FAMILY.key)).blocks == ()
        assert means([*paths([2], FAMILY.key), "k_lin"]).blocks == ()

    def test_peft_s_own_prefix_does_no_harm(self):
        assert means(["base_model.model." + paths([5], "q_lin")[0]]).blocks == (5,)

    def test_one_that_the_base_has_not_is_unknown(self):
        assert means(paths([6], FAMILY.key)).unknown == tuple(paths([6], FAMILY.key))

    def test_each_with_modules_of_its_own_cannot_be_said(self):
        with pytest.raises(ValueError, match="q_lin in 1; v_lin in 2"):
            means([*paths([1], FAMILY.query), *paths([2], FAMILY.value)])

    def test_a_field_alone_does_not_know_how_many_there_are(self):
        given = paths([1], FAMILY.query)
        assert NamesOf(FAMILY)(given) == tuple(given)


class TestRegularExpressions:
    @pytest.mark.parametrize(
        ("pattern", "modules", "blocks"),
        [
            (r".*_lin", FAMILY.attention, ()),
            (r".*\.(q|v)_lin$", QUERY_VALUE, ()),
            (r"distilbert\.transformer\.layer\.\d+\.ffn\.lin[12]", FAMILY.feedforward, ()),
            (r".*layer\.[35]\..*q_lin", (FAMILY.query,), (3, 5)),
            (r".*", FAMILY.linear, ()),
            (r".*\.(query|value)", QUERY_VALUE, ()),
            (r"model\.layers\.[0-2]\.self_attn\.(q|k)_proj", (FAMILY.query, FAMILY.key), (0, 1, 2)),
        ],
    )
    def test_are_matched_with_whole_paths_as_peft_does(self, pattern, modules, blocks):
        found = means(pattern)
        assert (found.modules, found.blocks, found.unknown) == (modules, blocks, ())

    @pytest.mark.parametrize("pattern", [r".*head", r"(.*", r"*.q_lin", r"q_lin$", r"a{9}{9}{9}$+"])
    def test_that_find_nothing_are_unknown(self, pattern):
        assert means(pattern).unknown == (pattern,)

    def test_that_give_blocks_modules_of_their_own_cannot_be_said(self):
        with pytest.raises(ValueError, match=r"q_lin in 0; v_lin in 1"):
            means(r".*0.*q_lin|.*1.*v_lin")

    @pytest.mark.parametrize("pattern", [r"(\w*\.?)*!", r"(.*a){20}x.*", r"((a|b|.)*)*\d{99}$"])
    @pytest.mark.timeout(20)
    def test_that_take_for_ever_are_given_up(self, pattern):
        assert means(pattern).unknown == (pattern,)

    def test_that_take_long_at_each_path_are_given_up_too(self, monkeypatch):
        monkeypatch.setattr(module_names, "_SECONDS", 0.0)
        assert means(r".*nothing").unknown == (r".*nothing",)
        assert means(r".*_lin").unknown == (r".*_lin",)
