"""A straight line between two models of any methods that can: at its ends it is either of them."""

import pytest
from narrow_base import loaded, saved

from peft_demo import adapters
from peft_demo.adapters.mixing import Line

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("one", "other"),
    [("lora", "ia3"), ("full_ft", "ln_tuning"), ("oft", "full_ft"), ("head_only", "beft")],
)
def test_its_ends_are_the_models(narrow_base, one, other, tmp_path):
    folders = {}
    for seed, method in enumerate((one, other)):
        folders[method] = tmp_path / method
        saved(narrow_base, method, folders[method], seed=seed)
    checksum = narrow_base.checksum()
    tokens = narrow_base.encode(["A good film.", "Not bad, and not good"], 16)["input_ids"]

    def says(model):
        return adapters.logits(model, narrow_base, tokens)

    def load(method):
        return lambda: loaded(narrow_base, method, folders[method])

    line = Line(load(one), load(other), narrow_base)
    first, middle, last = (says(line.at(t)) for t in (0.0, 0.5, 1.0))
    assert first == pytest.approx(says(load(one)()), abs=2e-4)
    assert last == pytest.approx(says(load(other)()), abs=2e-4)
    assert (abs(middle - first).max(), abs(middle - last).max()) > (1e-3, 1e-3)
    assert (says(line.at(0.0)) == first).all()
    assert narrow_base.checksum() == checksum


def test_the_middle_has_the_mean_of_the_weights(narrow_base, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    saved(narrow_base, "full_ft", first, seed=0)
    saved(narrow_base, "full_ft", second, seed=1)
    ends = [loaded(narrow_base, "full_ft", folder) for folder in (first, second)]
    one, other = (dict(model.named_parameters()) for model in ends)
    line = Line(
        *(lambda f=f: loaded(narrow_base, "full_ft", f) for f in (first, second)), narrow_base
    )
    for name, weight in line.at(0.5).named_parameters():
        mean = (one[name] + other[name]) / 2
        assert weight.detach().numpy() == pytest.approx(mean.detach().numpy(), abs=1e-5), name
