"""``challenge --run``: what runs understand."""

import pytest
from asked_challenge import FEW, few_texts  # noqa: F401
from small_runs import json_lines

pytestmark = pytest.mark.usefixtures("few_texts")


@pytest.fixture
def with_trained(trained, home):
    store = trained.copy(home, "lora", "ia3")
    yield store
    store.close()


@pytest.mark.slow
class TestAsk:
    def test_json_is_one_object_a_line_for_each_run(self, command, with_trained, trained):
        ids = trained.ids("lora", "ia3")
        done = command("challenge", "--run", ids[0], "--run", ids[1], "--json")
        assert done.status == 0, done.err
        answers = json_lines(done.out)
        assert [answer["run_id"] for answer in answers] == ids
        for answer in answers:
            assert len(answer["capabilities"]) == 19
            for row in answer["capabilities"]:
                assert row.keys() == {"name", "texts", "accuracy", "interval"}
                low, high = row["interval"]
                assert 0 <= low <= row["accuracy"] <= high <= 1
            assert answer["pairs"]["pairs"] == FEW
            assert answer["pairs"]["num_hidden"] == 0
            originals, edits = (
                answer["pairs"][name]["accuracy"] for name in ("originals", "edits")
            )
            assert answer["pairs"]["consistency"]["accuracy"] <= min(originals, edits)

    def test_text_tells_of_a_file_what_max_length_hides(
        self, command, with_trained, trained, tmp_path
    ):
        begin = "I saw this film last week in the old cinema by the river with my whole family and"
        file = tmp_path / "mine.csv"
        file.write_text(
            "original,edited,label,edited_label\n"
            f"{begin} loved it.,{begin} hated it.,positive,negative\n"
        )
        (run_id,) = trained.ids("lora")
        done = command("challenge", "--run", run_id, "--file", str(file))
        first, *rows, last = done.out.splitlines()
        assert first == run_id
        assert "its max_length hides the edit of 1 of 1 pairs" in last
        assert any(row.split()[0] == "consistency" and "of 1" in row for row in rows)

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--run", "run-000099"), 'got "run-000099"'),
            (("--file", "pairs.csv"), "run must name runs"),
            (("--run", "run-000001", "--title", "x"), "title must be left out with --run"),
            (("--run", "run-000001", "--file", "/nowhere.csv"), "file must be a file"),
        ],
    )
    def test_bad_arguments_end_with_2(self, command, with_trained, arguments, told):
        done = command("challenge", *arguments)
        assert (done.status, done.out) == (2, "")
        assert told in done.err
