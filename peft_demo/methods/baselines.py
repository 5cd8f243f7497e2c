"""What PEFT methods are measured against: the head alone, and everything."""

from __future__ import annotations

from peft_demo.methods.method import ConfigOf, Method

NO_MODULES = "dummy-target-modules"
"""What peft calls no layer at all."""

ROWS = (
    Method(
        id="head_only",
        label="Head only",
        summary="Trains just the classification head on top of the frozen base: the "
        "honest baseline, since every adapter trains this head too.",
        formula=r"y = C \operatorname{ReLU}(P h_{\text{[CLS]}} + p) + c",
        year=2014,
        paper="How transferable are features in deep neural networks?",
        paper_url="https://arxiv.org/abs/1411.1792",
        fields=(),
        stacks=False,
        starting_rate=1e-3,
        # peft's own format without an adapter: plain PeftModel.from_pretrained loads it as well.
        peft_config=ConfigOf("LoraConfig", {"target_modules": NO_MODULES}),
        baseline=True,
    ),
    Method(
        id="full_ft",
        kept_activations=0.7,
        label="Full fine-tuning",
        summary="Trains every parameter of the base and the head: the costly yardstick "
        "that PEFT methods are measured against.",
        formula=r"h = (W + \Delta W) x",
        year=2018,
        paper="BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        paper_url="https://arxiv.org/abs/1810.04805",
        fields=(),
        starting_rate=1e-4,
        peft_config=None,
        merges=False,
        baseline=True,
        writes_to_base=True,
    ),
)
