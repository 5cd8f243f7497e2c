"""Tuned: what the measured ladders say about a learning rate."""

import json

import pytest
from small_runs import run_python
from tuned_runs import run

from peft_demo import settings
from peft_demo.formats import number
from peft_demo.methods import METHODS, measured_rates
from peft_demo.methods.measured_rates import GUESSING, TunedRun, best_rate, ladder, warning
from peft_demo.runs import RunConfig
from peft_demo.training import tune

CLIMB = (
    run(1e-4, 0.692),
    run(3e-4, 0.687),
    run(1e-3, 0.60),
    run(3e-3, 0.55),
    run(1e-2, 0.70),
    run(3e-2, None),
)
"""Two hardly moved, two learned, one guesses, one diverged."""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file of measurements in place of the program's; nothing of it is remembered."""
    monkeypatch.setattr(measured_rates, "FILE", tmp_path / "methods.json")
    measured_rates.runs.cache_clear()
    yield tmp_path / "methods.json"
    measured_rates.runs.cache_clear()


@pytest.fixture
def write(file):
    def write(runs: tuple[TunedRun, ...]) -> None:
        file.write_text(json.dumps({"runs": [row.model_dump() for row in runs]}), encoding="utf-8")

    return write


class TestLadder:
    def test_is_the_methods_own_ascending(self):
        among = (run(3e-3, 0.5), run(1e-4, 0.6), run(5e-4, 0.4, method="ia3"), run(1e-3, None))
        assert list(ladder("lora", among)) == [1e-4, 1e-3, 3e-3]
        assert ladder("lora", among)[3e-3] is among[0]
        assert ladder("dora", among) == {}

    def test_is_the_first_seeds(self):
        among = (run(1e-3, 0.5, seed=43), run(1e-3, 0.6), run(3e-3, 0.6))
        assert [rung.seed for rung in ladder("lora", among).values()] == [42, 42]


class TestBestRate:
    def test_has_the_lowest_validation_loss(self):
        assert best_rate("lora", CLIMB) == 3e-3

    def test_test_accuracy_takes_no_part(self):
        better = CLIMB[2].model_copy(update={"test_accuracy": 0.99, "test_loss": 0.01})
        assert best_rate("lora", (better, CLIMB[3])) == 3e-3

    def test_is_the_mean_over_its_seeds(self):
        assert best_rate("lora", (*CLIMB, run(3e-3, 0.69, seed=43))) == 1e-3
        assert best_rate("lora", (*CLIMB, run(3e-3, 0.64, seed=43))) == 3e-3

    def test_a_rate_that_diverged_with_one_seed_is_out(self):
        assert best_rate("lora", (*CLIMB, run(3e-3, None, seed=43))) == 1e-3

    @pytest.mark.parametrize("among", [(), (run(1e-3, 0.5, method="ia3"),), (run(1e-3, None),)])
    def test_is_none_where_nothing_was_trained(self, among):
        assert best_rate("lora", among) is None

    def test_is_the_methods_learning_rate(self, write):
        write(CLIMB)
        lora, other = METHODS["lora"], METHODS["ia3"]
        assert lora.learning_rate == RunConfig(method="lora").learning_rate == 3e-3
        assert other.learning_rate == other.starting_rate


def check(sentence: str, rate: float, part: str) -> None:
    """A warning names the rate, what is near it and what did best; or there is none."""
    if not part:
        assert sentence == ""
        return
    assert sentence.startswith(f"learning_rate {number(rate)} is ")
    assert part in sentence
    assert sentence.endswith("; 0.003 did best here.")


class TestWarning:
    @pytest.mark.parametrize(
        ("rate", "part"),
        [
            (
                1e-6,
                "likely too low for LoRA: measured nearest to it, 0.0001 hardly moved in 63 steps",
            ),
            (
                1e-4,
                "likely too low for LoRA: measured nearest to it, 0.0001 hardly moved in 63 steps",
            ),
            (2e-4, "measured nearest to it, 0.0001 and 0.0003 hardly moved in 63 steps"),
            (
                3e-4,
                "likely too low for LoRA: measured nearest to it, 0.0003 hardly moved in 63 steps",
            ),
            (3.1e-4, ""),
            (1e-3, ""),
            (3e-3, ""),
            (9e-3, ""),
            (
                1e-2,
                "too high for LoRA: measured nearest to it, 0.01 did no better than guessing",
            ),
            (2e-2, "measured nearest to it, 0.01 did no better than guessing and 0.03 diverged"),
            (1.0, "likely too high for LoRA: measured nearest to it, 0.03 diverged"),
        ],
    )
    def test_names_the_rate_and_the_nearest_that_were_measured(self, write, rate, part):
        write(CLIMB)
        check(warning("lora", "LoRA", rate), rate, part)

    @pytest.mark.parametrize(
        ("rate", "part"),
        [
            (4e-4, "is lower than any measured for LoRA: measured nearest to it, 0.001 learned"),
            (5e-4, ""),
            (2e-2, ""),
            (3e-2, "is higher than any measured for LoRA: measured nearest to it, 0.01 learned"),
        ],
    )
    def test_says_where_nothing_was_measured(self, write, rate, part):
        write((run(1e-3, 0.6), run(3e-3, 0.5), run(1e-2, 0.55)))
        check(warning("lora", "LoRA", rate), rate, part)

    def test_divergence_alone_is_enough(self, write):
        write((run(1e-3, 0.5), run(3e-3, None)))
        assert "likely too high for LoRA: measured nearest to it, 0.003 diverged" in warning(
            "lora", "LoRA", 3e-3
        )

    def test_one_that_diverged_below_the_best_warns_of_nothing(self, write):
        write((run(1e-4, None), run(1e-3, 0.6), run(3e-3, 0.5)))
        assert warning("lora", "LoRA", 3e-3) == ""

    def test_a_loss_just_below_guessing_has_not_diverged(self, write):
        write((run(1e-3, 0.5), run(3e-3, GUESSING - 1e-6)))
        assert warning("lora", "LoRA", 3e-3) == ""

    @pytest.mark.parametrize("content", [None, "", "{", "[]", '{"runs": 3}', '{"runs": [{}]}'])
    def test_is_empty_without_a_file_that_can_be_read(self, file, content):
        if content is not None:
            file.write_text(content)
        assert measured_rates.runs() == ()
        assert warning("lora", "LoRA", 1e-7) == ""
        assert METHODS["lora"].learning_rate == METHODS["lora"].starting_rate

    def test_is_empty_for_a_method_that_was_not_measured(self, write):
        write(CLIMB)
        assert warning("ia3", "IA3", 1e-7) == ""

    def test_is_empty_where_every_rate_diverged(self, write):
        write((run(1e-3, None), run(3e-3, None)))
        assert warning("lora", "LoRA", 1e-3) == ""


class TestTooHigh:
    @pytest.mark.parametrize(
        ("rungs", "known"),
        [
            (CLIMB, "measured nearest to it, 0.003 learned, and did best here"),
            (
                (run(1e-3, 0.5), run(3e-3, 0.6), run(1e-2, None)),
                "measured nearest to it, 0.003 learned, and 0.001 did best",
            ),
            ((run(0.5, 0.5), run(1.0, 0.6)), "a lower one may do"),
            ((run(1.0, 0.5), run(1e-1, 0.6)), "measured nearest to it, 0.1 learned"),
            ((run(1e-3, None),), "a lower one may do"),
            ((), "a lower one may do"),
        ],
    )
    def test_names_the_rate_and_the_nearest_that_learned(self, write, rungs, known):
        write(rungs)
        assert measured_rates.too_high("lora", "LoRA", 0.3, "training loss nan at step 7") == (
            f"learning_rate 0.3 is too high for LoRA (training loss nan at step 7); {known}."
        )


class TestTheFileInTheBox:
    RUNS = measured_rates.runs()

    def test_can_be_read_if_it_is_there(self):
        assert bool(self.RUNS) == (settings.BENCHMARKS / "methods.json").exists()

    @pytest.mark.parametrize("method", METHODS)
    def test_its_best_rate_is_allowed(self, method):
        best = best_rate(method, self.RUNS)
        if best is not None:
            assert RunConfig(method=method, learning_rate=best).learning_rate == best

    def test_its_configurations_are_still_valid(self):
        for row in self.RUNS:
            # What a run is called by itself may have changed since.
            config = RunConfig({**row.config, "name": ""})
            assert (config.method, config.learning_rate, config.seed) == (
                row.method,
                row.learning_rate,
                row.seed,
            )
            assert config.max_steps == row.steps
            assert (row.outcome == "trained") == (row.eval_loss is not None)

    def test_no_run_is_there_twice(self):
        keys = [(row.method, row.learning_rate, row.seed) for row in self.RUNS]
        assert len(keys) == len(set(keys))


@pytest.mark.slow
def test_needs_no_torch(home):
    done = run_python(
        "import sys; from peft_demo.methods import measured_rates\n"
        "measured_rates.warning('lora', 'LoRA', 1e-3)\n"
        "print({'torch', 'transformers', 'peft'} & set(sys.modules))",
        home,
    )
    assert done.stdout.strip() == "set()", done.stderr


class TestWhatWasMeasured:
    """benchmarks/methods.json as it is, for every row of METHODS."""

    @pytest.mark.parametrize("method", METHODS)
    def test_lacks_nothing(self, method):
        found = [row for row in measured_rates.runs() if row.method == method]
        assert tune.next_run(METHODS[method], tuple(found)) is None
        assert len(ladder(method)) >= 5
        best = best_rate(method)
        assert {row.seed for row in found if row.learning_rate == best} == set(tune.SEEDS)

    @pytest.mark.parametrize("method", METHODS)
    def test_had_a_thousand_reviews_to_train_on(self, method):
        for row in measured_rates.runs():
            if row.method == method:
                # A name that was generated then may be longer than one may be now.
                config = RunConfig({**row.config, "name": ""})
                assert config.method == method
                assert config.num_reviews * 4 // 5 >= 1_000
                assert config.learning_rate == row.learning_rate

    @pytest.mark.parametrize("method", METHODS)
    def test_the_best_rate_learns_and_is_what_the_form_proposes(self, method):
        best = ladder(method)[best_rate(method)]
        assert best.eval_loss < GUESSING
        assert METHODS[method].learning_rate == best.learning_rate
