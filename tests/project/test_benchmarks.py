"""Benchmarks start, their arithmetic is right, and baselines are what they are said to be."""

import json
import os
import pkgutil
from importlib import import_module
from statistics import median

import pytest
from compared_runs import finished
from small_runs import small_config

import benchmarks
from benchmarks import __main__ as bench
from benchmarks import demo, limits, load, range_tests, rows, soak, training
from benchmarks.rows import Row
from peft_demo import models, settings
from peft_demo.data import SENTIMENT
from peft_demo.errors import NotFoundError
from peft_demo.models import hardware
from peft_demo.runs import RunStatus
from peft_demo.training import lr_range
from peft_demo.ui.identity import public

MODULES = [
    module.name
    for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")
    if not module.ispkg
]
COMMANDS = (
    *(
        "__main__",
        "base_dropout",
        "compare_page",
        "demo",
        "explaining",
        "footprint",
        "forward",
        "frozen_blocks",
        "load",
        "many_reviews",
        "page_actions",
        "quick_run",
        "race",
        "range_tests",
    ),
    *("scheduler", "soak", "together", "workers"),
)
"""What ``python -m benchmarks.…`` starts."""


def test_students_waits_are_told_of_runs_as_the_api_gives_them(store):
    """One that failed has no result, and is counted."""
    done = finished(store, "done")
    failed = store.start(small_config(), "me")
    store.finish(failed.run_id, RunStatus.FAILED, error="it was made to fail")
    found = demo.told([public(store.get(run.run_id)) for run in (done, failed)], [3.4, 7.8])
    assert found["run"] >= 0
    assert found == {
        "students": 2, "completed": 1, "median_wait": 5.6, "last_wait": 7.8,
        "run": found["run"], "training": 10.0,
    }  # fmt: skip


def test_predictions_under_load_are_the_same_but_for_the_last_digits():
    alone = [0.25, 0.75, 0.5, 0.5]
    assert load._is_equal(alone, [0.25 + 1e-6, 0.75 - 1e-6, 0.5, 0.5])
    assert not load._is_equal(alone, [0.25, 0.75, 0.5 + 1e-5, 0.5 - 1e-5])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_the_soaks_kills_are_of_every_kind(monkeypatch):
    assert sum(soak.KILLS.values()) == 1_000
    assert all(count >= 200 for count in soak.KILLS.values())
    few = {"working": 6, "migrating": 4, "copying": 3}
    monkeypatch.setattr(soak, "KILLS", few)
    found = soak.kills()
    assert (found["kills"], found["of"], found["lost"]) == (13, few, 0)
    assert sum(found["struck"].values()) == 13
    assert found["runs"] >= 4 * 4 + 3  # a database of an earlier version has four


@pytest.mark.parametrize("module", MODULES)
def test_every_module_imports_what_is_there(module):
    import_module(module)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_starts(name, monkeypatch, capsys):
    command = import_module(f"benchmarks.{name}")
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_every_file_that_runs_is_among_the_commands():
    files = (settings.BENCHMARKS / f"{name.split('.')[1]}.py" for name in MODULES)
    running = {
        path.stem for path in files if path.exists() and "\ndef main(" in path.read_text("utf-8")
    }
    assert running == set(COMMANDS)


@pytest.mark.parametrize("part", bench.PARTS)
def test_every_part_of_the_table_has_rows(part):
    assert callable(import_module(f"benchmarks.{part}").rows)


def row(**changes):
    values = {
        "what": "a wait",
        "unit": "ms",
        "baseline_is": "the notebook",
        "ours": 1.0,
        "baseline": 4.0,
        "value": 0.25,
        "goal": 0.5,
        "kind": "at most",
    }
    return Row(**{**values, **changes})


class TestPairs:
    def test_medians_of_pairs_in_turns(self):
        order = []
        ours, theirs = iter((2.0, 8.0, 30.0)), iter((1.0, 2.0, 10.0))

        def measure(whose, values):
            order.append(whose)
            return next(values)

        found = rows.paired(
            lambda: measure("ours", ours), lambda: measure("theirs", theirs), pairs=3
        )
        assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
        # 2, 4 and 3: not the ratio of the medians, which is 4.
        assert found == (8.0, 2.0, 3.0, [(2.0, 1.0), (8.0, 2.0), (30.0, 10.0)])

    @pytest.mark.parametrize(
        ("kind", "value", "is_met"),
        [
            ("at most", 0.5, True),
            ("at most", 0.51, False),
            ("at least", 0.5, True),
            ("at least", 0.49, False),
        ],
    )
    def test_goals(self, kind, value, is_met):
        assert row(kind=kind, value=value).is_met is is_met

    def test_table(self):
        lines = rows.table([row(), row(baseline=None, ours=1234.5, value=1234.5, goal=150)])
        assert lines.splitlines()[2:] == [
            "| a wait | 1 ms | 4 ms (the notebook) | 0.25 × | – | ≤ 0.5 × | yes |",
            "| a wait | 1,234 ms | – | – | – | ≤ 150 ms | no |",
        ]


@pytest.mark.slow
class TestTheNotebook:
    def test_trains_the_same_network_on_as_many_tokens(self, tmp_path):
        """Trainer counts its operations from the parameters and the tokens of each step."""
        models.export(tmp_path, SENTIMENT)
        config = training.config_of("recommended-lora", max_length=16, num_reviews=40)
        ours = training.ours(config)
        theirs = training.theirs(str(tmp_path), config)
        assert ours["total_flos"] == theirs["total_flos"] > 0
        # They begin at ln 2 and take four steps; reviews are the same, heads and masks not.
        assert ours["training_loss"] == pytest.approx(theirs["train_loss"], abs=0.1)
        assert ours["training_loss"] != theirs["train_loss"]


@pytest.mark.slow
class TestLimits:
    def test_operations_of_a_review(self):
        flops = limits.training_flops(training.config_of("lora-1", max_length=50))
        # 72 products of 384 x 384 for a token, forward and backward, less the last layer's share.
        dense = 2 * 2 * 72 * 384 * 384 * 50
        assert 0.85 * dense < flops < 1.4 * dense

    def test_peak_is_a_processors(self):
        assert 1e9 < limits.gemm_flops_per_second(64, "float32") < 1e14


class TestResults:
    def test_the_committed_ones_follow_from_their_pairs(self):
        results = json.loads(bench.RESULTS.read_text(encoding="utf-8"))
        assert set(results["rows"]) <= set(bench.PARTS)
        found = [Row.model_validate(row) for part in results["rows"].values() for row in part]
        with_pairs = [row for row in found if row.pairs and row.baseline is not None]
        assert len(with_pairs) >= 5
        for row in with_pairs:
            if "seeds, " not in row.what:  # means over seeds; all others are medians of pairs
                assert row.value == pytest.approx(median(a / b for a, b in row.pairs)), row.what

    def test_a_part_takes_the_place_of_its_last_measurement_alone(self, tmp_path, monkeypatch):
        monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.json")
        bench.write({"training": [row(value=1.0)], "board": [row(value=2.0)]})
        bench.write({"board": [row(value=3.0)]})
        assert self.values(bench.RESULTS) == {"training": [1.0], "board": [3.0]}

    def test_those_of_another_machine_go(self, tmp_path, monkeypatch):
        monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.json")
        bench.write({"training": [row()]})
        monkeypatch.setattr(hardware, "processor_name", lambda: "another")
        bench.write({"board": [row(value=3.0)]})
        assert self.values(bench.RESULTS) == {"board": [3.0]}

    def test_those_of_a_gpu_have_a_file_of_their_own(self, tmp_path, monkeypatch):
        monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.json")
        bench.write({"board": [row(value=3.0)]})
        monkeypatch.setattr(hardware, "device", lambda: "cuda")
        monkeypatch.setattr(hardware, "processor_name", lambda: "a GPU")
        monkeypatch.setattr(hardware, "training_precision", lambda: "bfloat16")
        bench.write({"training": [row(value=1.0)]})
        assert self.values(bench.RESULTS) == {"board": [3.0]}
        assert self.values(tmp_path / "results-gpu.json") == {"training": [1.0]}

    @staticmethod
    def values(path):
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return {part: [each["value"] for each in found] for part, found in rows.items()}


@pytest.mark.slow
class TestRangeTests:
    def test_goes_on_where_it_stopped(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(lr_range, "STEPS", 6)
        monkeypatch.setattr(range_tests.tune, "PROTOCOL", {"num_reviews": 10, "max_length": 8})
        path = tmp_path / "range_tests.json"
        range_tests.measure(["ia3"], path)
        first = range_tests.read(path)["ia3"]
        assert len(first.losses) == 2
        assert first.learning_rates == (float(f"{lr_range.rate_at(2):.5g}"), 1.0)
        range_tests.measure(["ia3", "lora"], path)
        assert list(range_tests.read(path)) == ["lora", "ia3"]
        assert range_tests.read(path)["ia3"] == first
        assert set(json.loads(path.read_text())) == {"curves"}

    def test_unknown_method(self, tmp_path):
        with pytest.raises(NotFoundError, match="METHOD must be one of"):
            range_tests.measure(["lorra"], tmp_path / "none.json")
