"""Links that carry a configuration."""

import subprocess
import sys

import pytest
from drawn_configs import configs
from hypothesis import given

from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import RunConfig, links


class TestLinks:
    @given(config=configs())
    @pytest.mark.slow
    def test_give_the_configuration_back(self, config):
        link = links.to_link(config)
        assert RunConfig(links.from_link(link).values) == config
        assert link.isascii()

    def test_leave_out_what_the_method_has_by_default(self):
        config = RunConfig(method="lora", r=16, target_modules=["q_lin", "v_lin"])
        assert links.to_link(config) == "method=lora&r=16&target_modules=q_lin,v_lin"
        assert links.to_link(RunConfig(method="ia3")) == "method=ia3"

    def test_keep_a_name_that_somebody_gave(self):
        assert links.to_link(RunConfig(name="My & run")) == "method=lora&name=My+%26+run"

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ("?method=lora&r=0&seed=x&colour=red&r=1&__theme=dark", {"r", "seed", "colour"}),
            ("method=nonsense&seed=x&learning_rate=nan", {"method", "seed", "learning_rate"}),
            ("method=lora&method=ia3&seed=x", {"method", "seed"}),
            ("target_modules=lm_head", {"target_modules"}),
        ],
    )
    def test_every_problem_is_told(self, query, fields):
        with pytest.raises(InvalidFieldsError) as caught:
            links.from_link(query)
        assert set(caught.value.problems) == fields

    @pytest.mark.parametrize(
        "query",
        ["", "?", "__theme=dark&view=api&run_ids=1", "view=group&group=group-000001", "name="],
    )
    def test_the_pages_own_keys_are_no_configuration(self, query):
        assert links.from_link(query).values == {}


@pytest.mark.slow
def test_importing_it_loads_neither_torch_nor_peft():
    code = (
        "import sys; import peft_demo.runs.links as c; c.from_link('method=ia3'); "
        "sys.exit(bool({'torch', 'peft', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
