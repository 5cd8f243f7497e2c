"""Pasted texts that are meant to do harm."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pasted_texts import read, refused

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig, reading


def notes_or_problems(text):
    """What is said about a text, whether it is read or refused."""
    try:
        imported = reading.read(text)
        RunConfig(imported.values)
    except InvalidFieldsError as error:
        return str(error)
    return " ".join(imported.notes)


class TestHostileText:
    @pytest.mark.parametrize("depth", [50, 300, 900, 2_000, 30_000])
    @pytest.mark.parametrize(
        ("before", "inside", "after"),
        [
            ("(", "x", ")"),
            ("[", "1", "]"),
            ("-", "1", ""),
            ("1+", "1", ""),
            ("", "a", ".b"),
            ("", "a", "()"),
            ("not ", "1", ""),
        ],
    )
    @pytest.mark.parametrize("around", ["LoraConfig(r={})", "LoraConfig({})", "LoraConfig(**{})"])
    def test_nested_deeply_is_refused_or_left_out(self, before, inside, after, depth, around):
        nested = before * depth + inside + after * depth
        told = notes_or_problems(around.format(nested))
        assert 0 < len(told) < 1_000

    @pytest.mark.parametrize("depth", [300, 900, 2_000, 16_000])
    def test_nested_json_is_refused(self, depth):
        assert refused('{"a":' * depth + "1" + "}" * depth)
        assert refused('{"peft_type": "LORA", "r":' + "[" * depth + "]" * depth + ', "x": 1}')

    @pytest.mark.parametrize(
        "number", ["9" * 400, "9" * 5_000, "0x" + "f" * 9_000, "-0x" + "f" * 9_000]
    )
    @pytest.mark.parametrize("name", ["r", "lora_dropout", "bias", "nonsense"])
    @pytest.mark.parametrize("form", ["{}", "1+{}", "[{}]"])
    def test_a_huge_number_is_refused_or_left_out(self, number, name, form):
        told = notes_or_problems(f"LoraConfig({name}={form.format(number)})")
        assert 0 < len(told) < 1_000

    def test_nothing_is_executed(self, tmp_path):
        target = tmp_path / "executed"
        read(f"LoraConfig(r=open({str(target)!r}, 'w').write('x'))")
        read(f"open({str(target)!r}, 'w').write('x')\nLoraConfig(r=2, target_modules=['q_lin'])")
        assert not target.exists()

    @pytest.mark.parametrize(
        "text",
        [
            '{"method": "\\ud800"}',
            '{"\\ud800": 1}',
            "LoraConfig(target_modules=['\\ud800'])",
            "LoraConfig(bias='\ud800')",
        ],
    )
    def test_half_a_character_can_be_told_on(self, text):
        assert str(refused(text)).encode()

    @given(text=st.text(st.characters(), max_size=60))
    @example("LoraConfig(target_modules=['q_lin'])" + "\nx" * 20_000)
    def test_any_text_is_read_or_refused(self, text):
        for whole in (text, f"LoraConfig({text})", f"LoraConfig(r={text!r})", f"{{{text}}}"):
            try:
                RunConfig(reading.read(whole).values)
            except InvalidFieldsError as error:
                assert error.problems  # noqa: PT017  (either outcome is right)

    @given(
        option=st.sampled_from(
            [
                "r",
                "target_modules",
                "modules_to_save",
                "base_model_name_or_path",
                "task_type",
                "peft_type",
                "bias",
                "use_dora",
                "init_lora_weights",
                "rank_pattern",
                "method",
            ]
        ),
        value=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=5,
        ),
        start=st.sampled_from([{"peft_type": "LORA"}, {"peft_type": "IA3"}, {"method": "lora"}]),
    )
    def test_any_value_is_read_or_refused(self, option, value, start):
        try:
            RunConfig(reading.read(json.dumps({**start, option: value})).values)
        except InvalidFieldsError as error:
            assert error.problems  # noqa: PT017
