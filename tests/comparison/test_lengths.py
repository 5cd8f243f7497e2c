"""Runs that read their texts at different lengths are not compared without saying so."""

import json

import pytest
from compared_runs import compare, finished, finished_group, nothing
from small_runs import small_config

from peft_demo import comparison
from peft_demo.comparison.latest import judge
from peft_demo.runs import RunKind

SAYS = "at different lengths"


def at(store, name, wrong, tokens, kind=RunKind.TRAINING):
    return finished(store, name, range(wrong), kind, {"max_length": tokens})


class TestTwoRuns:
    def test_the_verdict_names_the_lengths(self, store):
        runs = at(store, "Short", 40, 16), at(store, "Long", 10, 128)
        found = compare(store, *runs)
        assert "16 tokens (Short); 128 tokens (Long)" in found.verdict[1]
        assert SAYS in found.verdict[1]
        assert [pair.max_lengths for pair in found.pairs] == [(128, 16)]
        against_the_first = judge(store, runs[1].run_id, runs[0].run_id, measure=nothing)
        assert found.verdict[1] in against_the_first.beside

    def test_an_import_too(self, store):
        runs = at(store, "Ours", 40, 50), at(store, "Theirs", 10, 256, RunKind.IMPORTED)
        found = compare(store, *runs)
        assert any("50 tokens (Ours); 256 tokens (Theirs)" in told for told in found.verdict)

    def test_alike_says_nothing(self, store):
        found = compare(store, at(store, "A", 40, 50), at(store, "B", 10, 50))
        assert not any(SAYS in told for told in found.verdict)
        assert [pair.max_lengths for pair in found.pairs] == [None]

    def test_without_a_verdict_nothing_is_said(self, store):
        one = at(store, "A", 40, 16)
        other = finished(store, "B", [], config={"max_length": 50}, test_set="others")
        assert not any(SAYS in told for told in compare(store, one, other).verdict)

    @pytest.mark.slow
    def test_the_command_says_it(self, command, store):
        runs = at(store, "Short", 40, 16), at(store, "Long", 10, 128)
        assert SAYS in command("compare", *(run.run_id for run in runs)).out


def test_a_sweep_over_lengths_says_it(store):
    configs = [small_config(name="", max_length=tokens) for tokens in (16, 32)]
    group, _ = finished_group(store, configs, [40, 10], {"max_length": [16, 32]})
    facts = comparison.group_facts(store, group.group_id, measure=lambda config: {})
    assert any(SAYS in told for told in facts.verdict)


def test_imports_are_no_repeats_of_each_other(store):
    """Their seeds are not known."""
    runs = [at(store, f"Theirs {n}", 10 * n, 50, RunKind.IMPORTED) for n in range(4)]
    assert compare(store, *runs).repeats == ()


def test_what_is_not_known_of_an_import_is_not_told(store):
    run = at(store, "Theirs", 10, 50, RunKind.IMPORTED)
    ours = at(store, "Ours", 20, 50)
    found = compare(store, ours, run)
    differing = {row.field: row.values[run.run_id] for row in found.differences}
    assert {differing[name] for name in ("learning_rate", "num_train_epochs", "seed")} == {"–"}
    assert any("its files do not say" in told for told in found.problems)
    assert json.loads(found.model_dump_json())
