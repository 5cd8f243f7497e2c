"""The commands about what training changed in a network's weights."""

import pytest
from small_runs import json_lines

from peft_demo.inference import Mixes, map
from peft_demo.runs.mix import Mix, MixPoint

pytestmark = pytest.mark.slow

IDS = ("reference-recommended-head-only", "reference-recommended-lora")


class TestInside:
    def test_json_is_one_object_a_line_for_each_run(self, command):
        done = command("inside", *(part for run_id in IDS for part in ("--run", run_id)), "--json")
        assert done.status == 0, done.err
        head_only, lora = json_lines(done.out)
        assert [head_only["run_id"], lora["run_id"]] == [*IDS]
        change = lora["modules"][0]
        assert (change["block"], change["module"]) == (0, "attention.q_lin")
        assert len(change["singular_values"]) == lora["rank"] == 8
        assert 1 <= change["effective_rank"] <= 8

        text = command("inside", "--run", IDS[0]).out.splitlines()
        assert text[0] == IDS[0]
        assert "Only the head was trained" in text[1]
        assert "from its start" in text[2]

    def test_bad_arguments_end_with_2(self, command):
        done = command("inside", "--run", "run-000099")
        assert (done.status, done.out) == (2, "")
        assert 'got "run-000099"' in done.err


class TestStrength:
    def test_a_text_at_a_strength(self, command):
        def said(at):
            asked = ("--run", IDS[1], "--text", "An awful film.", "--at", at, "--json")
            done = command("strength", *asked)
            assert done.status == 0, done.err
            (answer,) = json_lines(done.out)
            assert (answer["run_id"], answer["strength"]) == (IDS[1], float(at))
            return answer["probabilities"]["negative"]

        assert said("1") > 0.5
        assert said("0") != said("2")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--run", IDS[0]), "Head only changes no weight of its base"),
            (("--run", IDS[1], "--text", "Good", "--at", "3"), "strength must be"),
        ],
    )
    def test_bad_arguments_end_with_2(self, command, arguments, told):
        done = command("strength", *arguments)
        assert (done.status, done.out) == (2, "")
        assert told in done.err


class TestMap:
    def test_json_is_one_object_a_line_for_each_run(self, command, monkeypatch):
        monkeypatch.setattr(map, "MOST_TEXTS", 3)
        done = command("map", "--run", IDS[1], "--json")
        assert done.status == 0, done.err
        (found,) = json_lines(done.out)
        assert (found["run_id"], len(found["texts"])) == (IDS[1], 3)
        heading, *lines = command("map", "--run", IDS[1]).out.splitlines()
        assert heading.startswith(f"{IDS[1]}: the axes hold ")
        assert len(lines) == 3

    def test_bad_arguments_end_with_2(self, command):
        done = command("map", "--run", "run-000099")
        assert (done.status, done.out) == (2, "")
        assert 'got "run-000099"' in done.err


class TestMix:
    BOTH = ("--run", IDS[1], "--run", "reference-recommended-ia3")

    def test_json_is_one_object(self, command, monkeypatch):
        points = [MixPoint(at=t, accuracy=0.75, low=0.7, high=0.8) for t in (0.0, 1.0)]

        def mix(self, first, second, tell):
            return Mix(run_ids=(first.run_id, second.run_id), num_texts=8, points=points)

        monkeypatch.setattr(Mixes, "_mix", mix)
        (found,) = json_lines(command("mix", *self.BOTH, "--json").out)
        assert found["run_ids"] == [IDS[1], "reference-recommended-ia3"]
        assert [point["at"] for point in found["points"]] == [0, 1]
        assert "75.0 % (70.0 % to 80.0 %)" in command("mix", *self.BOTH).out

    def test_a_mix_is_saved_as_a_run(self, command, monkeypatch):
        begun = []

        def run_now(store, config, kind, files):
            begun.append((config, kind, sorted(path.name for path in files.iterdir())))
            return store.get("reference-lora-1")

        monkeypatch.setattr("peft_demo.cli.weights.run_now", run_now)
        both = ("--run", "reference-lora-1", "--run", "reference-lora-2")
        done = command("mix", *both, "--by", "cat", "--weight", "1", "--weight", "0.5", "--json")
        assert done.status == 0, done.err
        ((config, kind, files),) = begun
        assert (kind, files) == ("mixed", ["adapter_config.json", "adapter_model.safetensors"])
        assert (config.parents, config.weights) == (both[1::2], (1.0, 0.5))
        assert json_lines(done.out)[0]["run_id"] == "reference-lora-1"

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--by", "best"), "combination must be one of linear"),
            (("--by", "cat", "--weight", "1"), "weights must be 2 numbers, one a run, got 1"),
            (("--by", "ties", "--density", "2"), "density must be a number between 0.01 and 1"),
        ],
    )
    def test_a_bad_mix_ends_with_2(self, command, arguments, told):
        done = command("mix", "--run", "reference-lora-1", "--run", "reference-lora-2", *arguments)
        assert (done.status, done.out) == (2, "")
        assert told in done.err

    def test_bad_arguments_end_with_2(self, command):
        done = command("mix", "--run", IDS[1])
        assert (done.status, done.out) == (2, "")
        assert "run_ids must be two runs to mix, got 1" in done.err
