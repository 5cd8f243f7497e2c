"""What a run is: its configuration, its life, its measurements and its result, as plain data."""

from peft_demo.runs.config import RunConfig
from peft_demo.runs.history import read_config
from peft_demo.runs.imported import ImportedConfig
from peft_demo.runs.known import KnownConfig, telling
from peft_demo.runs.mixed import MixedConfig
from peft_demo.runs.results import (
    BeforeTraining,
    BestEpoch,
    EpochMetrics,
    Evaluation,
    Progress,
    RangeTest,
    RunResult,
    StepMetrics,
    StoppedEarly,
    best_epoch,
)
from peft_demo.runs.run import (
    GroupKind,
    Reporter,
    Run,
    RunGroup,
    RunKind,
    RunStatus,
    name_of,
)
from peft_demo.runs.run_fields import (
    LEARNING_RATE,
    METHOD,
    NAME,
    PART_SEEDS,
    fields_of,
    run_field,
    run_fields,
)
from peft_demo.runs.sample import RunTexts, draw, tested_texts

__all__ = [
    "LEARNING_RATE",
    "METHOD",
    "NAME",
    "PART_SEEDS",
    "BeforeTraining",
    "BestEpoch",
    "EpochMetrics",
    "Evaluation",
    "GroupKind",
    "ImportedConfig",
    "KnownConfig",
    "MixedConfig",
    "Progress",
    "RangeTest",
    "Reporter",
    "Run",
    "RunConfig",
    "RunGroup",
    "RunKind",
    "RunResult",
    "RunStatus",
    "RunTexts",
    "StepMetrics",
    "StoppedEarly",
    "best_epoch",
    "draw",
    "fields_of",
    "name_of",
    "read_config",
    "run_field",
    "run_fields",
    "telling",
    "tested_texts",
]
