"""What a model of reviews should understand: texts by capability, and pairs that an edit turns."""

from peft_demo.capabilities.capability import LABELS, Answers, Capability, Kind, Positive
from peft_demo.capabilities.challenge import all_texts, evaluation_sets
from peft_demo.capabilities.pairs import COLUMNS, Pairs, built_in, read_pairs
from peft_demo.capabilities.reviews import changed_reviews
from peft_demo.capabilities.sentences import sentences

__all__ = [
    "COLUMNS",
    "LABELS",
    "Answers",
    "Capability",
    "Kind",
    "Pairs",
    "Positive",
    "all_texts",
    "built_in",
    "evaluation_sets",
    "every",
    "read_pairs",
]


def every() -> tuple[Capability, ...]:
    """All of them: labelled sentences, then changed reviews.

    Raises:
        AssetError: the built-in reviews are missing or damaged.
    """
    return (*sentences(), *changed_reviews())
