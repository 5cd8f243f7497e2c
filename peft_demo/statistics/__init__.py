"""What test results can tell: intervals, paired tests, calibration. No torch, no gradio here.

scipy, statsmodels and scikit-learn are imported where they are used, so that the page, which
imports this package, is served before they are loaded.
"""

from peft_demo.statistics.equivalence import (
    MARGIN,
    equivalence,
    repeats_equivalence,
    texts_needed_for_equivalence,
)
from peft_demo.statistics.intervals import (
    ALPHA,
    Estimate,
    Interval,
    mean_interval,
    paired_difference,
    repeats_difference,
    wilson_interval,
)
from peft_demo.statistics.pairs import discordant, holm, mcnemar, texts_needed
from peft_demo.statistics.predictions import (
    SET_ID,
    TEST_SET,
    Predictions,
    accuracy,
    log_loss,
    softmax,
)
from peft_demo.statistics.scores import Scores, scores

__all__ = [
    "ALPHA",
    "MARGIN",
    "SET_ID",
    "TEST_SET",
    "Estimate",
    "Interval",
    "Predictions",
    "Scores",
    "accuracy",
    "discordant",
    "equivalence",
    "holm",
    "log_loss",
    "mcnemar",
    "mean_interval",
    "paired_difference",
    "repeats_difference",
    "repeats_equivalence",
    "scores",
    "softmax",
    "texts_needed",
    "texts_needed_for_equivalence",
    "wilson_interval",
]
