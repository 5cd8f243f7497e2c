"""A person's own file of edited pairs: what is read, and what is refused by row and field."""

import json

import pytest

from peft_demo.capabilities import read_pairs
from peft_demo.data.own import Source
from peft_demo.errors import InvalidFieldsError

HEAD = "original,edited,label,edited_label\n"


def read(text, name="pairs.csv"):
    return read_pairs(Source(name, text.encode()))


def test_columns_may_stand_in_any_order_and_labels_be_numbers():
    pairs = read("label,note,edited,edited_label,original\nPositive,x,A bad one,0,A good one\n")
    assert (pairs.name, len(pairs)) == ("pairs.csv", 1)
    assert pairs.texts == ("A good one", "A bad one")
    assert (pairs.labels, pairs.edited_labels) == ((1,), (0,))


def test_json_lines_are_read_and_texts_cleaned():
    row = {"original": "A<br />good one", "edited": "bad", "label": 1, "edited_label": "negative"}
    assert read(json.dumps(row) + "\n" + json.dumps({**row, "original": "x"}), "p.jsonl").texts[
        :2
    ] == (
        "A good one",
        "bad",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "file must hold texts"),
        ("original\ngood\nbad\n", "file must have"),
        ("original,label\ngood,positive\nbad,negative\n", "without edited, edited_label."),
        (HEAD, "file must have 1 to 1,000 pairs, got 0."),
        (
            HEAD + "good,good,positive,negative\n",
            'row 2: edited must differ from original, got "good"',
        ),
        (HEAD + "good,bad,positive,positive\n", "row 2: edited_label must differ from label"),
        (
            HEAD + "good,bad,great,negative\n",
            'row 2: label must be negative or positive, got "great".',
        ),
        (
            HEAD + "good,bad,positive,meh\n",
            'row 2: edited_label must be negative or positive, got "meh"',
        ),
        (HEAD + "good, ,positive,negative\n", "row 2: edited must be a text of 1 to 20,000"),
        (HEAD + "good,bad,positive\n", "file row 2 must have all columns, got only 3 of 4"),
        (
            HEAD + "good,bad,1,0\nnice,poor,1,0\ngood,dull,1,0\n",
            "row 4: original must not come twice, got that of row 2.",
        ),
    ],
)
def test_what_is_no_pair_is_refused_by_row_and_field(text, told):
    with pytest.raises(InvalidFieldsError) as refused:
        read(text)
    assert told in refused.value.problems["file"]


def test_there_are_not_too_many():
    rows = "".join(f"good {n},bad {n},1,0\n" for n in range(1_001))
    with pytest.raises(InvalidFieldsError, match="1 to 1,000 pairs, got 1,001"):
        read(HEAD + rows)
