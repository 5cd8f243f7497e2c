"""Model cards and the record of a reference run."""

import ast
import json
import re

import pytest
import torch
from compared_runs import finished
from own_texts import as_csv, prepared, rows
from small_runs import small_config

from peft_demo import models
from peft_demo.data import SENTIMENT, own
from peft_demo.export.model_card import model_card
from peft_demo.formats import percent, score
from peft_demo.methods import METHODS
from peft_demo.runs import Run, RunStatus
from peft_demo.statistics import Predictions, scores
from peft_demo.storage import Store
from peft_demo.storage.reference_runs import write_reference


def card_of(trained, method):
    return model_card(trained.runs[method], trained.folder(method))


@pytest.mark.parametrize("method", METHODS)
class TestModelCard:
    def test_lies_beside_the_adapter(self, trained, method):
        text = (trained.folder(method) / "README.md").read_text()
        assert text == card_of(trained, method)

    def test_says_how_good_it_is_and_how_sure_that_is(self, trained, method):
        card, result = card_of(trained, method), trained.runs[method].result
        assert f"Test accuracy {percent(result.test_accuracy)} on 50 reviews" in card
        low, high = map(percent, result.test_interval)
        assert f"95 % Wilson interval {low} to {high}" in card
        assert f"{result.num_adapter_parameters:,} in the adapter" in card
        assert f"{result.num_head_parameters:,} in the head" in card

    def test_lists_every_setting(self, trained, method):
        card = card_of(trained, method)
        for name in trained.runs[method].config.flat():
            assert f"| {name} | " in card or name == "name"

    def test_has_the_hubs_front_matter(self, trained, method):
        front = card_of(trained, method).split("---\n")[1]
        library = "peft" if METHODS[method].peft_config else "transformers"
        assert f"library_name: {library}\n" in front
        assert "base_model: sentence-transformers/all-MiniLM-L6-v2\n" in front
        assert "pipeline_tag: text-classification\n" in front

    def test_its_code_is_python(self, trained, method):
        (code,) = re.findall(r"```python\n(.*?)```", card_of(trained, method), re.DOTALL)
        compile(code, "card", "exec")
        assert ("PeftModel" in code) == (METHODS[method].peft_config is not None)

    def test_has_every_metric_with_its_interval_and_the_confusion(self, trained, method):
        found = scores(Predictions.load(trained.folder(method)))
        card = card_of(trained, method)
        loss = found.log_loss
        value, low, high = map(score, (loss.value, loss.low, loss.high))
        assert f"| {value} ({low} to {high}) |" in card
        rows = re.findall(r"^\| \*\*(\w+)\*\* \| (\d+) \| (\d+) \|$", card, re.M)
        counts = [(int(first), int(second)) for _, first, second in rows]
        assert counts == [tuple(row) for row in found.confusion]
        assert [name for name, *_ in rows] == list(trained.runs[method].config.labels)


@pytest.mark.parametrize("method", ["lora", "full_ft"])
def test_the_lines_that_load_it_do_so(trained, base, method, tmp_path, in_float32):
    (code,) = re.findall(r"```python\n(.*?)```", card_of(trained, method), re.DOTALL)
    assert len(code.strip().split("\n\n")[1].splitlines()) == (3 if method == "lora" else 2)
    models.export(tmp_path / "base", SENTIMENT)
    places = {"BASE": tmp_path / "base", "THIS_FOLDER": trained.folder(method)}
    for name, place in places.items():
        code = code.replace(f'"{name}"', repr(str(place)))
    made = {}
    exec(code, made)
    given = made["tokenizer"](["A fine film.", "A dull one."], return_tensors="pt", padding=True)
    given.pop("token_type_ids", None)
    ours = trained.load(method, base)
    with torch.inference_mode():
        found, known = (model.eval()(**given).logits for model in (made["model"], ours))
    assert torch.allclose(found, known, atol=1e-4)


def test_what_people_call_their_texts_and_labels_is_text(store):
    """Not markup: a card is shown as a page, by the Hub and by others."""
    bad, link = "<script>bad", "[good](javascript:alert(1))"
    kept = prepared(as_csv(rows((bad, link))), name="<img src=x> | *Mine*")
    own.keep(kept)
    run = finished(
        store, "mine", config={"dataset": kept.id, "num_reviews": 20, "num_test_reviews": 16}
    )
    card = model_card(run, store.folder_of(run.run_id))
    assert r"on \<img src=x\> \| \*Mine\* (own texts)" in card
    assert r"Labels: 0 \<script\>bad, 1 \[good\](javascript:alert(1))" in card
    code, shown = re.split(r"^```python\n|^```\n", card, flags=re.M)[1::2], card
    for block in code:
        shown = shown.replace(block, "")
        ast.parse(block)
    assert not re.search(r"(?<!\\)<(script|img)|(?<!\\)\[good", shown)


def test_an_unfinished_run_has_no_card(tmp_path):
    run = Run(
        run_id="run-000001",
        config=small_config(),
        owner="me",
        status=RunStatus.FAILED,
        created_at="2026-11-01T12:00:00+00:00",
    )
    with pytest.raises(ValueError, match="no result"):
        model_card(run, tmp_path)


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
