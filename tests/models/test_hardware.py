"""What networks are computed on."""

import pytest
import torch

from peft_demo.models import hardware


@pytest.mark.parametrize(
    ("capability", "bf16", "amx", "precision"),
    [
        ("AVX512", True, False, "bfloat16"),
        ("AVX512", False, True, "bfloat16"),
        ("AVX512", False, False, "float32"),
        ("AVX2", True, False, "float32"),
    ],
)
def test_the_precision_goes_by_the_instructions(monkeypatch, capability, bf16, amx, precision):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bf16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(hardware, "_faster", {})
    assert hardware.training_precision() == precision
    monkeypatch.setenv("PEFT_DEMO_PRECISION", "float32")
    assert hardware.training_precision() == "float32"
