"""Model cards and the record of a reference run."""

import json
import re

import pytest
from small_runs import small_config

from peft_demo.export.model_card import model_card
from peft_demo.formats import percent
from peft_demo.methods import METHODS
from peft_demo.runs import Run, RunStatus
from peft_demo.storage import Store
from peft_demo.storage.reference_runs import write_reference


@pytest.mark.parametrize("method", METHODS)
class TestModelCard:
    def test_lies_beside_the_adapter(self, trained, method):
        text = (trained.folder(method) / "README.md").read_text()
        assert text == model_card(trained.runs[method])

    def test_says_how_good_it_is_and_how_sure_that_is(self, trained, method):
        card, result = model_card(trained.runs[method]), trained.runs[method].result
        assert f"Test accuracy {percent(result.test_accuracy)} on 50 reviews" in card
        low, high = map(percent, result.test_interval)
        assert f"95 % Wilson interval {low} to {high}" in card
        assert f"{result.num_adapter_parameters:,} in the adapter" in card
        assert f"{result.num_head_parameters:,} in the head" in card

    def test_lists_every_setting(self, trained, method):
        card = model_card(trained.runs[method])
        for name in trained.runs[method].config.flat():
            assert f"| {name} | " in card or name == "name"

    def test_has_the_hubs_front_matter(self, trained, method):
        front = model_card(trained.runs[method]).split("---\n")[1]
        library = "peft" if METHODS[method].peft_config else "transformers"
        assert f"library_name: {library}\n" in front
        assert "base_model: sentence-transformers/all-MiniLM-L6-v2\n" in front
        assert "pipeline_tag: text-classification\n" in front

    def test_its_code_is_python(self, trained, method):
        (code,) = re.findall(r"```python\n(.*?)```", model_card(trained.runs[method]), re.DOTALL)
        compile(code, "card", "exec")
        assert ("PeftModel" in code) == (METHODS[method].peft_config is not None)


def test_an_unfinished_run_has_no_card():
    run = Run(
        run_id="run-000001",
        config=small_config(),
        owner="me",
        status=RunStatus.FAILED,
        created_at="2026-11-01T12:00:00+00:00",
    )
    with pytest.raises(ValueError, match="no result"):
        model_card(run)


def test_a_reference_is_read_back_as_it_was_written(trained, home, tmp_path):
    run = trained.runs["ia3"].model_copy(update={"run_id": "reference-mine"})
    folder = tmp_path / "references" / "reference-mine"
    folder.mkdir(parents=True)
    steps = trained.store.steps(trained.runs["ia3"].run_id)
    write_reference(run, steps, folder)
    json.loads((folder / "run.json").read_text())
    store = Store(home, folder.parent)
    assert store.get("reference-mine") == run.model_copy(update={"is_reference": True})
    assert store.steps("reference-mine") == steps
    store.close()
