"""Every row of METHODS, trained for real: it learns, repeats itself, loads, merges and predicts.

No method is known here by its name: a new row of the table is tested as it comes in.
"""

from __future__ import annotations

import copy
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_runs import Recorder, numbers_in, numbers_of, small_config

from peft_demo import adapters, data, models, statistics
from peft_demo.data import SENTIMENT
from peft_demo.inference import Predictor, predictor
from peft_demo.methods import METHODS
from peft_demo.methods.measured_rates import GUESSING
from peft_demo.models import FAMILY, Base
from peft_demo.runs import RunConfig, draw
from peft_demo.statistics import Predictions
from peft_demo.training.loop import train

ADAPTERS = [name for name, method in METHODS.items() if method.peft_config]
MERGING = [name for name in ADAPTERS if METHODS[name].merges]
NOT_MERGING = [name for name in ADAPTERS if not METHODS[name].merges]

TEXTS = [
    "A wonderful film.",
    "Dull, long and loud: I left after an hour.",
    "I have seen worse, but not often. " * 3,
]


@pytest.fixture(scope="module")
def tokens(base) -> list[list[int]]:
    return base.encode(TEXTS, 24)["input_ids"]


@pytest.fixture(scope="module")
def tests(trained) -> data.LabelledTexts:
    """Some of the reviews that every small run was tested on."""
    return data.load(small_config().dataset).test.take(range(4))


def own_copy(base: Base) -> Base:
    """A base that a test may write to."""
    return replace(base, model=copy.deepcopy(base.model))


def on_copy(trained, mine: Base, method: str) -> torch.nn.Module:
    """An adapter on such a base, by peft: a template would keep the copy in memory."""
    folder = trained.folder(method)
    return adapters.load(folder, mine, METHODS[method], SENTIMENT, by_peft=True)


class Alone(dict[str, torch.nn.Module]):
    """Each adapter by itself, loaded at first use."""

    def __init__(self, trained, base: Base) -> None:
        self._load = lambda method: trained.load(method, base)

    def __missing__(self, method: str) -> torch.nn.Module:
        self[method] = self._load(method)
        return self[method]


@pytest.fixture(scope="module")
def alone(trained, base) -> Alone:
    return Alone(trained, base)


@pytest.mark.parametrize("method", METHODS)
class TestTraining:
    def test_learns_its_reviews(self, trained, base, alone, tmp_path, method):
        run = trained.runs[method]
        assert run.status == "completed", run.error
        epochs, model = run.epochs, alone[method]
        if known(base, model) > GUESSING - 0.02:
            # So few reviews may make the row's starting rate too high; a third of it is not.
            gentle = Recorder()
            train(
                small_config(method, learning_rate=run.config.learning_rate / 3), tmp_path, gentle
            )
            epochs, model = gentle.epochs, adapters.load(tmp_path, base, METHODS[method], SENTIMENT)
        # Both epochs read the same 32 reviews; by chance their means differ by about 0.01.
        assert epochs[0].train_loss - epochs[-1].train_loss > 0.03
        assert known(base, model) < GUESSING - 0.02

    def test_changes_what_it_trains_and_nothing_else(self, trained, base, method):
        before, is_trained = untrained(base, trained.runs[method].config)
        (weights,) = trained.folder(method).glob("*model.safetensors")
        after = load_file(weights)
        changed = {name for name in before if not torch.equal(after[name], before[name])}
        assert changed >= {name for name, trains in is_trained.items() if trains}
        assert not changed & {name for name, trains in is_trained.items() if not trains}
        outside = {name for name in changed if not any(part in name for part in FAMILY.head)}
        assert outside or METHODS[method].baseline

    def test_goes_on_from_its_checkpoint_to_the_same_numbers(self, trained, tmp_path, method):
        """All that the method keeps is built anew, and goes on from what the checkpoint has."""
        shutil.copytree(trained.left(method), tmp_path, dirs_exist_ok=True)
        recorder = Recorder()
        result = train(small_config(method), tmp_path, recorder)
        assert [step.step for step in recorder.steps] == [9, 10, 11, 12]
        whole = numbers_in(trained.store, trained.runs[method])
        steps, epochs, end = whole[:12], whole[12:15], whole[15:]
        assert numbers_of(recorder.steps, recorder.epochs, result) == [
            *steps[8:],
            *epochs[2:],
            *end,
        ]
        again, kept = (Predictions.load(folder) for folder in (tmp_path, trained.folder(method)))
        assert np.array_equal(again.probabilities, kept.probabilities)
        (weights,) = tmp_path.glob("*model.safetensors")
        assert weights.read_bytes() == (trained.folder(method) / weights.name).read_bytes()


def known(base: Base, model: torch.nn.Module) -> float:
    """Log loss on the reviews that every small run was trained on."""
    config = small_config()
    read = draw(data.load(config.dataset), config).train
    ids = base.encode(read.texts, config.max_length)["input_ids"]
    found = statistics.softmax(adapters.logits(model, base, ids))
    return statistics.log_loss(found, np.array(read.labels))


def untrained(base: Base, config: RunConfig) -> tuple[dict[str, torch.Tensor], dict[str, bool]]:
    """What the file would hold before the first step, and which of it are trained parameters."""
    from peft import PeftModel, get_peft_model_state_dict

    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = adapters.build(base, config)
    parameters = dict(model.named_parameters())
    if not isinstance(model, PeftModel):
        return parameters, dict.fromkeys(parameters, True)
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    in_file = {
        name.replace(".modules_to_save.default", "").replace(".default", ""): parameter
        for name, parameter in parameters.items()
    }
    return state, {
        name: parameter.requires_grad for name, parameter in in_file.items() if name in state
    }


@pytest.mark.parametrize("method", ADAPTERS)
class TestSavedAdapters:
    @pytest.fixture(scope="class")
    def exported(self, tmp_path_factory) -> torch.nn.Module:
        """The base as anybody gets it, from the folder that export-base writes."""
        from transformers import AutoModelForSequenceClassification

        folder = tmp_path_factory.mktemp("export") / "base"
        models.export(folder, SENTIMENT)
        return AutoModelForSequenceClassification.from_pretrained(folder)

    def test_load_with_plain_peft(self, trained, base, alone, exported, tokens, method):
        from peft import PeftModel

        fresh = copy.deepcopy(exported)
        plain = PeftModel.from_pretrained(fresh, str(trained.folder(method))).eval()
        # In double precision: plain transformers computes the last layer for all tokens, and
        # products of other sizes are rounded otherwise.
        found, expected = (
            adapters.logits(copy.deepcopy(model).double(), base, tokens)
            for model in (plain, alone[method])
        )
        assert abs(found - expected).max() < 1e-5

    def test_leave_the_base_as_it_was_unless_the_row_says_so(self, trained, base, tokens, method):
        mine = own_copy(base)
        adapters.logits(on_copy(trained, mine, method), mine, tokens)
        assert mine.checksum() == trained.checksum_before


@pytest.mark.parametrize("method", MERGING)
def test_merges_into_the_base(trained, base, alone, tokens, method, monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_PRECISION", "float32")
    mine = own_copy(base)
    merged = adapters.merge(on_copy(trained, mine, method))
    assert mine.checksum() == trained.checksum_before
    assert not [name for name, _ in merged.named_modules() if "modules_to_save" in name]
    assert {name for name, _ in merged.named_parameters()} == {
        name for name, _ in base.model.named_parameters()
    }
    found, expected = (adapters.logits(some, base, tokens) for some in (merged, alone[method]))
    assert abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("method", NOT_MERGING)
def test_what_cannot_merge_says_so_itself_or_leaves_its_wrappers(trained, base, method):
    model = on_copy(trained, own_copy(base), method)
    try:
        merged = model.merge_and_unload()
    except (AttributeError, NotImplementedError, ValueError):
        return
    assert any("modules_to_save" in name for name, _ in merged.named_modules())


@pytest.mark.usefixtures("in_float32")
class TestSideBySide:
    @pytest.fixture
    def predictor(self, trained, monkeypatch) -> Predictor:
        # Otherwise threads that ask for all would load each again for every review.
        monkeypatch.setattr(predictor, "KEPT", len(METHODS))
        return Predictor(trained.store)

    @pytest.fixture(scope="class")
    def expected(self, trained, base, alone, tests) -> dict[tuple[str, str], float]:
        """How likely each adapter by itself finds each review to be positive."""
        found = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PEFT_DEMO_PRECISION", "float32")
            for text in (*TEXTS, *tests.texts):
                read = base.encode([text], small_config().max_length)["input_ids"]
                for method, run in trained.runs.items():
                    logits = adapters.logits(alone[method], base, read)
                    found[run.run_id, text] = statistics.softmax(logits)[0][1]
        return found

    def test_all_answer_as_each_alone(self, predictor, trained, base, expected, tests):
        ids = trained.ids()
        texts = [*TEXTS, *tests.texts]

        def ask(number: int) -> dict[tuple[str, str], float]:
            # Each thread asks for all at once, in another order.
            text = texts[number % len(texts)]
            order = ids[number:] + ids[:number]
            answers = predictor.predict(text, order)
            assert [answer.run_id for answer in answers] == order
            return {(a.run_id, text): a.probabilities["positive"] for a in answers}

        one_by_one = ask(0)
        assert one_by_one == pytest.approx({key: expected[key] for key in one_by_one}, abs=1e-5)
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(ask, range(1, len(texts) + 1)):
                assert found == pytest.approx({key: expected[key] for key in found}, abs=1e-5)
        assert base.checksum() == trained.checksum_before

    def test_they_are_the_ones_that_training_measured(self, trained, expected, tests):
        for method, run in trained.runs.items():
            measured = Predictions.load(trained.folder(method)).probabilities[:, 1]
            for text, share in zip(tests.texts, measured, strict=False):
                # Testing computes in the training's number type, which may be bfloat16.
                assert expected[run.run_id, text] == pytest.approx(share, abs=0.03), method

    def test_they_are_different_adapters(self, trained, expected):
        for text in TEXTS:
            shares = {expected[run.run_id, text] for run in trained.runs.values()}
            assert len(shares) == len(METHODS)


def test_heads_are_the_same_size_everywhere(trained):
    assert len({run.result.num_head_parameters for run in trained.runs.values()}) == 1


def test_no_run_changed_the_shared_base(trained, base):
    assert base.checksum() == trained.checksum_before
