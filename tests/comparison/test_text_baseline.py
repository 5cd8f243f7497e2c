"""Baselines that cost seconds: the same reviews as the run's, cut alike, measured once."""

import threading

import numpy as np
import pytest
from small_runs import small_config

from peft_demo import data
from peft_demo.comparison import text_baseline
from peft_demo.comparison.text_baseline import MAJORITY, TFIDF, cut, measure
from peft_demo.data import IMDB, LabelledTexts, Pools, loading
from peft_demo.errors import InvalidFieldsError
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs import RunConfig, draw
from peft_demo.runs.presets import REFERENCES, preset


@pytest.fixture(autouse=True)
def computed(monkeypatch):
    """Nothing is known yet; the list gets each configuration that is really computed."""
    configs: list[RunConfig] = []
    compute = text_baseline._compute

    def counted(config, drawn):
        configs.append(config)
        return compute(config, drawn)

    monkeypatch.setattr(text_baseline, "_measured", {})
    monkeypatch.setattr(text_baseline, "_compute", counted)
    return configs


def forget() -> None:
    text_baseline._measured.clear()


def invented(word: str, place: int) -> LabelledTexts:
    """100 reviews in which only the word at that place tells the label."""
    texts, labels = [], []
    for number in range(100):
        label = number % 2
        words = ["film"] * 20
        words[place] = word if label else "plot"
        texts.append(f"{' '.join(words)} {number}")
        labels.append(label)
    return LabelledTexts(tuple(texts), tuple(labels))


def invent(monkeypatch, word: str = "great", place: int = 5) -> None:
    pools = Pools(test=invented(word, place), training=invented(word, place))
    monkeypatch.setitem(loading._pools, IMDB, pools)


@pytest.mark.slow
class TestCut:
    @pytest.mark.parametrize("max_length", [8, 50, 512])
    def test_a_run_reads_the_same_of_the_whole_and_of_the_cut_text(self, base, max_length):
        texts = data.load(IMDB).test.texts[:100]
        whole = base.encode(texts, max_length)["input_ids"]
        parts = cut(texts, base, max_length)
        assert base.encode(parts)["input_ids"] == whole
        assert all(text.startswith(part) for text, part in zip(texts, parts, strict=True))

    def test_by_hand(self, base):
        # Two of the eight are the tokens that begin and end each text.
        text = "This film is far too long, and dull."
        assert cut([text, "Short."], base, 8) == ["This film is far too long", "Short."]


class TestMeasure:
    def test_on_the_runs_own_test_reviews(self):
        config = small_config(num_test_reviews=200)
        drawn = draw(data.load(IMDB), config)
        found = measure(config)
        assert list(found) == [MAJORITY, TFIDF]
        for predictions in found.values():
            assert predictions.labels.tolist() == list(drawn.test.labels)
            assert predictions.probabilities.shape == (200, 2)
            assert predictions.probabilities.sum(axis=1) == pytest.approx(1)

    def test_the_majority_class_tells_its_share_of_the_training_reviews(self):
        config = small_config(num_reviews=11)  # 9 to train on
        labels = draw(data.load(IMDB), config).train.labels
        majority = measure(config)[MAJORITY]
        assert majority.probabilities[0, 1] == pytest.approx(sum(labels) / 9)
        assert majority.accuracy.value == 0.5

    @pytest.mark.slow
    def test_on_the_assignments_reviews_it_learns_about_as_little_as_they_do(
        self, monkeypatch, tmp_path, computed
    ):
        config = RunConfig(num_reviews=160, max_length=50, seed=42)
        packaged = measure(config)[TFIDF]
        forget()
        monkeypatch.setattr(text_baseline, "PACKAGED", tmp_path)
        tfidf = measure(config)[TFIDF]
        assert computed == [config]
        assert 0.58 < tfidf.accuracy.value < 0.65
        np.testing.assert_allclose(packaged.probabilities, tfidf.probabilities, atol=1e-3)

    def test_the_reference_runs_theirs_come_with_the_program(self, computed):
        for name in REFERENCES:
            config = preset(name).config(base_model=BUILTIN_BASE, dataset=IMDB)
            assert len(measure(config)[TFIDF].labels) == config.num_test_reviews
        assert computed == []
        assert len([*text_baseline.PACKAGED.iterdir()]) == 2 * len(text_baseline._measured)

    @pytest.mark.parametrize(("place", "accuracy"), [(5, 1.0), (6, 0.5)])
    def test_reads_as_far_as_the_run(self, monkeypatch, place, accuracy):
        invent(monkeypatch, place=place)
        # Six words, and the tokens that begin and end each text.
        config = small_config(max_length=8, num_test_reviews=100)
        assert measure(config)[TFIDF].accuracy.value == accuracy

    def test_learns_from_the_runs_training_reviews_alone(self, monkeypatch):
        config = small_config()
        pools = data.load(IMDB)
        train = set(draw(pools, config).train.texts)
        # Drawing goes by labels and places: the same places are drawn from other texts.
        others = [text if text in train else "Nothing." for text in pools.training.texts]
        before = measure(config)[TFIDF].probabilities
        forget()
        changed = Pools(pools.test, LabelledTexts(tuple(others), pools.training.labels))
        monkeypatch.setitem(loading._pools, IMDB, changed)
        assert np.array_equal(measure(config)[TFIDF].probabilities, before)

    def test_too_many_reviews_are_refused_as_a_run_would(self, monkeypatch):
        invent(monkeypatch)
        with pytest.raises(InvalidFieldsError, match="at most 100 for this data set, got 140"):
            measure(small_config(num_reviews=140))

    def test_leaves_the_shared_random_generators_alone(self):
        before = np.random.get_state()[1].tolist()
        measure(small_config())
        assert np.random.get_state()[1].tolist() == before


@pytest.mark.slow
class TestOnce:
    def test_what_decides_nothing_is_not_computed_again(self, computed):
        first = measure(small_config())
        assert measure(small_config("ia3", learning_rate=0.01, num_train_epochs=1)) is first
        assert measure(small_config(seed=8, sample_seed=7)) is first
        assert len(computed) == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"seed": 8},
            {"sample_seed": 8},
            {"num_reviews": 50},
            {"max_length": 20},
            {"num_test_reviews": 60},
            {"dataset": "rotten_tomatoes"},
        ],
    )
    def test_what_decides_is(self, computed, change):
        first = measure(small_config())
        again = measure(small_config(**change))
        assert len(computed) == 2
        assert not np.array_equal(first[TFIDF].probabilities, again[TFIDF].probabilities)

    def test_several_threads_at_once(self, computed):
        found = []
        barrier = threading.Barrier(4)

        def ask() -> None:
            barrier.wait()
            found.append(measure(small_config()))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(computed) == 1
        assert all(one is found[0] for one in found)
        assert len(found) == 4


@pytest.mark.slow
class TestFolder:
    def test_keeps_them_for_the_next_start(self, tmp_path, computed):
        folder = tmp_path / "new" / "folder"
        first = measure(small_config(), folder)
        forget()
        again = measure(small_config(), folder)
        assert len(computed) == 1
        assert list(first) == list(again)
        for one, other in zip(first.values(), again.values(), strict=True):
            assert np.array_equal(one.probabilities, other.probabilities)
            assert np.array_equal(one.labels, other.labels)
        assert [path.suffix for path in folder.iterdir()] == [".npz"] * 2

    @pytest.mark.parametrize("damage", [b"", b"nonsense", None])
    def test_a_damaged_file_is_written_again(self, tmp_path, computed, damage):
        measure(small_config(), tmp_path)
        path = next(tmp_path.iterdir())
        path.write_bytes(path.read_bytes()[:300] if damage is None else damage)
        for _ in range(2):
            forget()
            measure(small_config(), tmp_path)
        assert len(computed) == 2

    def test_other_reviews_under_the_same_name_are_not_taken_for_these(
        self, tmp_path, computed, monkeypatch
    ):
        config = small_config(num_test_reviews=100)
        for word in ("great", "superb"):
            invent(monkeypatch, word)
            forget()
            measure(config, tmp_path)
        assert len(computed) == 2
        assert len(list(tmp_path.iterdir())) == 4

    def test_a_folder_that_cannot_be_written_to_costs_only_time(self, tmp_path, computed):
        blocked = tmp_path / "file"
        blocked.write_text("")
        assert measure(small_config(), blocked / "folder")[MAJORITY].accuracy.value == 0.5
        assert blocked.read_text() == ""
