"""Data sets of the Hub by their ids: the real clients ask a server on this machine."""

import time

import pytest
from hub_sets import NAMES, as_parquet, large, news, topics

from peft_demo import hub as the_hub
from peft_demo.data import own
from peft_demo.data.dataset import DataSet
from peft_demo.errors import InvalidFieldsError

pytestmark = pytest.mark.slow

NEWS = "somebody/news"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


def read(repository: str = NEWS, **more) -> own.Prepared:
    return own.prepare(*own.read_from_hub(own.Asked(repository, **more)))


def refusal(*args, **more) -> dict[str, str]:
    with pytest.raises(InvalidFieldsError) as refused:
        read(*args, **more)
    return refused.value.problems


def test_a_set_is_read_by_its_id_at_its_commit(hub, home):
    commit = hub.dataset(NEWS, news())
    found = read()
    report = found.report
    assert (report.name, report.labels, report.kind) == ("news", NAMES, "Parquet")
    assert (report.text_column, report.label_column) == ("body", "topic")
    assert report.columns == ("id", "body", "topic")
    assert report.rows == 36
    assert [(row.row, row.reason) for row in report.refused_rows] == [
        (37, "the same text as row 1, which has the label World"),
        (38, "no label"),
        (39, "no text"),
    ]
    origin = report.origin
    assert origin is not None
    assert (origin.repository, origin.config, origin.commit) == (NEWS, "default", commit)
    assert (origin.training.split, origin.test, origin.licence) == ("train", None, "mit")
    own.keep(found)
    row = own.dataset_of(found.id)
    assert isinstance(row, DataSet)
    assert (row.label, row.licence) == ("news (Hugging Face Hub)", "mit")
    assert commit in row.source
    assert row.origin == origin


def test_another_split_is_to_test_on_and_keeps_its_texts_from_training(hub):
    hub.dataset(NEWS, news())
    found = read(f"https://huggingface.co/datasets/{NEWS}", test_split="test")
    assert found.report.has_own_test
    assert found.report.test_texts == 13
    assert found.report.balance == {"World": (11, 5), "Sports": (12, 4), "Business": (12, 4)}
    assert "the same text as row 13 of the test file" in str(found.report.refused_rows)


def test_what_stays_in_the_cache_is_not_downloaded_again_and_comes_with_its_progress(hub):
    files = news()
    hub.dataset(NEWS, files)
    told = []
    with the_hub.watched_by(lambda *one: told.append(one)):
        read(is_trusted=True)
    size = len(files["data/train-00000-of-00001.parquet"])
    assert told[-1] == (size, size)
    assert [path.rpartition("/")[2] for path in hub.downloads()] == [
        "README.md",
        "train-00000-of-00001.parquet",
    ]
    hub.asked.clear()
    read(is_trusted=True)
    assert hub.downloads() == []


def test_what_strangers_name_does_not_stay_on_the_disk(hub, home, tmp_path):
    hub.dataset(NEWS, news())
    assert read().report.rows == 36
    assert not [*(tmp_path / "hub-cache").rglob("*.parquet")]
    assert not [*home.iterdir()]


def test_a_revision_is_pinned(hub):
    old = hub.dataset(NEWS, news())
    new = hub.dataset(NEWS, {"data/train-00000-of-00001.parquet": as_parquet(topics("new", 20))})
    for revision, commit, rows in (("", new, 60), (old, old, 36), ("main", new, 60)):
        found = read(revision=revision).report
        assert found.origin is not None
        assert (found.origin.commit, found.rows) == (commit, rows)


def test_of_a_large_one_some_rows_are_read_from_all_over_it(hub, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_MOST_DATA_MB", "1")
    hub.dataset(NEWS, large())
    found = read().report
    assert set(found.balance) == set(NAMES)
    assert len({sum(each) for each in found.balance.values()}) == 1
    assert 600 < found.rows < 3_000
    assert f"more than 1: {found.rows:,} rows were read, from all over it" in found.notes[0]


def test_files_are_read_as_the_card_says(hub):
    rows = [f"{text};{NAMES[label]}" for text, label in topics("csv")]
    card = """---
configs:
- config_name: plain
  data_files: [{split: all, path: rows.csv}]
  sep: ";"
- config_name: other
  data_files: [{split: train, path: numbers.csv}]
---
"""
    numbers = [f"{text},{label}" for text, label in topics("numbers")]
    files = {
        "README.md": card,
        "rows.csv": "\n".join(["text;label", *rows]),
        "numbers.csv": "\n".join(["q,intent", *numbers]),
    }
    hub.dataset(NEWS, {name: text.encode() for name, text in files.items()})
    found = read(config="plain").report
    assert (found.kind, found.labels) == ("CSV", ("Business", "Sports", "World"))
    assert found.origin is not None
    assert found.origin.training.split == "all"
    assert read(config="other").report.labels == ("0", "1", "2")
    assert refusal() == {"config": "config must be one of plain, other, got none."}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"config": "en"}, {"config": 'config must be one of default, got "en".'}),
        ({"split": "dev"}, {"split": 'split must be one of train, test, got "dev".'}),
        (
            {"test_split": "train"},
            {"test_split": 'test_split must be another than split, got "train" for both.'},
        ),
        (
            {"revision": "gone"},
            {"revision": 'revision must be a commit, tag or branch of somebody/news, got "gone".'},
        ),
        ({"revision": "a b"}, {"revision": 'revision must be a commit, tag or branch, got "a b".'}),
    ],
)
def test_what_is_not_there_is_said_at_its_field(hub, said, problem):
    hub.dataset(NEWS, news())
    assert refusal(**said) == problem


@pytest.mark.parametrize("name", ["", "a b", "../x", "https://example.org/datasets/x", "a/b/c"])
def test_what_can_be_no_id_asks_nobody(hub, name):
    assert "must be the id of a data set on the Hub" in refusal(name)["hub"]
    assert hub.asked == []


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("missing", "the Hub has none of that name, or it is private"),
        ("private", "the Hub has none of that name, or it is private"),
        ("gated", "it is gated: ask for access on its page"),
        ("gone", "the Hugging Face Hub cannot be reached"),
    ],
)
def test_one_that_cannot_be_had_is_a_sentence_at_once(hub, why, words):
    if why == "gone":
        hub.go()
    elif why != "missing":
        hub.dataset(NEWS, news(), **{f"is_{why}": True})
    started = time.monotonic()
    assert words in refusal()["hub"]
    assert time.monotonic() - started < 10


def test_one_that_answers_nothing_is_given_up(hub, monkeypatch):
    monkeypatch.setattr("peft_demo.hub.PROBE_SECONDS", 0.2)
    hub.dataset(NEWS, news())
    hub.seconds_silent = 1
    started = time.monotonic()
    assert "cannot be reached" in refusal()["hub"]
    assert time.monotonic() - started < 2


def test_a_slow_and_a_cut_connection_are_borne(hub):
    files = news(60)
    hub.dataset(NEWS, files)
    hub.seconds_a_chunk = 0.002
    hub.breaks_after = len(files["data/train-00000-of-00001.parquet"]) // 2
    assert read().report.rows == 180
    assert hub.breaks_after is None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"news.py": b"raise SystemExit"}, "loaded by a script, which is never run here"),
        ({"README.md": b"Nothing."}, "it has no files of data"),
        ({"train.pkl": b"\x80\x04N."}, "it has no files of data"),
        ({"a.h5": b"\x89HDF\r\n\x1a\n"}, "whose files are read as hdf5"),
        ({"data/train.parquet": b"PAR1 and no more"}, "cannot be read: "),
        (
            {"README.md": b"---\nconfigs:\n- {config_name: a, data_files: /etc/passwd}\n---\n"},
            'whose card names "/etc/passwd"',
        ),
        (
            {
                "README.md": b"---\nconfigs:\n- config_name: a\n  data_files:\n"
                b"  - {split: train, path: 'http://127.0.0.1:9/x.csv'}\n---\n"
            },
            'whose card names "http://127.0.0.1:9/x.csv"',
        ),
    ],
)
def test_nothing_but_its_own_plain_files_is_read(hub, files, words):
    hub.dataset(NEWS, files)
    assert words in refusal()["hub"]


def test_a_token_of_this_machine_is_used_only_where_that_was_said(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    hub.dataset(NEWS, news(), is_private=True)
    assert "or it is private" in refusal()["hub"]
    assert read(is_trusted=True).report.rows == 36
