"""Many reviews through several adapters: their answers, in sum, as CSV, on the page and typed."""

import csv
import json

import numpy as np
import pytest
from markupsafe import Markup

from peft_demo import inference, statistics
from peft_demo.data import own
from peft_demo.export.many import reviews_csv
from peft_demo.inference import ManyAnswers
from peft_demo.ui.pages.many_part import ManyPart, shown

IDS = ["reference-recommended-lora", "reference-ia3"]
FILE = 'text,label\nA wonderful film.,positive\n"=1+1, awful.",negative\nNice,splendid\nGreat.,\n'


@pytest.fixture
def many(services):
    source = own.Source("reviews.csv", FILE.encode())
    return ManyAnswers.of(services.predictor, source, IDS)


def answered(many, shares):
    """The same with these probabilities of "positive" from each run."""
    for run, positive in zip(many.runs, shares, strict=True):
        many.shares[run.run_id] = np.array([[1 - share, share] for share in positive])
    return many


@pytest.fixture
def done(many):
    return answered(many, [(0.9, 0.2, 0.7), (0.4, 0.45, 0.51)])


def test_in_sum_those_with_a_label_are_right_or_wrong(done):
    first, second = done.summaries()
    right = statistics.wilson_interval(2, 2)
    assert (first.accuracy, first.low, first.high) == (right.value, right.low, right.high)
    assert (first.num_texts, first.num_labelled) == (3, 2)
    assert first.said == {"negative": 1, "positive": 2}
    assert (second.accuracy, second.said) == (0.5, {"negative": 2, "positive": 1})


def test_the_csv_file_has_every_row_and_nothing_that_a_spreadsheet_executes(done):
    header, *rows = csv.reader(reviews_csv(done.reviews, done.runs, done.shares).splitlines())
    name = f"{done.runs[0].config.name} ({IDS[0]})"
    assert header[:6] == [
        *("row", "text", "label", name),
        *(f"{name}: {label} (share)" for label in ("negative", "positive")),
    ]
    assert [row[:6] for row in rows] == [
        ["2", "A wonderful film.", "positive", "positive", "0.1", "0.9"],
        ["3", "'=1+1, awful.", "negative", "negative", "0.8", "0.2"],
        ["5", "Great.", "", "positive", "0.3", "0.7"],
    ]


def test_the_page_tells_accuracies_rows_and_what_was_left_out(done):
    text = Markup(shown(done).replace("<", " <")).striptags()
    told = " ".join(text.replace("\u00a0", " ").split())
    assert "1 negative, 2 positive 100.0 % (95 % interval" in told
    assert "Rows left out: 1 row 4: its label splendid is none of negative, positive" in told
    assert "3 =1+1, awful. negative negative 80.0 % negative 55.0 %" in told


@pytest.mark.parametrize(("file", "ids"), [(None, IDS), ("reviews.csv", []), ("x", None)])
def test_nobody_is_asked_before_there_is_a_file_and_a_choice(services, file, ids):
    [(html, update)] = ManyPart(services).ask(file, ids, "", "")
    assert "Choose a file and adapters first." in html
    assert update["interactive"] is False


@pytest.mark.slow
def test_who_stops_it_ends_it_between_two_steps_and_nothing_is_to_download(
    services, tmp_path, monkeypatch
):
    path = tmp_path / "reviews.csv"
    path.write_text("text\nGood.\nBad.\nFine.\n")
    asked = []

    def shares(run_id, texts, *_):
        asked.append(len(texts))
        return np.full((len(texts), 2), 0.5)

    monkeypatch.setattr(inference.many, "AT_ONCE", 1)
    monkeypatch.setattr(services.predictor, "shares", shares)
    going = ManyPart(services).ask(str(path), IDS[:1], "", "")
    while not asked:
        html, update = next(going)
        assert update["interactive"] is False
    going.close()
    assert (asked, "Rows left out" in html) == ([1], False)


def test_labels_of_0_and_1_are_those_of_the_runs(services):
    def labels(text):
        source = own.Source("reviews.csv", f"text,label\n{text}".encode())
        return list(ManyAnswers.of(services.predictor, source, IDS).reviews.labels)

    assert labels("Good.,1\nBad.,0\n") == ["positive", "negative"]
    assert labels("Good.,1.0\nBad.,\n") == ["positive", None]
    assert labels("Good.,4\nBad.,1\n") == [None, None]  # stars, perhaps


def test_what_cannot_be_read_is_a_sentence(services, tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("")
    [(html, update)] = ManyPart(services).ask(str(path), IDS, "", "")
    assert "got an empty file" in html
    assert update["value"] is None


@pytest.mark.slow
def test_answers_are_those_of_one_by_one_and_it_says_how_far_it_is(
    services, many, tmp_path, monkeypatch
):
    monkeypatch.setattr(inference.many, "AT_ONCE", 2)
    assert list(many.compute(services.predictor)) == pytest.approx([2 / 6, 3 / 6, 5 / 6, 1])
    for run in many.runs:
        alone = services.predictor.predict_many(many.reviews.texts, [run.run_id])[run.run_id]
        assert many.shares[run.run_id] == pytest.approx(alone, abs=1e-3)
    path = tmp_path / "reviews.csv"
    path.write_text(FILE)
    *going, (html, update) = ManyPart(services).ask(str(path), [*IDS, "before_training"], "", "")
    assert all("<progress" in told for told, _ in going)
    assert "Rows left out: 1" in html
    with open(update["value"], encoding="utf-8-sig") as file:
        assert file.read().startswith('"row","text","label"')


@pytest.mark.slow
def test_the_command_writes_the_file_and_tells_each_run(command, home, tmp_path):
    path, out = tmp_path / "reviews.csv", tmp_path / "out.csv"
    path.write_text(FILE)
    asked = ("predict-file", str(path), "--run", IDS[0])
    done = command(*asked, "--out", str(out), "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert (told["run_id"], told["num_labelled"]) == (IDS[0], 2)
    assert told["refused_rows"] == ["row 4: its label splendid is none of negative, positive"]
    assert out.read_text("utf-8-sig").count("\n") == 4
    refused = command(*asked, "--label-column", "text")
    assert refused.status == 2
    assert "label_column must" in refused.err
