"""An adapter folded into frozen weights: the same answers in bfloat16, and nothing left behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from peft_demo import adapters
from peft_demo.adapters.folding import folded
from peft_demo.runs import RunConfig

TEXTS = ["A wonderful film.", "Dull, long and loud: I left after an hour.", "No."]

ADDITIVE = ("lora", "rslora", "loha", "lokr", "vera", "fourierft", "c3a")

OTHERS = ("dora", "adalora", "miss", "ia3", "shira", "prompt_tuning", "full_ft")
"""Of which some are sums too, but not of these weights and one matrix."""


def trained(base, method: str) -> torch.nn.Module:
    """A model whose adapter does something."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(5)
        config = RunConfig(method=method, base_model=base.id, max_length=16)
        model = adapters.build(base, config).eval()
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.3 * torch.randn_like(parameter)
    return model


def logits(base, model, *, in_half: bool):
    with torch.autocast("cpu", torch.bfloat16, enabled=in_half):
        return adapters.logits(model, base, base.encode(TEXTS, 16)["input_ids"])


@pytest.mark.slow
class TestFolded:
    @pytest.mark.parametrize("method", ADDITIVE)
    def test_is_as_near_to_float32_as_the_adapter_itself(self, narrow_base, method):
        model = trained(narrow_base, method)
        exact, before = (logits(narrow_base, model, in_half=half) for half in (False, True))
        wanted = [name for name, p in model.named_parameters() if p.requires_grad]
        with folded(model) as layers:
            found = logits(narrow_base, model, in_half=True)
        assert layers > 0
        largest = np.abs(exact).max()
        assert np.abs(found - exact).max() < 2 * np.abs(before - exact).max() + 0.02 * largest
        with pytest.MonkeyPatch.context() as patch:  # without the adapter it would be far away
            for part in model.modules():
                if hasattr(part, "_disable_adapters"):
                    patch.setattr(part, "_disable_adapters", True)
            of_base = logits(narrow_base, model, in_half=True)
        assert np.abs(of_base - exact).max() > 3 * np.abs(found - exact).max()
        # Afterwards all is as it was.
        assert np.array_equal(logits(narrow_base, model, in_half=True), before)
        assert np.array_equal(logits(narrow_base, model, in_half=False), exact)
        assert [name for name, p in model.named_parameters() if p.requires_grad] == wanted

    @pytest.mark.parametrize("method", OTHERS)
    def test_changes_nothing_of_what_is_no_sum(self, narrow_base, method):
        model = trained(narrow_base, method)
        before = logits(narrow_base, model, in_half=True)
        with folded(model) as layers:
            assert np.array_equal(logits(narrow_base, model, in_half=True), before)
        assert layers == 0

    def test_leaves_the_shared_weights_alone(self, narrow_base):
        checksum = narrow_base.checksum()
        with folded(trained(narrow_base, "lora")):
            assert narrow_base.checksum() == checksum
        assert narrow_base.checksum() == checksum
