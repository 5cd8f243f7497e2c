"""A base of two narrow blocks, and adapters of any method on it, untrained and moved at random."""

import pytest

from peft_demo import adapters, models
from peft_demo.data import SENTIMENT
from peft_demo.methods import METHODS
from peft_demo.models import loading, own
from peft_demo.runs import RunConfig

MERGING = [name for name, row in METHODS.items() if row.merges and not row.is_head_only]


@pytest.fixture(scope="module")
def narrow_base(wider_distilbert_folder, tmp_path_factory):
    """A base of two narrow blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEFT_DEMO_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PEFT_DEMO_PRECISION", "float32")
        patch.setattr(loading, "_loaded", {})
        own.add(str(wider_distilbert_folder), may_be_folder=True)
        yield models.load(wider_distilbert_folder.name)


def saved(base, method, folder, seed=0, **values):
    """An adapter whose trained tensors were moved at random, in its file."""
    import torch  # tests/conftest.py imports this file before torch may be loaded

    config = RunConfig(method=method, base_model=base.id, max_length=16, **values)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = adapters.build(base, config)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data += 0.05 * torch.randn_like(parameter)
    adapters.save(model, folder)
    return config


def loaded(base, method, folder):
    return adapters.load(folder, base, METHODS[method], SENTIMENT)
