"""Features are what the head reads: put through it again, they give the model's logits."""

import pytest
import torch
from narrow_base import loaded, saved

from peft_demo import adapters
from peft_demo.adapters.features import features
from peft_demo.methods import METHODS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("method", ["lora", "prompt_tuning", "full_ft", "lily"])
def test_the_head_makes_the_logits_of_them(narrow_base, method, tmp_path):
    saved(narrow_base, method, tmp_path)
    model = loaded(narrow_base, method, tmp_path)
    texts = ["A good film, and a long one.", "Dull.", "Not bad, and not good"]
    tokens = narrow_base.encode(texts, 16)["input_ids"]
    found, logits = features(model, narrow_base, tokens, METHODS[method])
    assert found.shape == (3, narrow_base.model.config.dim)
    network = model if method == "full_ft" else model.get_base_model()
    with torch.inference_mode():
        pooled = network.pre_classifier(torch.tensor(found)).relu()
        again = network.classifier(pooled).numpy()
    assert logits == pytest.approx(again, abs=1e-5)
    # In the order of the texts, and the hook is gone.
    for row, ids in enumerate(tokens):
        alone = adapters.logits(model, narrow_base, [ids])
        assert logits[row] == pytest.approx(alone[0], abs=1e-3)
    body = network.get_submodule(narrow_base.architecture.body)
    assert not body._forward_hooks
