"""Configurations that would run code, reach the network or fill the memory."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from imported_adapters import IA3, LORA, refusal, retested
from small_runs import Recorder

from peft_demo import adapters
from peft_demo.adapters import importing
from peft_demo.data import SENTIMENT
from peft_demo.models import FAMILY
from peft_demo.runs import ImportedConfig


def few_texts(config: ImportedConfig) -> ImportedConfig:
    return retested(config, num_test_reviews=50, max_length=50)


class TestHostileConfigurations:
    @pytest.fixture
    def planted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A file that exists once the package ``megatron``, which peft trusts, is imported."""
        package = tmp_path / "site" / "megatron"
        package.mkdir(parents=True)
        mark = tmp_path / "imported"
        for module in ("__init__", "core"):
            (package / f"{module}.py").write_text(f"open({str(mark)!r}, 'w').close()")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        for name in [name for name in sys.modules if name.partition(".")[0] == "megatron"]:
            monkeypatch.delitem(sys.modules, name)
        return mark

    HOSTILE = {  # noqa: RUF012
        "auto_mapping": {"base_model_class": "Evil", "parent_library": "megatron.core"},
        "megatron_config": {"hidden_size": 1},
        "megatron_core": "megatron.core",
    }

    @pytest.mark.slow
    def test_no_module_is_imported(self, copied, planted):
        folder = copied(LORA, config=lambda values: values.update(self.HOSTILE))
        importing.test(few_texts(importing.describe(folder)), folder, Recorder())
        assert not planted.exists()
        kept = json.loads((folder / adapters.CONFIG).read_text())
        assert not set(self.HOSTILE) & set(kept)
        assert "megatron" not in sys.modules

    @pytest.mark.slow
    def test_peft_itself_would_import_it(self, copied, planted, base):
        from peft import PeftModel

        folder = copied(LORA, config=lambda values: values.update(self.HOSTILE))
        with pytest.raises(AttributeError):
            PeftModel.from_pretrained(base.private(SENTIMENT), str(folder))
        assert planted.exists()
        sys.modules.pop("megatron.core", None)
        sys.modules.pop("megatron", None)

    @pytest.mark.slow
    def test_no_tokenizer_is_fetched(self, built, copied, no_network, base):
        more = {
            "prompt_tuning_init": "TEXT",
            "prompt_tuning_init_text": "Is this good?",
            "tokenizer_name_or_path": "evil/tokenizer",
            "tokenizer_kwargs": {"trust_remote_code": True},
            "prompt_tuning_init_state_dict_path": "/etc/passwd",
            "revision": "evil",
        }
        folder = copied(built("prompt_tuning"), config=lambda values: values.update(more))
        result = importing.test(few_texts(importing.describe(folder)), folder, Recorder())
        assert result.num_adapter_parameters > 0
        assert not set(more) & set(json.loads((folder / adapters.CONFIG).read_text()))
        assert not no_network

    @pytest.mark.usefixtures("untried")
    def test_unknown_keys_are_dropped(self, copied):
        folder = copied(IA3, config=lambda values: values.update(evil="x", runtime_config={}))
        importing.describe(folder)
        kept = json.loads((folder / adapters.CONFIG).read_text())
        assert not {"evil", "runtime_config"} & set(kept)
        assert kept["inference_mode"] is True

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("target_modules", "(.*)*x"),
            ("target_modules", "((a+)+)+$"),
            ("target_modules", "a*b*c*d*e*"),
            ("target_modules", "(?:a)"),
            ("exclude_modules", "x" * 201),
            ("rank_pattern", {"(a+)+": 4}),
            ("rank_pattern", {"q_lin": 10**9}),
            ("layers_to_transform", [10**9]),
            ("alpha_pattern", {f"{number}": 1 for number in range(1_001)}),
            ("lora_dropout", float("nan")),
            ("lora_alpha", float("inf")),
            ("alpha_pattern", {"q_lin": float("nan")}),
        ],
    )
    def test_what_would_take_for_ever(self, copied, name, value):
        folder = copied(LORA, config=lambda values: values.update({name: value}))
        assert name in refusal(importing.describe, folder)

    def test_a_seed_that_no_browser_could_read(self, built, copied):
        folder = copied(
            built("vera"), config=lambda values: values.update(projection_prng_key=10**400)
        )
        assert "projection_prng_key of at most" in refusal(importing.describe, folder)

    def test_more_settings_than_every_browser_should_get(self, copied):
        many = {f"{'x' * 190}{number}": 1 for number in range(900)}
        folder = copied(LORA, config=lambda values: values.update(alpha_pattern=many))
        assert "at most 100,000 characters" in refusal(importing.describe, folder)

    def test_a_rank_beyond_all_memory(self, copied):
        folder = copied(LORA, config=lambda values: values.update(r=10**9))
        assert "r of at most 2,560" in refusal(importing.describe, folder)

    def test_sizes_that_multiply_beyond_all_memory(self, built, copied):
        folder = copied(built("peanut"), config=lambda values: values.update(r=2_560, depth=40))
        assert "1 GB of memory" in refusal(importing.describe, folder)

    @pytest.mark.slow
    def test_indices_beyond_the_weight(self, built, copied):
        def spoil(weights: dict[str, Any]) -> None:
            for name, tensor in weights.items():
                if name.endswith("_indices"):
                    tensor[0, 0] = 10_000

        folder = copied(built("shira"), tensors=spoil)
        assert "must load" in refusal(importing.describe, folder)

    @pytest.mark.slow
    def test_the_shared_base_stays_as_it_is(self, base, tmp_path):
        from peft import LoraConfig, get_peft_model

        before = base.checksum()
        model = get_peft_model(
            base.private(SENTIMENT),
            LoraConfig(
                task_type="SEQ_CLS",
                bias="all",
                target_modules=["q_lin"],
                modules_to_save=list(FAMILY.head),
            ),
        )
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.data += 1
        adapters.save(model, tmp_path / "biased")
        importing.describe(tmp_path / "biased")
        assert base.checksum() == before

    @pytest.mark.slow
    def test_answers_that_are_drawn_at_random(self, built, copied):
        folder = copied(
            built("pvera"),
            config=lambda values: values.update(sample_at_inference=True),
            tensors=lambda weights: [
                tensor.fill_(0.1) for name, tensor in weights.items() if "lambda" in name
            ],
        )
        assert "at random" in refusal(importing.describe, folder)

    @pytest.mark.slow
    def test_a_start_that_was_drawn_at_random(self, built, copied):
        folder = copied(
            built("pissa"), config=lambda values: values.update(init_lora_weights="pissa_niter_1")
        )
        refusal(importing.describe, folder)
