"""The commands that take an adapter apart."""

import pytest
from small_runs import json_lines

TEXT = "A dull film, but the music is wonderful."


@pytest.fixture
def with_trained(trained, home):
    store = trained.copy(home, "lora", "ia3")
    yield store
    store.close()


class TestExplain:
    @pytest.mark.parametrize("by", [None, "integrated_gradients"])
    def test_json_is_one_object_a_line_for_each_run(self, command, with_trained, trained, by):
        ids = trained.ids("lora", "ia3")
        runs = [argument for run_id in ids for argument in ("--run", run_id)]
        done = command("explain", TEXT, *runs, *(["--by", by] if by else []), "--json")
        assert done.status == 0, done.err
        answers = json_lines(done.out)
        assert [answer["run_id"] for answer in answers] == ids
        for answer in answers:
            assert answer["by"] == (by or "leaving_out")
            assert answer["label"] in ("negative", "positive")
            read = [TEXT[word["start"] : word["end"]] for word in answer["words"]]
            assert read == ["A", "dull", "film", "but", "the", "music", "is", "wonderful"]
            assert all(isinstance(word["contribution"], float) for word in answer["words"])
            assert 0 < answer["check"]["strongest"] < 1
            assert 0 < answer["check"]["random"] < 1
            assert isinstance(answer["is_trustworthy"], bool)

    def test_text_names_the_strongest_words(self, command, with_trained, trained):
        (run_id,) = trained.ids("lora")
        done = command("explain", TEXT, "--run", run_id)
        first, *words, last = done.out.splitlines()
        assert first.startswith(run_id)
        assert {word.split()[1] for word in words} <= {*TEXT.replace(",", "").rstrip(".").split()}
        assert "without the 4 strongest words" in last

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("", "--run", "run-000001"), "review must have 1 to 20,000 characters"),
            (("good", "--run", "run-000099"), 'got "run-000099"'),
            (("good", "--run", "run-000001", "--by", "attention"), "by must be one of leaving_out"),
        ],
    )
    def test_bad_arguments_end_with_2(self, command, with_trained, arguments, told):
        done = command("explain", *arguments)
        assert (done.status, done.out) == (2, "")
        assert told in done.err
