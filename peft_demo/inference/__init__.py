"""Predictions of any number of adapters over shared weights."""

from peft_demo.inference.challenging import challenged
from peft_demo.inference.evaluating import SetEvaluation, evaluate
from peft_demo.inference.explaining import WAYS, Explainer, Explanation
from peft_demo.inference.inside import Insides
from peft_demo.inference.many import ManyAnswers
from peft_demo.inference.map import Maps
from peft_demo.inference.mix import Mixes
from peft_demo.inference.mixture import mixture
from peft_demo.inference.predictor import (
    MERGED_FROM,
    MOST_REVIEWS,
    Prediction,
    Predictor,
    check_run_ids,
)
from peft_demo.inference.strength import Strengths

__all__ = [
    "MERGED_FROM",
    "MOST_REVIEWS",
    "WAYS",
    "Explainer",
    "Explanation",
    "Insides",
    "ManyAnswers",
    "Maps",
    "Mixes",
    "Prediction",
    "Predictor",
    "SetEvaluation",
    "Strengths",
    "challenged",
    "check_run_ids",
    "evaluate",
    "mixture",
]
