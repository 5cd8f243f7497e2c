"""The scale of an update: what peft's layers multiply it by, for every row that has an alpha."""

import pytest

from peft_demo import adapters
from peft_demo.methods import METHODS
from peft_demo.methods.scale import scale_of
from peft_demo.models import FAMILY
from peft_demo.runs import RunConfig

SCALED = [m for m in METHODS.values() if any(f.name.endswith("alpha") for f in m.fields)]


def small(method, **values):
    """A configuration of one layer, in which nothing is at a default."""
    has = {field.name for field in method.fields}
    own = {
        "r": 16,
        "init_r": 16,
        "alpha": 24,
        "lora_alpha": 24,
        "randlora_alpha": 24,
        "layers_to_transform": [0],
        "target_modules": [FAMILY.query],
        **values,
    }
    return RunConfig(method=method.id, **{k: v for k, v in own.items() if k in has})


def scale(config):
    return scale_of(METHODS[config.method], config.method_values)


@pytest.mark.parametrize("method", SCALED, ids=lambda method: method.id)
def test_it_is_what_pefts_layers_multiply_by(base, method):
    config = small(method)
    model = adapters.build(base, config)
    (layer,) = (m for m in model.modules() if isinstance(getattr(m, "scaling", None), dict))
    real = layer.scaling["default"]
    if hasattr(layer, "ranknum"):  # AdaLoRA divides when it is used
        real = real / float(layer.ranknum["default"])
    assert scale(config).value == pytest.approx(real, rel=1e-3)


def test_it_may_be_divided_by_the_root():
    assert scale(small(METHODS["rslora"])).formula == "alpha / √r"
    rooted = scale(small(METHODS["dora"], use_rslora=True))
    assert (rooted.formula, rooted.value) == ("alpha / √r", 6)
    assert scale(small(METHODS["dora"])).formula == "alpha / r"


@pytest.mark.parametrize("method", ["ia3", "vera", "head_only", "full_ft"])
def test_others_have_none(method):
    assert scale(RunConfig(method=method)) is None
