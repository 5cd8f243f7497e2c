"""Fields: what is accepted, and the sentence that comes otherwise."""

import math

import pytest
from field_values import allowed_by
from hypothesis import given
from hypothesis import strategies as st

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import (
    Blocks,
    Choice,
    Field,
    Integer,
    Modules,
    Number,
    Pattern,
    Switch,
    check_all,
    shown,
)
from peft_demo.languages import speaking
from peft_demo.methods import METHODS
from peft_demo.runs import LEARNING_RATE, NAME, fields_of, run_field

FIELDS = list(
    {
        (type(field), field.name, field.allowed): field
        for method in METHODS
        for field in fields_of(method)
    }.values()
)
"""Every field of every method, one for each set of limits: a new row brings its own in."""

NUMBERS = [field for field in FIELDS if isinstance(field, (Integer, Number))]
WHOLE_NUMBERS = [field for field in NUMBERS if isinstance(field, Integer)]
CHOICES = [field for field in FIELDS if isinstance(field, Choice)]
MODULES = [field for field in FIELDS if isinstance(field, Modules)]


def by_name(field: Field) -> str:
    return field.name


def problem(field: Field, value: object) -> str:
    with pytest.raises(InvalidFieldsError) as caught:
        field.check(value)
    assert list(caught.value.problems) == [field.name]
    return caught.value.problems[field.name]


def out_of_range(field: Field) -> st.SearchStrategy[float]:
    if isinstance(field, Integer):
        return st.integers(max_value=field.minimum - 1) | st.integers(field.maximum + 1)
    return st.floats(max_value=field.minimum, exclude_max=True) | st.floats(
        field.maximum, exclude_min=True
    )


class TestEveryField:
    """One test goes through all fields: the traceback has the one that failed."""

    def test_accepts_its_own_default(self):
        for field in FIELDS:
            assert field.check(field.default) == field.default, field

    def test_has_a_label_and_help_in_plain_words(self):
        for field in FIELDS:
            assert all((field.label, field.help.endswith("."), field.allowed)), field

    @pytest.mark.parametrize("value", [None, True, object(), {"a": 1}, b"\xff", 1j])
    def test_refuses_values_of_no_kind(self, value):
        for field in FIELDS:
            if value is None and (field.default is None or field.is_rare):
                assert field.check(value) == field.default, field
            elif value is not True or not isinstance(field, Switch):
                sentence = problem(field, value)
                assert sentence.startswith(f"{field.name} must be {field.allowed}, got ")


class TestNumbers:
    """One kind checks the numbers of all fields: each example draws a field with its limits."""

    @given(data=st.data(), field=st.sampled_from(NUMBERS))
    def test_any_in_range_is_accepted_as_it_is_and_as_text(self, data, field):
        value = data.draw(allowed_by(field))
        assert [field.check(value), field.check(repr(value))] == [value, value]

    @given(data=st.data(), field=st.sampled_from(NUMBERS))
    def test_any_out_of_range_is_refused_with_limits_and_value(self, data, field):
        value = data.draw(out_of_range(field))
        sentence = problem(field, value)
        assert sentence.startswith(f"{field.name} must be a")
        assert field.allowed in sentence
        assert sentence.endswith(f"got {shown(value)}.")

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "nan", "inf", "abc", " "])
    def test_what_is_no_number_is_refused(self, value):
        for field in NUMBERS:
            if value != " " or field.default is not None:  # else it is as good as empty
                assert "got " in problem(field, value)

    def test_only_some_may_be_left_empty(self):
        for field in NUMBERS:
            if field.default is None:
                assert [field.check(None), field.check("")] == [None, None], field
                assert field.allowed.endswith(", or empty")
            else:
                assert 'got ""' in problem(field, "")

    @pytest.mark.parametrize("part", [0.5, "0.5", "1e400", "9" * 5000])
    def test_fractions_and_giants_are_no_whole_numbers(self, part):
        for field in WHOLE_NUMBERS:
            assert "a whole number between" in problem(field, part)

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("19,000", 19_000),
            (" 19 000 ", 19_000),
            ("1\u202f234\u202f567", 1_234_567),
            ("-2,000", -2_000),
            (" 8 ", 8),
            ("16.0", 16),
            ("2,000.0", 2_000),
            ("1e3", 1_000),
        ],
    )
    def test_are_read_as_people_write_them(self, text, number):
        field = Number("n", "N", "Help.", 0.0, -1e7, 1e7)
        assert field.check(text) == number
        whole = Integer("n", "N", "Help.", 0, -(10**7), 10**7)
        if "e" not in text:
            assert whole.check(text) == number

    def test_signs_and_spaces_around_a_rate_do_no_harm(self):
        assert LEARNING_RATE.check(" 1e-3 ") == LEARNING_RATE.check("1e−3") == 1e-3

    @pytest.mark.parametrize("text", ["1,5", "0,001", "19,00", "1,5e-3", "1,2,3", "1,0000"])
    def test_a_comma_that_parts_no_thousands_is_refused(self, text):
        for field in (Number("n", "N", "Help.", 0, 0, 1e7), Integer("n", "N", "Help.", 0, 0, 999)):
            assert f'got "{text}"' in problem(field, text)

    def test_how_a_fraction_is_written_is_said(self):
        field = Number("n", "N", "Help.", 0, 0, 5)
        assert problem(field, "1,5") == (
            'n must be a number between 0 and 5, got "1,5": write 1.5 with a point.'
        )
        assert problem(Integer("n", "N", "Help.", 0, 0, 5), "1,5").endswith('got "1,5".')

    def test_limits_are_inclusive(self):
        field = Integer("n", "N", "Help.", 3, 2, 5)
        assert [field.check(2), field.check(5)] == [2, 5]
        assert problem(field, 6) == "n must be a whole number between 2 and 5, got 6."

    def test_the_unit_is_named(self):
        field = Integer("n", "N", "Help.", 3, 2, 5_000, unit="tokens")
        assert field.allowed == "a whole number between 2 and 5,000 tokens"


class TestText:
    printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=80)

    @given(text=printable)
    def test_any_line_is_kept_but_for_the_space_around_it(self, text):
        checked = NAME.check(text)
        assert checked == text.strip()
        assert NAME.check(checked) == checked

    @pytest.mark.parametrize(
        "name", ["<b>bold</b><script>alert(1)</script>", "../../etc/passwd", "\"'`", "评论 😀"]
    )
    def test_markup_quotes_slashes_and_scripts_are_just_text(self, name):
        assert NAME.check(name) == name

    @pytest.mark.parametrize(
        "name",
        ["two\nlines", "a\x00b", "\x1b[31mred", "a\x7fb", "a\tb", "\u202egnp.exe", "\u2067x"],
    )
    def test_control_characters_are_refused(self, name):
        assert "without control characters" in problem(NAME, name)

    def test_a_long_name_is_refused_and_not_repeated(self):
        sentence = problem(NAME, "x" * 10_000)
        assert "at most 80 characters" in sentence
        assert "(10,000 characters)" in sentence
        assert len(sentence) < 250


class TestChoices:
    def test_each_choice_is_accepted(self):
        for field in CHOICES:
            assert [field.check(choice) for choice in field.choices] == list(field.choices)

    @pytest.mark.parametrize("value", ["", "nonsense", "LORA", 3, ["lora"]])
    def test_anything_else_is_refused_with_all_choices(self, value):
        for field in CHOICES:
            sentence = problem(field, value)
            assert all(choice in sentence for choice in field.choices), field

    @pytest.mark.parametrize("field", MODULES, ids=by_name)
    @given(data=st.data())
    def test_modules_come_once_and_in_the_models_order(self, field, data):
        chosen = data.draw(st.lists(st.sampled_from(field.choices), min_size=1))
        expected = tuple(choice for choice in field.choices if choice in chosen)
        assert field.check(chosen) == expected
        assert field.check(",".join(chosen)) == expected

    @pytest.mark.parametrize("field", MODULES, ids=by_name)
    @pytest.mark.parametrize(
        ("value", "came"),
        [
            ([], "got nothing."),
            ("", "got nothing."),
            (None, "got nothing."),
            ("attention", "got attention."),
            (["q_lin", "classifier"], "got q_lin, classifier."),
            (7, "got 7."),
        ],
    )
    def test_none_and_unknown_modules_are_refused(self, field, value, came):
        if field.may_be_empty and came == "got nothing." and value is not None:
            assert field.check(value) == ()
            return
        sentence = problem(field, value)
        count = "none or some" if field.may_be_empty else "one or more"
        assert sentence.startswith(f"{field.name} must be {count} of {field.choices[0]}, ")
        assert sentence.endswith(came)


class TestSwitches:
    FIELD = Switch("s", "S", "Help.", False)

    @pytest.mark.parametrize("value", [True, "true", "yes", "True", "on", 1])
    def test_yes_is_written_in_many_ways(self, value):
        assert self.FIELD.check(value) is True

    @pytest.mark.parametrize("value", ["", "perhaps", 3, None, [True]])
    def test_what_is_neither_is_refused(self, value):
        assert problem(self.FIELD, value).startswith("s must be yes or no, got ")


class TestBlocks:
    FIELD = Blocks("b", "B", "Help.", (), 5)

    @pytest.mark.parametrize(
        ("value", "blocks"),
        [
            ("4, 5", (4, 5)),
            ("5 4 5", (4, 5)),
            ("0-2", (0, 1, 2)),
            ("[1, 3]", (1, 3)),
            ([3, 1], (1, 3)),
            ({2}, (2,)),
            (["4"], (4,)),
            (0, (0,)),
            ("", ()),
            ("all", ()),
            ([], ()),
            ("0-5", ()),
        ],
    )
    def test_are_read_as_people_write_them(self, value, blocks):
        assert self.FIELD.check(value) == blocks
        assert self.FIELD.check(self.FIELD.written(blocks)) == blocks

    @pytest.mark.parametrize("value", ["6", "0-6", "last", [-1], [True], 1.5, True, "1-", "99999"])
    def test_others_are_refused(self, value):
        assert problem(self.FIELD, value).startswith("b must be some of the blocks 0 to 5")


class TestPatterns:
    FIELD = Pattern("p", "P", "Help.", "", ("a", "b.c"), 1, 64)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("a: 4", "a: 4"),
            ("b.c=8; a = 2", "a: 2, b.c: 8"),
            ({"b.c": 8, "a": 2.0}, "a: 2, b.c: 8"),
            ("{'a': 3}", "a: 3"),
            ("", ""),
            ({}, ""),
        ],
    )
    def test_are_written_in_one_way(self, value, text):
        assert self.FIELD.check(value) == text
        assert self.FIELD.check(text) == text

    @pytest.mark.parametrize(
        "value", ["a", "a: b", "x: 4", "a: 0", "a: 65", {"a": True}, 5, "a: 1: 2"]
    )
    def test_others_are_refused(self, value):
        assert "1 and 64" in problem(self.FIELD, value)


class TestCheckAll:
    fields = (
        Integer("first", "First", "Help.", 1, 1, 3),
        Integer("second", "Second", "Help.", 2, 1, 3),
    )

    def test_what_is_missing_takes_its_default(self):
        assert check_all(self.fields, {"second": "3"}) == {"first": 1, "second": 3}

    def test_all_problems_come_together(self):
        with pytest.raises(InvalidFieldsError) as caught:
            check_all(self.fields, {"first": 0, "second": 9})
        assert list(caught.value.problems) == ["first", "second"]
        assert str(caught.value) == " ".join(caught.value.problems.values())


class TestShown:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ('say "hi"', '"say \\"hi\\""'),
            ("x" * 61, f'"{"x" * 60}"… (61 characters)'),
            (None, "nothing"),
            ((), "nothing"),
            (["a", "b"], "a, b"),
            (["x" * 61, "b"], f"{'x' * 60}…, b"),
            (list(range(12)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"),
            (list(range(13)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (13 in all)"),
            ({"key": "x" * 90}, f"{{'key': '{'x' * 51}…"),
            (10**70, f"1{'0' * 59}…"),
            (True, "true"),
            (1e9, "1,000,000,000"),
            (2e-5, "2e-5"),
            (math.nan, "nan"),
            (10**9, "1000000000"),
        ],
    )
    def test_values_as_they_stand_in_a_sentence(self, value, text):
        assert shown(value) == text

    def test_a_list_is_told_where_one_value_is_wanted(self):
        assert problem(Integer("n", "N", "Help.", 1, 1, 3), [2]).endswith("got a list with 2.")
        assert problem(Number("n", "N", "Help.", 1, 1, 3), []).endswith("got a list with nothing.")
        modules = Modules("n", "N", "Help.", ("a",), ("a", "b"))
        assert problem(modules, ["c", "d"]).endswith("one or more of a, b, got c, d.")


class TestKinds:
    """What command line, sweeps and form get of each kind without asking for it."""

    @pytest.mark.parametrize(
        ("field", "widget", "swept"),
        [
            (
                Integer("lora_n", "N", "Help.", 3, 2, 5),
                "slider",
                "A whole number between 2 and 5",
            ),
            (
                Integer("n", "N", "Help.", 3, 2, 5, is_typed=True),
                "number",
                "A whole number between 2 and 5",
            ),
            (
                Integer("n", "N", "Help.", None, 2, 5, is_typed=True),
                "text",
                "A whole number between 2 and 5, or empty",
            ),
            (Number("n", "N", "Help.", 3.0, 2, 5), "slider", "A number between 2 and 5"),
            (Choice("n", "N", "Help.", "a", ("a", "b")), "dropdown", "One of a, b"),
            (
                Modules("n", "N", "Help.", ("a",), ("a", "b")),
                "checkboxes",
                "Sets parted by semicolons",
            ),
        ],
    )
    def test_each_says_it_itself(self, field, widget, swept):
        assert (field.widget, field.swept) == (widget, swept)

    def test_a_rate_is_written_as_people_write_it(self):
        assert LEARNING_RATE.widget == "text"
        assert LEARNING_RATE.written(2e-5) == "2e-5"


def test_a_number_is_taken_as_the_language_writes_it():
    rate, texts = LEARNING_RATE, run_field("num_reviews")
    with speaking("de"):
        assert (rate.check("0,001"), rate.check("0.001"), texts.check("2.000")) == (
            1e-3,
            1e-3,
            2000,
        )
        assert texts.check("2,000") == 2000
    assert texts.check("2,000") == 2000
    with pytest.raises(InvalidFieldsError, match="with a point"):
        rate.check("0,001")


def test_a_number_without_a_choice_is_named_alone():
    field = Integer("n", "N", "Help.", 13, 13, 13, unit="texts")
    assert problem(field, "50") == 'n must be 13 texts, got "50".'
