"""Predictor: right answers in any company, and what it read of a review."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from small_runs import Recorder, small_config, wait_until

from peft_demo import adapters, inference, statistics
from peft_demo.errors import (
    AssetError,
    ConflictError,
    InvalidFieldsError,
    NotFoundError,
    RunCancelledError,
)
from peft_demo.inference import Predictor
from peft_demo.inference import predictor as predictor_module
from peft_demo.methods import METHODS
from peft_demo.runs import RunStatus
from peft_demo.training.loop import train

REVIEWS = [
    "A wonderful film.",
    "Dull, long and loud: I left after an hour.",
    "😀 gut",
    "Not good. " * 30,
]


@pytest.fixture
def predictor(trained) -> Predictor:
    """One that has loaded nothing yet."""
    return Predictor(trained.store)


def answers(predictor: Predictor, review: str, ids: list[str]) -> list[tuple]:
    return [
        (answer.run_id, answer.label, answer.probabilities)
        for answer in predictor.predict(review, ids)
    ]


class TestAnswers:
    @pytest.mark.usefixtures("in_float32")
    @pytest.mark.parametrize("method", METHODS)
    def test_are_the_saved_adapters(self, predictor, trained, base, method):
        (run_id,) = trained.ids(method)
        (answer,) = predictor.predict(REVIEWS[1], [run_id])
        model = trained.load(method, base)
        tokens = base.encode([REVIEWS[1]], 16)["input_ids"]
        negative, positive = statistics.softmax(adapters.logits(model, base, tokens))[0]
        assert answer.probabilities == pytest.approx(
            {"negative": negative, "positive": positive}, abs=1e-5
        )
        assert answer.label == ("positive" if positive > negative else "negative")
        assert answer.milliseconds > 0

    def test_come_in_the_order_asked_and_once_each(self, predictor, trained):
        ids = trained.ids()[::-1]
        found = predictor.predict("A good film", [*ids, ids[0]])
        assert [answer.run_id for answer in found] == ids

    @pytest.mark.usefixtures("in_float32")
    def test_of_different_methods_differ(self, predictor, trained):
        found = predictor.predict(REVIEWS[0], trained.ids())
        assert len({answer.probabilities["positive"] for answer in found}) == len(METHODS)

    def test_that_are_asked_for_together_share_a_pass(self, trained, monkeypatch):
        """The same review is computed once; another, or one of another adapter, is not mixed up."""
        monkeypatch.setenv("PEFT_DEMO_PRECISION", "bfloat16")
        ids, turn, passes = trained.ids("lora", "ia3"), threading.Lock(), []
        predictor = Predictor(trained.store, lambda: turn)
        alone = {review: predictor.predict(review, ids) for review in REVIEWS}
        compute = adapters.logits

        def counted(model, base, texts):
            passes.append(len(texts))
            return compute(model, base, texts)

        monkeypatch.setattr(adapters, "logits", counted)
        with ThreadPoolExecutor(8) as pool:
            with turn:
                asked = [pool.submit(predictor.predict, review, ids) for review in REVIEWS * 2]
                wait_until(lambda: predictor.together.num_waiting() == len(REVIEWS))
            found = [each.result(60) for each in asked]
        assert passes[0] == len(REVIEWS)
        assert sum(passes) <= 2 * 2 * len(REVIEWS)
        assert len(passes) < sum(passes)
        for review, answered in zip(REVIEWS * 2, found, strict=True):
            for together, by_itself in zip(answered, alone[review], strict=True):
                assert (together.run_id, together.label) == (by_itself.run_id, by_itself.label)
                assert together.probabilities == pytest.approx(by_itself.probabilities, abs=1e-5)

    def test_of_long_reviews_are_computed_alone_in_bfloat16(self, trained, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_PRECISION", "bfloat16")
        predictor, (run_id,) = Predictor(trained.store), trained.ids("lora")
        found = {}
        for short in (14, 100):
            monkeypatch.setattr(predictor_module, "SHORT", short)
            (answer,) = predictor.predict(REVIEWS[3], [run_id])
            found[short] = answer.probabilities["positive"]
        (many,) = predictor.predict_many(REVIEWS[3:], [run_id])[run_id]
        assert found[14] == many[1] != found[100]
        assert found[14] == pytest.approx(found[100], abs=0.02)


class TestManyReviews:
    @pytest.mark.usefixtures("in_float32")
    @pytest.mark.parametrize("method", METHODS)
    def test_get_the_answers_that_one_by_one_they_get(self, predictor, trained, method, base):
        (run_id,) = trained.ids(method)
        # More than are merged for, in no order of length.
        texts = [
            f"{review} {'and on ' * (number % 5)}" for number in range(9) for review in REVIEWS
        ]
        texts = (texts * inference.MERGED_FROM)[: inference.MERGED_FROM]
        found = predictor.predict_many(texts, [run_id])[run_id]
        few = predictor.predict_many(texts[:3], [run_id])[run_id]
        assert found.shape == (len(texts), 2)
        for text, shares in [
            *zip(texts[:9], found[:9], strict=True),
            *zip(texts, few, strict=False),
        ]:
            (alone,) = predictor.predict(text, [run_id])
            assert shares[1] == pytest.approx(alone.probabilities["positive"], abs=1e-5)
        assert base.checksum() == trained.checksum_before

    def test_are_refused_before_anything_is_computed(self, predictor, trained):
        for texts in ([], ["fine"] * (inference.MOST_REVIEWS + 1), "fine"):
            with pytest.raises(InvalidFieldsError, match="list of 1 to 1,000 texts, got"):
                predictor.predict_many(texts, trained.ids("lora"))
        with pytest.raises(InvalidFieldsError, match="review 2 must have 1 to"):
            predictor.predict_many(["fine", " "], trained.ids("lora"))


class TestInterleaved:
    def test_200_predictions_beside_a_training_are_all_right(self, trained, tmp_path):
        ids = trained.ids("lora", "ia3", "full_ft")
        alone = Predictor(trained.store)
        expected = {review: answers(alone, review, ids) for review in REVIEWS}
        together = Predictor(trained.store)
        is_training, stop = threading.Event(), threading.Event()

        class Told(Recorder):
            def report(self, event):
                super().report(event)
                if self.steps:
                    is_training.set()

            def should_stop(self):
                return stop.is_set()

        told = Told()

        def ask(number: int) -> list[tuple]:
            review = REVIEWS[number % len(REVIEWS)]
            # Each thread asks in another order, one or all at once.
            order = ids[number % 3 :] + ids[: number % 3]
            found = answers(together, review, order)
            right = {answer[0]: answer for answer in expected[review]}
            return [
                (review, answer)
                for answer in found
                if answer[1] != right[answer[0]][1]
                or answer[2] != pytest.approx(right[answer[0]][2], abs=1e-5)
            ]

        def train_long() -> None:
            with pytest.raises(RunCancelledError):
                train(small_config("lora", num_train_epochs=50), tmp_path, told)

        trainer = threading.Thread(target=train_long)
        trainer.start()
        try:
            assert is_training.wait(120)
            before = len(told.steps)
            with ThreadPoolExecutor(6) as pool:
                wrong = [bad for found in pool.map(ask, range(70)) for bad in found]
            trained_meanwhile = len(told.steps) - before
        finally:
            stop.set()
            trainer.join()
        assert wrong == []
        assert 70 * len(ids) >= 200
        assert trained_meanwhile > 0


class TestWhatWasRead:
    def test_a_short_review_is_read_whole(self, predictor, trained):
        (answer,) = predictor.predict("A good film.", trained.ids("lora"))
        assert (answer.tokens_read, answer.tokens_total) == (4, 4)
        assert answer.characters_read == len("A good film.")

    def test_a_long_review_is_cut_where_the_training_cut(self, predictor, trained):
        review = "one two three four five six seven eight nine ten eleven twelve thirteen four five"
        words = review.split()
        assert len(words) == 15
        (answer,) = predictor.predict(review, trained.ids("lora"))
        # max_length 16, of which two are the opening and the closing token.
        assert (answer.tokens_read, answer.tokens_total) == (14, 15)
        assert review[: answer.characters_read] == " ".join(words[:14])

    def test_a_review_of_exactly_that_length_is_not_cut(self, predictor, trained):
        (answer,) = predictor.predict("good " * 14, trained.ids("lora"))
        assert (answer.tokens_read, answer.tokens_total) == (14, 14)

    def test_what_follows_the_cut_changes_nothing(self, predictor, trained):
        start = "good " * 14
        ids = trained.ids("lora")
        (short,) = predictor.predict(start, ids)
        (long,) = predictor.predict(start + "but terrible in the end", ids)
        assert long.probabilities == pytest.approx(short.probabilities, abs=1e-6)

    def test_emoji_are_counted_as_unknown(self, predictor, trained):
        (answer,) = predictor.predict("good 😀 😡 film", trained.ids("lora"))
        assert answer.unknown_tokens == 2

    def test_longest_allowed_review(self, predictor, trained):
        (answer,) = predictor.predict("bad " * 5_000, trained.ids("lora"))
        assert (answer.tokens_read, answer.tokens_total) == (14, 5_000)


class TestBadInput:
    @pytest.mark.parametrize("review", ["", " \n", "\x00", None, "x" * 200_000])
    def test_reviews(self, predictor, trained, review):
        with pytest.raises(InvalidFieldsError, match="review must have 1 to 20,000 characters"):
            predictor.predict(review, trained.ids("lora"))

    @pytest.mark.parametrize("ids", [[], None, [f"run-{n:06d}" for n in range(101)]])
    def test_no_runs_and_too_many(self, predictor, ids):
        with pytest.raises(InvalidFieldsError) as caught:
            predictor.predict("good", ids)
        assert "run_ids must name 1 to 100 finished runs" in caught.value.problems["run_ids"]

    def test_a_single_id_is_not_taken_letter_by_letter(self, predictor):
        with pytest.raises(InvalidFieldsError, match='list of ids of runs, got "run-000001"'):
            predictor.predict("good", "run-000001")

    @pytest.mark.parametrize(
        ("reviews", "sentence"),
        [
            ("A good film.", 'reviews must be a list of 1 to 1,000 texts, got "A good film.".'),
            (None, "reviews must be a list of 1 to 1,000 texts, got nothing."),
            ([], "reviews must be a list of 1 to 1,000 texts, got 0."),
            (["good"] * 1_001, "reviews must be a list of 1 to 1,000 texts, got 1,001."),
            (["good", "bad", " "], "review 3 must have 1 to 20,000 characters of text, got "),
            (["good", 5], "review 2 must have 1 to 20,000 characters of text, got 5."),
            (["x" * 20_001, ""], "review 1 must have 1 to 20,000 characters of text, got 20,001 "),
        ],
    )
    def test_the_faulty_one_of_many_reviews_is_numbered(self, predictor, reviews, sentence):
        with pytest.raises(InvalidFieldsError) as caught:
            predictor.predict_many(reviews, ["run-000001"])
        assert str(caught.value).startswith(sentence)

    def test_unknown_runs(self, predictor, trained):
        with pytest.raises(NotFoundError, match='got "run-000999"'):
            predictor.predict("good", [*trained.ids("lora"), "run-000999"])

    @pytest.mark.parametrize(
        "status", [status for status in RunStatus if status is not RunStatus.COMPLETED]
    )
    def test_unfinished_runs(self, store, status):
        run_id = store.submit(small_config(), "me").run_id
        if status is not RunStatus.QUEUED:
            store.claim()
            store.finish(run_id, status) if status.is_over else None
        with pytest.raises(ConflictError, match=f"{run_id} is {status}"):
            Predictor(store).predict("good", [run_id])

    @pytest.mark.parametrize("damage", ["missing", "cut", "gone"])
    def test_damaged_adapters(self, trained, home, damage):
        store = trained.copy(home, "lora", "ia3")
        (run_id, other) = trained.ids("lora", "ia3")
        weights = store.folder_of(run_id) / adapters.WEIGHTS
        if damage == "missing":
            weights.unlink()
        elif damage == "cut":
            weights.write_bytes(weights.read_bytes()[:-10])
        else:
            shutil.rmtree(store.folder_of(run_id))
        predictor = Predictor(store)
        with pytest.raises(AssetError, match=f"adapter in {run_id}"):
            predictor.predict("good", [run_id])
        alone = predictor.predict("good", [other])[0].probabilities
        answers = predictor.answer("good", [run_id, other])
        assert isinstance(answers[run_id], AssetError)
        assert answers[other].probabilities == alone
        store.close()


class TestMemory:
    def test_keeps_the_adapters_used_last(self, predictor, trained, monkeypatch):
        monkeypatch.setattr(predictor_module, "KEPT", 2)
        first, second, third = (trained.runs[name] for name in ("lora", "ia3", "head_only"))
        kept = {run.run_id: predictor.model(run) for run in (first, second)}
        assert predictor.model(first) is kept[first.run_id]
        predictor.model(third)
        assert predictor.model(first) is kept[first.run_id]
        assert predictor.model(second) is not kept[second.run_id]

    def test_lets_go_of_a_deleted_run(self, predictor, trained):
        run = trained.runs["lora"]
        model = predictor.model(run)
        predictor.forget(run.run_id)
        predictor.forget("run-000999")
        assert predictor.model(run) is not model

    @pytest.mark.parametrize(
        "method", [name for name, method in METHODS.items() if not method.writes_to_base]
    )
    def test_adapters_share_the_bases_weights(self, predictor, trained, base, method):
        loaded = {p.data_ptr() for p in predictor.model(trained.runs[method]).parameters()}
        own = {
            name
            for name, weight in base.model.distilbert.named_parameters()
            if weight.data_ptr() not in loaded
        }
        if METHODS[method].merges_to_predict:
            changed = trained.runs[method].config.method_values["target_modules"]
            assert own == {name for name in own if any(f"{part}." in name for part in changed)}
        else:
            assert not own

    def test_merges_the_long_ones_while_there_is_room(self, predictor, trained, monkeypatch):
        slow = [trained.runs[name] for name in ("dora", "fourierft", "hira")]
        own_bytes = 6 * (2 * 384 * 384 + 384 * 1536 + 2 * 384 + 1536) * 2
        monkeypatch.setenv("PEFT_DEMO_PRECISION", "bfloat16")
        monkeypatch.setattr(predictor_module, "MERGED_BYTES", 2 * own_bytes)

        def merged() -> list[bool]:
            return [not hasattr(predictor.model(run), "peft_config") for run in slow]

        assert merged() == [True, True, False]
        predictor.forget(slow[1].run_id)
        predictor.forget(slow[2].run_id)
        assert not hasattr(predictor.model(slow[2]), "peft_config")
        assert merged() == [True, False, True]


class TestPrecision:
    @pytest.mark.parametrize("method", ["lora", "dora", "ia3", "olora", "p_tuning", "full_ft"])
    def test_bfloat16_moves_answers_a_little(self, predictor, trained, method, monkeypatch):
        (run_id,) = trained.ids(method)
        found = {}
        for precision in ("float32", "bfloat16"):
            monkeypatch.setenv("PEFT_DEMO_PRECISION", precision)
            predictor.forget(run_id)
            one = [predictor.predict(text, [run_id])[0].probabilities for text in REVIEWS]
            many = predictor.predict_many(REVIEWS * 16, [run_id])[run_id]
            positive = [each["positive"] for each in one]
            found[precision] = many[: len(REVIEWS), 1].tolist()
            assert positive == pytest.approx(found[precision], abs=0.01)
        assert found["float32"] != found["bfloat16"]
        assert found["float32"] == pytest.approx(found["bfloat16"], abs=0.02)

    def test_another_is_refused(self, command, monkeypatch):
        monkeypatch.setenv("PEFT_DEMO_PRECISION", "float16")
        assert command("runs").err == (
            "Error: PEFT_DEMO_PRECISION must be auto, bfloat16 or float32, got 'float16'.\n"
        )
