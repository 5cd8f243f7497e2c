"""Tune: the ladder is climbed in order, once, by as many processes as like."""

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Callable

import pytest
from small_runs import ROOT, environment
from tuned_runs import run

from peft_demo.errors import DivergedError, NotFoundError, PeftDemoError
from peft_demo.methods import METHODS, measured_rates
from peft_demo.methods.measured_rates import TunedRun
from peft_demo.runs import RunConfig
from peft_demo.training import loop
from peft_demo.training import tune as tune_module
from peft_demo.training.tune import (
    MOST_RUNGS,
    PROTOCOL,
    RUNGS,
    SEEDS,
    add,
    next_run,
    read,
    rungs,
    tune,
)

LORA = METHODS["lora"]
RATES = rungs(LORA.starting_rate)


def climbed(*losses: float | None, rates: list[float] = RATES) -> tuple[TunedRun, ...]:
    """The first seed's runs at the first rates of the ladder."""
    return tuple(run(rate, loss) for rate, loss in zip(rates, losses, strict=False))


def follow(loss: Callable[[float], float], most: int = 40) -> list[tuple[float, int]]:
    """Rate and seed of each run that is asked for, where the loss depends on the rate alone."""
    done: tuple[TunedRun, ...] = ()
    while (config := next_run(LORA, done)) is not None:
        rate, seed = config.learning_rate, config.seed
        done = (*done, run(rate, loss(rate), seed))
        assert len(done) < most
    return [(row.learning_rate, row.seed) for row in done]


class TestRungs:
    @pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
    def test_are_half_a_decade_apart_around_the_starting_rate(self, method):
        rates = rungs(method.starting_rate)
        assert len(rates) == RUNGS
        assert rates[RUNGS // 2] == method.starting_rate
        for lower, higher in itertools.pairwise(rates):
            assert 2.4 < higher / lower < 4.1
        assert [float(f"{rate:.0e}") for rate in rates] == rates

    def test_by_hand(self):
        assert rungs(1e-3) == [1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
        assert rungs(5e-3) == [5e-4, 2e-3, 5e-3, 2e-2, 5e-2]


class TestNextRun:
    def test_climbs_the_ladder_in_order(self):
        for count, rate in enumerate(RATES):
            config = next_run(LORA, climbed(*[0.6] * count))
            assert (config.learning_rate, config.seed) == (rate, SEEDS[0])

    def test_follows_the_protocol(self):
        config = next_run(LORA, ())
        assert config.method == "lora"
        assert {name: getattr(config, name) for name in PROTOCOL} == PROTOCOL

    def test_other_methods_runs_do_not_count(self):
        others = tuple(run(rate, 0.5, method="ia3") for rate in RATES)
        assert next_run(LORA, others).learning_rate == RATES[0]

    def test_a_hole_is_filled_first(self):
        missing = tuple(row for row in climbed(*[0.6] * 5) if row.learning_rate != RATES[2])
        assert next_run(LORA, missing).learning_rate == RATES[2]

    def test_the_best_gets_the_second_seed(self):
        done = climbed(0.69, 0.6, 0.5, 0.55, None)
        config = next_run(LORA, done)
        assert (config.learning_rate, config.seed) == (RATES[2], SEEDS[1])
        assert next_run(LORA, (*done, run(RATES[2], 0.52, SEEDS[1]))) is None

    def test_a_lucky_first_seed_is_not_chosen(self):
        done = (*climbed(0.69, 0.6, 0.55, 0.5, 0.69), run(RATES[3], 0.68, SEEDS[1]))
        config = next_run(LORA, done)
        assert (config.learning_rate, config.seed) == (RATES[2], SEEDS[1])
        done = (*done, run(RATES[2], 0.56, SEEDS[1]))
        assert measured_rates.best_rate("lora", done) == RATES[2]
        assert next_run(LORA, done) is None

    def test_one_rate_that_did_not_diverge_is_enough(self):
        done = climbed(None, None, 0.5, None, None)
        assert next_run(LORA, done).seed == SEEDS[1]
        assert next_run(LORA, (*done, run(RATES[2], 0.5, SEEDS[1]))) is None

    def test_grows_upwards_where_the_highest_is_best(self):
        config = next_run(LORA, climbed(0.69, 0.68, 0.6, 0.55, 0.5))
        assert (config.learning_rate, config.seed) == (3e-2, SEEDS[0])

    def test_grows_downwards_where_the_lowest_is_best(self):
        config = next_run(LORA, climbed(0.5, 0.6, 0.68, None, None))
        assert (config.learning_rate, config.seed) == (3e-5, SEEDS[0])

    def test_grows_no_further_than_it_may(self):
        asked = follow(lambda rate: 0.5 - rate / 100)
        rates = [rate for rate, seed in asked if seed == SEEDS[0]]
        assert len(rates) == MOST_RUNGS
        assert rates == sorted(rates)
        assert asked[MOST_RUNGS] == (max(rates), SEEDS[1])

    def test_is_finished_where_every_rate_diverged(self):
        assert next_run(LORA, climbed(*[None] * 5)) is None

    def test_ends_whatever_the_losses_are(self):
        asked = follow(lambda rate: math.sin(1e4 * rate))
        assert len(asked) == len(set(asked)) <= MOST_RUNGS * len(SEEDS)


class TestTheFile:
    def test_keeps_runs_in_the_tables_order(self, tmp_path):
        path = tmp_path / "methods.json"
        assert read(path) == ()
        rows = [run(1e-2, None), run(1e-3, 0.5, 43), run(1e-3, 0.5), run(1e-3, 0.4, method="ia3")]
        for row in reversed(rows):
            add(row, path)
        assert read(path) == (rows[2], rows[1], rows[0], rows[3])
        assert list(json.loads(path.read_text())) == ["runs"]

    def test_keeps_one_of_a_run_that_two_processes_trained(self, tmp_path):
        path = tmp_path / "methods.json"
        for loss in (0.5, 0.6):
            add(run(1e-3, loss), path)
        add(run(1e-3, 0.7, seed=43), path)
        assert [row.eval_loss for row in read(path)] == [0.6, 0.7]

    def test_is_what_the_program_reads(self, tmp_path, monkeypatch):
        add(run(1e-3, 0.5), tmp_path / "methods.json")
        monkeypatch.setattr(measured_rates, "FILE", tmp_path / "methods.json")
        measured_rates.runs.cache_clear()
        assert measured_rates.runs() == read(tmp_path / "methods.json")
        measured_rates.runs.cache_clear()

    ADDER = """
import sys
from pathlib import Path
from peft_demo.training.tune import add
from peft_demo.methods.measured_rates import TunedRun
for number in range(20):
    add(TunedRun(method="lora", learning_rate=1e-3 + number / 1e6, seed=int(sys.argv[2]),
                 config={}, outcome="trained", steps=1, eval_loss=0.5), Path(sys.argv[1]))
"""

    @pytest.mark.slow
    def test_two_processes_lose_no_run(self, tmp_path, home):
        path = tmp_path / "methods.json"
        adders = [
            subprocess.Popen(
                [sys.executable, "-c", self.ADDER, str(path), str(seed)],
                cwd=ROOT,
                env=environment(home),
            )
            for seed in SEEDS
        ]
        assert [adder.wait(120) for adder in adders] == [0, 0]
        keys = [(row.learning_rate, row.seed) for row in read(path)]
        assert len(keys) == len(set(keys)) == 40
        assert keys == sorted(keys)


@pytest.fixture
def small_protocol(monkeypatch):
    """Trainings of one step, on a ladder of three rungs that does not grow."""
    small = {"num_reviews": 10, "num_train_epochs": 1, "max_length": 8, "num_test_reviews": 50}
    monkeypatch.setattr(tune_module, "PROTOCOL", small)
    monkeypatch.setattr(tune_module, "RUNGS", 3)
    monkeypatch.setattr(tune_module, "MOST_RUNGS", 3)


@pytest.fixture
def trained_configs(monkeypatch) -> list[RunConfig]:
    """The configurations that were trained, for real."""
    configs = []
    train = loop.train

    def remember(config, *arguments, **named):
        configs.append(config)
        return train(config, *arguments, **named)

    monkeypatch.setattr(loop, "train", remember)
    return configs


@pytest.mark.slow
class TestTune:
    def test_trains_what_is_missing_and_then_nothing(
        self, small_protocol, trained_configs, tmp_path, base
    ):
        path, told = tmp_path / "methods.json", []
        rates = [3e-4, 1e-3, 3e-3]
        add(run(rates[0], 0.9, method="head_only"), path)
        tune(["head_only"], told.append, path)
        assert [config.learning_rate for config in trained_configs[:2]] == rates[1:]
        best = measured_rates.best_rate("head_only", read(path))
        assert {config.seed for config in trained_configs[2:]} == {SEEDS[1]}
        assert best in [config.learning_rate for config in trained_configs[2:]]
        runs = read(path)
        assert len(runs) == len(trained_configs) + 1
        for row in runs:
            if row.num_test_reviews:
                assert row.outcome == "trained"
                assert row.steps == 1
                assert RunConfig(row.config) in trained_configs
                assert 0 <= row.test_interval[0] <= row.test_accuracy <= row.test_interval[1] <= 1
                assert row.num_adapter_parameters == 0
                assert row.environment["torch"]
        assert told[-1] == f"Head only: {best:g} did best."
        assert len(told) == len(trained_configs) + 1

        before = path.read_text()
        trained_configs.clear()
        tune(["head_only"], told.append, path)
        assert trained_configs == []
        assert path.read_text() == before

    def test_that_a_run_diverged_is_a_finding(self, small_protocol, tmp_path, monkeypatch):
        def diverge(config, folder, reporter):
            raise DivergedError("The training loss became nan at step 1.")

        monkeypatch.setattr(loop, "train", diverge)
        path, told = tmp_path / "methods.json", []
        tune(["head_only"], told.append, path)
        assert [row.outcome for row in read(path)] == ["diverged"] * 3
        assert {row.eval_loss for row in read(path)} == {None}
        assert told[-1] == "Head only: every run diverged."

    def test_another_failure_ends_it_and_keeps_what_was_done(
        self, small_protocol, tmp_path, monkeypatch
    ):
        def fail(config, folder, reporter):
            raise PeftDemoError("The disk is full.")

        path = tmp_path / "methods.json"
        add(run(3e-4, 0.6, method="head_only"), path)
        monkeypatch.setattr(loop, "train", fail)
        with pytest.raises(PeftDemoError, match="disk is full"):
            tune(["head_only"], print, path)
        assert len(read(path)) == 1

    def test_an_unknown_method_trains_nothing(self, trained_configs, tmp_path):
        with pytest.raises(NotFoundError, match=r"METHOD must be one of lora, .*got \"nonsense\""):
            tune(["head_only", "nonsense"], print, tmp_path / "methods.json")
        assert trained_configs == []
        assert list(tmp_path.iterdir()) == []
