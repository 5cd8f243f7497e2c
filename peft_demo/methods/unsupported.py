"""What else peft offers, and why it is not in the table."""

from dataclasses import dataclass

from peft_demo.models import FAMILY


@dataclass(frozen=True)
class Unsupported:
    """A method of peft that a user may look for here."""

    label: str
    reason: str
    """Why it is not offered, in one sentence."""
    peft_type: str = ""
    """Its name in peft's PeftType; empty for a variant of another method."""


_PAST_KEY_VALUES = (
    f"It puts trained keys and values before the text's own, and {FAMILY.label} takes none."
)
_TASKS = "It learns several tasks at once and wants to be told which one; here there is one."
_LATER = f"It works on {FAMILY.label}, but "

UNSUPPORTED = (
    Unsupported("Prefix tuning", _PAST_KEY_VALUES, "PREFIX_TUNING"),
    Unsupported("Cartridge", _PAST_KEY_VALUES, "CARTRIDGE"),
    Unsupported("CPT", "peft allows it for causal language models only.", "CPT"),
    Unsupported(
        "LLaMA-Adapter (adaption prompt)",
        "peft knows where to put it in LLaMA, Mistral and GPT-2 alone.",
        "ADAPTION_PROMPT",
    ),
    Unsupported("Multitask prompt tuning", _TASKS, "MULTITASK_PROMPT_TUNING"),
    Unsupported("Poly", _TASKS, "POLY"),
    Unsupported(
        "X-LoRA", "It mixes LoRA adapters that were trained before; here none are.", "XLORA"
    ),
    Unsupported(
        "Trainable tokens",
        "It trains the embeddings of new words only, and leaves no trained head in its file.",
        "TRAINABLE_TOKENS",
    ),
    Unsupported(
        "Shadow",
        f"Its second network expects a decoder; on {FAMILY.label} it crashes.",
        "SHADOW",
    ),
    Unsupported("FRoD", f"{_LATER}it takes seconds to start and saves files of 14 MB.", "FROD"),
    Unsupported(
        "AdaMSS",
        f"{_LATER}it decomposes every weight at the start and saves files of 9 MB.",
        "ADAMSS",
    ),
    Unsupported(
        "OSF",
        f"{_LATER}it trains a third of the base, against forgetting earlier tasks; here there is "
        "one task.",
        "OSF",
    ),
    Unsupported("DEFT", f"{_LATER}it was made to teach image generators new subjects.", "DEFT"),
    Unsupported(
        "Super-Tuning",
        f"{_LATER}it is so near to SHiRA that a row of its own would show nothing new.",
        "SUPERTUNING",
    ),
    Unsupported("LoftQ", "It needs bitsandbytes and a quantised base."),
    Unsupported("QLoRA, QALoRA", "They need a quantised base, which needs a GPU."),
    Unsupported("LoRA-GA", "Saved and loaded again, it gives other logits."),
    Unsupported("CorDA", "Saved and loaded again, it gives other logits."),
    Unsupported("EVA", "It needs a pass over the data before training, which runs here have not."),
    Unsupported("Bone", "peft replaced it by MiSS, which is in the table."),
)
