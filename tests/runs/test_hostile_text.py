"""Pasted texts that are meant to do harm."""

import itertools
import json
import time

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


HOSTILE = {
    "lines that are none": "x x\n" * 25_000,
    "calls that are none": "a LoraConfig(r=8 b\n" * 5_000,
    "brackets that stay open": "foo(\n" * 20_000,
    "calls among open brackets": "see (this\nLoraConfig(r=8)\n" * 3_000,
    "quotes": "'\\\"'" * 25_000,
    "escapes": '"' + '\\"' * 49_000,
    "long quotes": "'''\"\"\"" * 16_000,
    "deep and broken": "".join(f"{' ' * i}if x:\n{' ' * (i + 1)}y y\n" for i in range(300)),
    "branches": "if a: pass\n" + "elif a: pass\n" * 7_000,
    "branches with values": "if x: a=1\nelse: a=2\n" * 3_000 + "LoraConfig(r=a)",
    "alternatives": "a=1 if x else 2\n" + "a=a if x else 2\n" * 3_000 + "LoraConfig(r=a)",
    "many configurations": "\n".join(f"LoraConfig(r={i})" for i in range(5_000)),
    "configurations within": "LoraConfig(a=" * 80 + "1" + ")" * 80,
    "unknown options": f"LoraConfig({','.join(f'a{i}=x' for i in range(10_000))})",
    "powers": "a=2**999\n" + "a=a*a\n" * 100 + "b=9**9**9**9\nLoraConfig(r=a+b)",
    "doubled lists": "a=[1]\n" + "a=a+a\n" * 5_000 + "LoraConfig(target_modules=a)",
    "shared lists": "a0=[1]\n"
    + "".join(f"a{i + 1}=[a{i},a{i}]\n" for i in range(60))
    + "LoraConfig(target_modules=a60)",
    "deep lists": "a=[1]\n" + "a=[a]\n" * 5_000 + "LoraConfig(target_modules=a)",
    "doubled texts": "a='x'\n" + "a=a+a\n" * 1_000 + "LoraConfig(bias=a)",
    "long lists": "a=[1]*99999\n" * 7_000 + "LoraConfig(r=2)",
    "long sets": "a=set(range(9999))\n" * 5_000 + "LoraConfig(r=2)",
    "long texts": "".join(f"a{i}='x'*99999\n" for i in range(6_000)) + "LoraConfig(r=2)",
    "branches with lists": f"a=[{'1,' * 9_000}]\n" + "if x: b=1\n" * 7_000 + "LoraConfig(r=2)",
    "wide texts": "LoraConfig(bias=f'{1:>99999999}', r=round(5, -10**9), a='x' * 10**9)",
    "grown lists": "d=[]\n" + "d.append(1)\n" * 6_000 + "LoraConfig(target_modules=d)",
    "grown dictionaries": "d={}\n"
    + "".join(f"d['a{i}']=1\n" for i in range(5_000))
    + "LoraConfig(**d)",
    "loops": "".join(f"{' ' * i}for a{i} in [1] * 16:\n" for i in range(6))
    + " " * 6
    + "LoraConfig(r=8)",
    "comprehensions": "a=[x for x in range(1000)]\n" * 3_000,
    "functions that fan out": "".join(
        f"def f{i}(a):\n    return (f{i + 1}(a), f{i + 1}(a))\n" for i in range(40)
    )
    + "x=f0(1)",
    "functions that recur": "def f(n):\n    return f(n - 1)\nLoraConfig(r=f(3))",
    "functions that are called": "def f(a):\n    return LoraConfig(r=a)\n" + "f(3)\n" * 8_000,
    "comments of JSON": "{" + "/*" * 49_000,
    "commas of JSON": "{" + ", " * 45_000,
    "fences": "```\n" * 20_000,
    "prompts": ">>> \n" * 20_000,
    "printed objects": "<class " * 14_000,
    "printed members": "<a.b: '" * 14_000,
    "attributes": "LoraConfig(r=a" + ".b" * 30_000 + ")",
    "names": "a." * 49_000 + "Config(",
    "blanks": " " * 99_000 + "x x",
    "a huge flag": "p.add_argument(0x" + "f" * 9_000 + ", default=3)\nLoraConfig(r=2)",
    "a huge key": "LoraConfig(**{0x" + "f" * 9_000 + ": 1})",
}
"""Texts that would take for ever, or more memory than there is."""


class TestHostileText:
    @pytest.mark.parametrize("depth", [300, 30_000])
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
    @pytest.mark.slow
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
    def test_a_huge_number_is_refused_or_left_out(self, number):
        forms = ("{}", "1+{}", "[{}]")
        for name, form in itertools.product(("r", "lora_dropout", "bias", "nonsense"), forms):
            told = notes_or_problems(f"LoraConfig({name}={form.format(number)})")
            assert 0 < len(told) < 1_000, (name, form)

    @pytest.mark.slow
    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
    def test_takes_no_long_time_and_says_no_long_things(self, text):
        start = time.process_time()
        assert len(notes_or_problems(text[:100_000])) < 8_000
        assert time.process_time() - start < 6

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

    @pytest.mark.slow
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
