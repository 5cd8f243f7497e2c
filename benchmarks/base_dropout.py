"""``python -m benchmarks.base_dropout``: what a base without dropout does to accuracy, over seeds.

Each case trains one preset in several ways with the same seeds, the checkpoint's own dropout first;
the others differ in the values that stand beside them. Results come one by one into
``base_dropout.json``; stopped and started again, it goes on.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from benchmarks.__main__ import silence
from benchmarks.training import config_of
from peft_demo import settings, statistics
from peft_demo.models import hardware
from peft_demo.runs import Reporter
from peft_demo.training import loop

FILE = settings.BENCHMARKS / "base_dropout.json"
SEEDS = 8
OWN, NONE = "own", "none"

_WITHOUT: dict[str, Mapping[str, object]] = {OWN: {}, NONE: {"base_dropout": 0}}
_SMALL: Mapping[str, object] = {
    "num_reviews": 1_000,
    "num_train_epochs": 2,
    "max_length": 64,
    "num_test_reviews": 1_000,
}

CASES: dict[str, tuple[str, Mapping[str, object], Mapping[str, Mapping[str, object]]]] = {
    "quick": (
        "quick",
        {"num_reviews": 400, "num_train_epochs": 2, "num_test_reviews": 1_000},
        {
            **_WITHOUT,
            "none, blocks 3 to 5": {"base_dropout": 0, "layers_to_transform": "3-5"},
            "none, blocks 4 and 5": {"base_dropout": 0, "layers_to_transform": "4-5"},
        },
    ),
    **{
        f"{preset_id}{size}": (preset_id, values, _WITHOUT)
        for size, values in (
            (", 1,000 texts of 64 tokens", _SMALL),
            ("", {"num_reviews": 2_000, "num_train_epochs": 2, "num_test_reviews": 1_000}),
        )
        for preset_id in ("recommended-lora", "recommended-ia3", "recommended-full-ft")
    },
}
"""By name: a preset, what all its runs have, and the ways in which it is trained."""


class Trained(BaseModel):
    """What one run came to."""

    case: str
    way: str
    seed: int
    accuracy: float
    loss: float
    cpu_seconds: float
    """Of the whole run, in one thread."""


def read() -> list[Trained]:
    """All results that are there."""
    if not FILE.exists():
        return []
    return [Trained(**run) for run in json.loads(FILE.read_text(encoding="utf-8"))["runs"]]


def train(case: str, way: str, seed: int) -> Trained:
    """One run of a case."""
    preset_id, shared, ways = CASES[case]
    config = config_of(preset_id, seed=seed, **{**shared, **ways[way]})
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder, silence():
        result = loop.train(config, Path(folder), Reporter())
    return Trained(
        case=case,
        way=way,
        seed=seed,
        accuracy=result.test_accuracy,
        loss=result.test_loss,
        cpu_seconds=round(time.process_time() - started, 1),
    )


def told(runs: Sequence[Trained]) -> list[dict[str, Any]]:
    """Each way against the first of its case, in points, over the seeds that both have."""
    found = []
    for case, (_, _, ways) in CASES.items():
        by_seed = {
            way: {run.seed: run for run in runs if (run.case, run.way) == (case, way)}
            for way in ways
        }
        for way in list(ways)[1:]:
            seeds = sorted({*by_seed[OWN]} & {*by_seed[way]})
            if len(seeds) < 2:
                continue
            ours, own = ([by_seed[each][seed] for seed in seeds] for each in (way, OWN))
            difference, low, high, p = statistics.repeats_difference(
                [100 * run.accuracy for run in ours], [100 * run.accuracy for run in own], True
            )
            found.append(
                {
                    "case": case,
                    "way": way,
                    "seeds": len(seeds),
                    "own": sum(run.accuracy for run in own) / len(seeds) * 100,
                    "points": difference,
                    "interval": (low, high),
                    "p": p,
                    "time": sum(r.cpu_seconds for r in ours) / sum(r.cpu_seconds for r in own),
                }
            )
    return found


def main() -> None:
    """Train what is missing, and print what all of it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--ways", nargs="+", help="only these, by their names")
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    runs = read()
    done = {(run.case, run.way, run.seed) for run in runs}
    for case in asked.only:
        for seed in range(1, asked.seeds + 1):
            for way in asked.ways or CASES[case][2]:
                if (case, way, seed) in done:
                    continue
                runs.append(train(case, way, seed))
                rows = ",\n".join(run.model_dump_json() for run in runs)
                FILE.write_text(f'{{"runs": [\n{rows}\n]}}\n', encoding="utf-8")
                print(runs[-1], flush=True)
    for row in told(runs):
        low, high = row["interval"]
        print(
            f"{row['case']}, {row['way']}: {row['points']:+.2f} points ({low:+.2f} to {high:+.2f}, "
            f"p = {row['p']:.2f}) of {row['own']:.1f} %, {row['seeds']} seeds, "
            f"{row['time']:.2f} of the time"
        )


if __name__ == "__main__":
    main()
