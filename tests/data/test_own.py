"""People's own texts: every kind of file that they have is read, or refused in a sentence."""

import io
import json

import pandas as pd
import pytest
from own_texts import as_csv, as_json_lines, prepared, rows, texts

from peft_demo import data
from peft_demo.data import own
from peft_demo.errors import AssetError, InvalidFieldsError
from peft_demo.runs import RunConfig, draw

PAIRS = rows()

NUMBERED = [(text, {"good": "1", "bad": "0"}[label]) for text, label in PAIRS]

AS_BOOLEANS = [(text, label == "good") for text, label in PAIRS]


def parquet(**columns: list) -> bytes:
    file = io.BytesIO()
    pd.DataFrame(columns).to_parquet(file)
    return file.getvalue()


def pairs(found: own.Prepared) -> set[tuple[str, str]]:
    parts = (found.pools.training, found.pools.test)
    return {
        (text, found.report.labels[label])
        for part in parts
        for text, label in zip(part.texts, part.labels, strict=True)
    }


TEXTS, LABELS = [text for text, _ in PAIRS], [label for _, label in PAIRS]

READ = {
    "CSV": (as_csv(PAIRS), "a.csv", ("bad", "good")),
    "another order of columns": (
        "stars;id;review\n" + "\n".join(f"{n};x{i};{t}" for i, (t, n) in enumerate(NUMBERED)),
        "a.csv",
        ("0", "1"),
    ),
    "no header": (as_csv(PAIRS, header=""), "a.csv", ("bad", "good")),
    "a byte-order mark": (b"\xef\xbb\xbf" + as_csv(PAIRS).encode(), "a.csv", ("bad", "good")),
    "UTF-16": (as_csv(PAIRS).encode("utf-16"), "a.csv", ("bad", "good")),
    "Windows line ends": (as_csv(PAIRS, end="\r\n"), "a.csv", ("bad", "good")),
    "old line ends": (as_csv(PAIRS, end="\r"), "a.csv", ("bad", "good")),
    "mixed line ends": (
        as_csv(PAIRS[:20], end="\r\n") + as_csv(PAIRS[20:30], "") + as_csv(PAIRS[30:], "", "\r"),
        "a.csv",
        ("bad", "good"),
    ),
    "TSV": ("\n".join(f"{t}\t{n}" for t, n in PAIRS), "a.tsv", ("bad", "good")),
    "pasted from a spreadsheet": (
        "text\tlabel\n" + "\n".join(f"{t}\t{n}" for t, n in PAIRS),
        "pasted.txt",
        ("bad", "good"),
    ),
    "JSON Lines": (as_json_lines(PAIRS), "a.jsonl", ("bad", "good")),
    "one JSON list": (
        json.dumps([{"content": t, "class": n} for t, n in PAIRS]),
        "a.json",
        ("bad", "good"),
    ),
    "Parquet": (parquet(text=TEXTS, label=LABELS), "a.parquet", ("bad", "good")),
    "Parquet under another name": (parquet(text=TEXTS, label=LABELS), "a", ("bad", "good")),
    "lines with labels": ("\n".join(f"{n}: {t}" for t, n in PAIRS), "a.txt", ("bad", "good")),
    "fastText": ("\n".join(f"__label__{n} {t}" for t, n in PAIRS), "a.txt", ("bad", "good")),
    "labels from 1": (
        as_csv([(t, {"good": "2", "bad": "1"}[n]) for t, n in PAIRS]),
        "a.csv",
        ("1", "2"),
    ),
    "numbers with a point": (as_csv([(t, f"{n}.0") for t, n in NUMBERED]), "a.csv", ("0", "1")),
    "True and False": (as_csv([(t, str(n)) for t, n in AS_BOOLEANS]), "a.csv", ("False", "True")),
    "true and false of JSON": (as_json_lines(AS_BOOLEANS), "a.jsonl", ("False", "True")),
    "other capitals": (
        as_csv([(t, n.upper() if i == 3 else n) for i, (t, n) in enumerate(PAIRS)]),
        "a.csv",
        ("bad", "good"),
    ),
}


@pytest.mark.parametrize("case", READ)
def test_every_kind_of_file_is_read(case):
    content, name, labels = READ[case]
    found = prepared(content, name)
    assert found.report.labels == labels
    assert found.report.rows == 40
    assert found.report.refused_rows == ()
    spelled = dict(zip(("bad", "good"), labels, strict=True))
    assert pairs(found) == {(text, spelled[label]) for text, label in PAIRS}


def test_letters_of_an_encoding_that_is_not_said_are_guessed_and_that_is_told():
    german = [(f"{text} – größer, schöner, früher", label) for text, label in PAIRS]
    found = prepared(as_csv(german).encode("cp1252"))
    assert pairs(found) == set(german)
    assert "encoding" in found.report.notes[0]


def test_names_of_numbers_in_parquet_are_kept():
    import datasets

    features = datasets.Features(
        text=datasets.Value("string"), label=datasets.ClassLabel(names=["pos", "neg"])
    )
    numbers = [int(label == "bad") for label in LABELS]
    table = datasets.Dataset.from_dict({"text": TEXTS, "label": numbers}, features=features)
    file = io.BytesIO()
    table.to_parquet(file)
    found = prepared(file.getvalue(), "a.parquet")
    assert pairs(found) == {(t, "pos" if n == "good" else "neg") for t, n in PAIRS}


LONG = "x" * 100_001

ROWS = {
    "no text": (",good", "no text"),
    "no label": ('"a text",', "no label"),
    "an empty row": ("", "empty"),
    "too few columns": ("lonely", "only 1 of 2 columns"),
    "a comma without quotes": ("a text, with a comma,good", "3 columns and not 2"),
    "a quote that stays open": ('"open,good', "a quote that is opened and not closed"),
    "a quote within": ('"so "good" it is",good', "a quote that is opened and not closed"),
    "the same text": (f'"{TEXTS[3]}",{LABELS[3]}', "the same text as row 5"),
    "the same text with another label": (f'"{TEXTS[2]}",bad', "as row 4, which has the label good"),
    "too long": (f"{LONG},good", "a text of 100,001 characters, at most 100,000"),
    "nothing to read": ('"\u200b\u200b",good', "no text"),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_bad_row_is_named_by_number_and_reason_and_the_others_stay(case):
    row, reason = ROWS[case]
    lines = as_csv(PAIRS).splitlines()
    found = prepared("\n".join([*lines[:11], row, *lines[11:]])).report
    assert [one.row for one in found.refused_rows] == [12]
    assert reason in found.refused_rows[0].reason
    assert found.rows == 40


def test_quotes_and_line_breaks_within_a_text_are_part_of_it():
    odd = [('she said ""no"",\nand left', "good"), *PAIRS]
    found = prepared(as_csv(odd, end="\r\n"))
    assert ('she said "no", and left', "good") in pairs(found)
    assert [example.row for example in found.report.examples[:2]] == [2, 3]
    assert found.report.refused_rows == ()


def test_a_line_separator_within_a_text_ends_no_line_of_json():
    lines = [
        json.dumps({"text": f"{text}\u2028and on", "label": label}, ensure_ascii=False)
        for text, label in PAIRS
    ]
    found = prepared("\r\n".join(lines), "a.jsonl")
    assert found.report.refused_rows == ()
    assert pairs(found) == {(f"{text} and on", label) for text, label in PAIRS}


def test_tsv_with_lone_quotes_is_read_as_it_is():
    lines = ['"a lone quote\tgood', *(f"{text}\t{label}" for text, label in PAIRS)]
    found = prepared("\n".join(lines), "a.tsv")
    assert ('"a lone quote', "good") in pairs(found)
    assert found.report.rows == 41


REFUSED = {
    "nothing": ("", {}, "file", "empty file"),
    "one label": (
        as_csv(rows(["same"])),
        {},
        "label_column",
        "2 to 20 different labels, got 1",
    ),
    "21 labels": (
        as_csv(rows([f"l{n}" for n in range(21)])),
        {},
        "label_column",
        "2 to 20 different labels, got 21",
    ),
    "few texts": (as_csv(rows(each=9)), {}, "file", "at least 20 different texts"),
    "a rare label": (
        as_csv([*rows(["a", "b"]), *rows(["c"], 3)]),
        {},
        "file",
        "at least 5 texts of each label, got 3 of c",
    ),
    "no label": (as_csv([(t, i) for i, t in enumerate(TEXTS)], "a,page"), {}, "file", "labels"),
    "no columns": ("only a line\nand another\n" * 12, {}, "file", '"label: text"'),
    "a column that is not there": (
        as_csv(PAIRS),
        {"text_column": "review"},
        "text_column",
        'one of text, label, got "review"',
    ),
    "one column for both": (
        as_csv(PAIRS),
        {"text_column": "text", "label_column": "text"},
        "label_column",
        "another column",
    ),
    "an Excel file": (b"PK\x03\x04" + bytes(100), {}, "file", "an Excel file or a zip"),
    "zero bytes": (as_csv(PAIRS).encode() + b"\0", {}, "file", "zero bytes"),
    "damaged Parquet": (b"PAR1 and no more PAR1", {}, "file", "a whole Parquet file"),
    "a name for no label": (as_csv(PAIRS), {"label_names": {"x": "y"}}, "label_names", "got"),
    "the same name twice": (
        as_csv(PAIRS),
        {"label_names": {"good": "Bad"}},
        "label_names",
        "all be different",
    ),
    "a long name": (as_csv(PAIRS), {"name": "n" * 81}, "name", "1 to 80 characters"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_data_set_is_refused_at_its_field(case):
    content, said, field, words = REFUSED[case]
    with pytest.raises(InvalidFieldsError) as caught:
        prepared(content, "a.txt" if case == "no columns" else "a.csv", **said)
    assert list(caught.value.problems) == [field]
    assert words in str(caught.value)


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_MOST_DATA_MB", "1")
    with pytest.raises(InvalidFieldsError, match=r"file must have at most 1 MB, got 1\.1 MB"):
        prepared(b"x" * 1_100_000)


class TestSplit:
    def test_two_of_five_are_set_aside_as_many_of_each_label(self):
        found = prepared(as_csv(PAIRS)).report
        assert found.balance == {"bad": (12, 8), "good": (12, 8)}
        assert (found.most_texts, found.test_texts, found.has_own_test) == (24, 16, False)

    def test_a_rare_label_keeps_what_a_run_needs(self):
        found = prepared(as_csv([*rows(["often"], 80), *rows(["rare"], 7)])).report
        assert found.balance == {"often": (78, 2), "rare": (5, 2)}
        assert found.most_texts == 10

    def test_a_given_test_file_is_tested_on_and_not_trained_on(self):
        more = [("Something else that is new", "GOOD"), ("unknown to all", "odd"), PAIRS[0]]
        test = own.Source("t.jsonl", as_json_lines(more).encode())
        found = prepared(as_csv(PAIRS), test=test)
        assert {*found.pools.test.texts} == {"Something else that is new", TEXTS[0]}
        assert TEXTS[0] not in found.pools.training.texts
        told = {(one.file, one.row): one.reason for one in found.report.refused_rows}
        assert "odd is not among those to train on" in told["test", 2]
        assert "the same text as row 3 of the test file" in told["training", 2]
        assert found.report.has_own_test

    def test_all_can_be_for_testing(self):
        found = prepared(as_csv(PAIRS), only_test=True)
        assert (len(found.pools.test), len(found.pools.training)) == (40, 0)
        assert found.report.most_texts == 0

    def test_near_duplicates_of_training_texts_among_test_texts_are_told(self):
        said = "the film was long and slow and I would not see it again with anybody I like"
        test = own.Source(
            "t.csv", as_csv([(said + "!!", "good"), ("quite another", "bad")]).encode()
        )
        found = prepared(as_csv([*PAIRS, (f"{said} today", "good")]), test=test).report
        assert found.num_near_duplicates == 1
        assert found.near_duplicates[0].test == said + "!!"
        assert found.near_duplicates[0].similarity > 0.9


def test_the_id_is_what_the_texts_are_and_not_how_they_came():
    one = prepared(as_csv(PAIRS), "one.csv")
    again = prepared(as_json_lines(PAIRS[::-1]), "two.jsonl", name="Another name")
    other = prepared(as_csv(PAIRS[:-1]))
    renamed = prepared(as_csv(PAIRS), label_names={"good": "fine"})
    assert one.id == again.id
    assert len({one.id, other.id, renamed.id}) == 3
    assert renamed.report.labels == ("bad", "fine")


def test_lengths_say_what_would_be_cut():
    found = prepared(
        as_csv(PAIRS),
        count=lambda texts: [20] * (len(texts) - 1) + [40],
        tokenizer="t",
        cuts=(8, 16, 32, 64, 128),
    ).report.lengths
    assert (found.median, found.most_of_ten, found.longest) == (20, 20, 40)
    # At values that the field may have, and at the texts' own lengths; none beyond the longest.
    assert found.cut == {8: 1.0, 16: 1.0, 20: 1 / 40, 32: 1 / 40, 40: 0.0}


def test_lengths_beyond_what_a_run_can_read_are_all_cut():
    found = prepared(
        as_csv(PAIRS), count=lambda texts: [700] * len(texts), tokenizer="t", cuts=(8, 512)
    ).report.lengths
    assert found.cut == {8: 1.0, 512: 1.0}


class TestKept:
    @pytest.mark.parametrize("is_tested", [False, True])
    def test_it_is_a_data_set_like_any_other(self, home, is_tested):
        test = own.Source("t.csv", as_csv([*rows(each=4), ("only one", "bad")]).encode())
        pairs_learned = [(f"learned {text}", label) for text, label in PAIRS]
        found = prepared(as_csv(pairs_learned), test=test if is_tested else None)
        own.keep(found)
        row = data.DATASETS[found.id]
        assert (row.name, row.labels) == ("mine", ("bad", "good"))
        assert data.load(found.id) == found.pools
        config = RunConfig(dataset=found.id)
        assert config.num_reviews == found.report.most_texts
        assert config.num_test_reviews == len(found.pools.test)
        drawn = draw(data.load(found.id), config)
        assert len(drawn.train) + len(drawn.validation) == config.num_reviews
        assert own.report_of(found.id) == found.report
        assert found.id not in list(data.DATASETS)

    def test_without_its_texts_it_can_be_read_but_not_begun(self, home):
        found = prepared(as_csv(PAIRS))
        own.keep(found)
        config = RunConfig(dataset=found.id)
        own.let_go(found.id)
        data.forget(found.id)
        assert RunConfig(config.flat()).labels == ("bad", "good")
        with pytest.raises(InvalidFieldsError, match=f"those of mine .{found.id}. were deleted"):
            config.require_startable()
        with pytest.raises(AssetError, match="were deleted: add them again"):
            data.load(found.id)
        with pytest.raises(AssetError, match="any more"):
            own.report_of(found.id)
        own.keep(found)
        config.require_startable()

    @pytest.mark.parametrize("made_up", ["own-0123456789ab", "own-../../etc", "own-", 7, None])
    def test_ids_that_are_none_are_no_data_sets(self, home, made_up):
        assert own.dataset_of(made_up) is None
        with pytest.raises(InvalidFieldsError, match="dataset must be one of imdb"):
            RunConfig(dataset=made_up)

    def test_what_is_for_testing_alone_is_not_learned(self, home):
        found = prepared(as_csv(PAIRS), only_test=True)
        own.keep(found)
        assert len(data.load(found.id).test) == 40
        with pytest.raises(InvalidFieldsError, match="dataset must be one of imdb"):
            RunConfig(dataset=found.id)


def test_texts_helper_makes_different_texts():
    assert len({*texts(30, "x")}) == 30
