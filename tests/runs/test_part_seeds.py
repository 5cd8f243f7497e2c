"""Each source of chance can have a seed of its own, while the run's seed moves the others."""

import pytest
from small_runs import Recorder, numbers_of, small_config

from peft_demo import data
from peft_demo.runs import PART_SEEDS, RunConfig, draw
from peft_demo.training.loop import train

ALL = dict.fromkeys(PART_SEEDS, 5)


def numbers(folder, method="lora", **changes):
    recorder = Recorder()
    config = small_config(method, num_train_epochs=1, lora_dropout=0.2, **changes)
    result = train(config, folder, recorder)
    return numbers_of(recorder.steps, recorder.epochs, result)


@pytest.fixture(scope="module")
def all_fixed(tmp_path_factory, base):
    return numbers(tmp_path_factory.mktemp("fixed"), seed=1, **ALL)


@pytest.mark.slow
def test_with_all_of_them_fixed_the_runs_seed_moves_nothing(tmp_path, all_fixed):
    assert numbers(tmp_path, seed=2, **ALL) == all_fixed


@pytest.mark.slow
@pytest.mark.parametrize("free", PART_SEEDS)
def test_each_makes_a_difference_by_itself(tmp_path, all_fixed, free):
    moved = numbers(tmp_path, seed=2, **{**ALL, free: None})
    assert moved != all_fixed


@pytest.mark.slow
@pytest.mark.parametrize("method", ["vera", "shira", "fourierft"])
def test_the_adapters_seed_reaches_methods_that_draw_by_their_own(tmp_path, base, method):
    def run(folder, **changes):
        recorder = Recorder()
        config = small_config(method, num_train_epochs=1, **{**ALL, **changes})
        result = train(config, folder, recorder)
        return numbers_of(recorder.steps, recorder.epochs, result)

    first = run(tmp_path / "a", seed=1)
    assert run(tmp_path / "b", seed=2) == first
    assert run(tmp_path / "c", seed=2, adapter_seed=6) != first


def test_the_samples_seed_draws_the_reviews():
    pools = data.load("imdb")
    drawn = [
        draw(pools, small_config(**changes)).train.texts
        for changes in ({"seed": 1, "sample_seed": 9}, {"seed": 2, "sample_seed": 9}, {"seed": 9})
    ]
    assert drawn[0] == drawn[1] == drawn[2]
    assert drawn[0] != draw(pools, small_config(seed=1)).train.texts


def test_left_empty_they_follow_the_run():
    config = RunConfig(seed=3, head_seed=None, data_seed="")
    assert {config.seed_of(part) for part in PART_SEEDS} == {3}
    assert RunConfig(seed=3, head_seed=4).seed_of("head_seed") == 4
