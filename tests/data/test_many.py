"""A file of reviews: which columns are read, which rows are left out, and what is refused."""

import pytest

from peft_demo.data import own
from peft_demo.errors import InvalidFieldsError

KNOWN = ("negative", "positive")


def read(text, name="reviews.csv", **columns):
    return own.read_reviews(own.Source(name, text.encode()), KNOWN, **columns)


def test_rows_keep_their_numbers_and_labels_their_spelling():
    found = read("text,label\nFine<br />film.,POSITIVE\n,positive\nBad,awful\nGreat,\n")
    assert (found.text_column, found.label_column) == ("text", "label")
    assert found.rows == (2, 5)
    assert found.texts == ("Fine film.", "Great")
    assert found.labels == ("positive", None)
    assert [(each.row, each.reason) for each in found.refused] == [
        (3, "no text"),
        (4, "its label awful is none of negative, positive"),
    ]


def test_labels_are_wanted_by_nobody():
    for text, name in (
        ("Fine, funny film.\n\nBad, long film.\n", "reviews.txt"),
        ('text\n"Fine, funny film."\n"Bad, long film."\n', "reviews.csv"),
        ('{"text": "Fine, funny film."}\n{"text": "Bad, long film."}\n', "reviews.jsonl"),
    ):
        found = read(text, name)
        assert found.texts == ("Fine, funny film.", "Bad, long film."), name
        assert (found.labels, found.label_column) == ((None, None), None)
    # A column that is called so, but has nothing that the runs tell apart.
    found = read("review,rating\nFine film.,5\nBad film.,1\n")
    assert (found.texts, found.label_column) == (("Fine film.", "Bad film."), None)


def test_columns_may_be_said():
    found = read("a,b,c\nFine film.,x,negative\n", text_column="a", label_column="c")
    assert (found.texts, found.labels) == (("Fine film.",), ("negative",))


def test_ten_thousand_rows_are_read_and_not_one_more():
    lines = "text\n" + "Fine film.\n" * own.MOST_REVIEWS
    assert len(read(lines).rows) == own.MOST_REVIEWS
    with pytest.raises(InvalidFieldsError, match="1 to 10,000 rows with a text, got 10,001"):
        read(lines + "One more.\n")


@pytest.mark.parametrize(
    ("text", "columns", "field", "words"),
    [
        ("", {}, "file", "got an empty file"),
        ("text,label\n,positive\n", {}, "file", "got 0 (row 2: no text)"),
        ('[{"a": 1}, {"a": 2}]', {}, "file", "a column of texts"),
        ("text\nFine\n", {"text_column": "x"}, "text_column", "must be one of"),
        ("text\nFine\n", {"label_column": "x"}, "label_column", "must be one of"),
        ("text\nFine\n", {"label_column": "text", "text_column": "text"}, "label_column", "both"),
        (
            "text,label\nFine,5\n",
            {"label_column": "label"},
            "label_column",
            "must hold labels of the chosen runs (negative, positive)",
        ),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(text, columns, field, words):
    with pytest.raises(InvalidFieldsError) as caught:
        read(text, **columns)
    (sentence,) = caught.value.problems.values()
    assert list(caught.value.problems) == [field]
    assert words in sentence
