"""``python -m benchmarks.range_tests [METHOD…]``: each method's range test, into one file.

The rule of peft_demo.training.lr_range.suggest is tested on these curves against the rates that
``peft_demo tune`` found by training at each.
"""

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

# Two processes may share the work on one file.
from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from peft_demo import settings
from peft_demo.errors import NotFoundError
from peft_demo.fields import shown
from peft_demo.methods import METHODS
from peft_demo.models import hardware
from peft_demo.runs import Reporter, RunConfig
from peft_demo.training import lr_range, tune

FILE = settings.BENCHMARKS / "range_tests.json"


class Curve(BaseModel):
    """One method's range test, numbers with five significant digits."""

    model_config = ConfigDict(frozen=True)

    method: str
    learning_rates: tuple[float, ...]
    losses: tuple[float, ...]
    seconds: float
    environment: dict[str, str]


def measure(method_ids: Sequence[str], path: Path = FILE) -> None:
    """Test what is missing in the file; stopped and started again, it goes on.

    Raises:
        NotFoundError: there is no such method.
        PeftDemoError: a test failed; says why.
    """
    for method_id in method_ids:
        if method_id not in METHODS:
            raise NotFoundError(
                f"METHOD must be one of {', '.join(METHODS)}, got {shown(method_id)}."
            )
    for method_id in method_ids or METHODS:
        if method_id not in read(path):
            curve = _test(method_id)
            add(curve, path)
            print(f"{METHODS[method_id].label}: {curve.seconds:.0f} s", flush=True)


def read(path: Path = FILE) -> dict[str, Curve]:
    """The curves of a file by their methods; none if it is not there yet."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))["curves"]
    return {row["method"]: Curve.model_validate(row) for row in rows}


def add(curve: Curve, path: Path) -> None:
    """Put a curve into the file, which other processes may be writing to as well."""
    with FileLock(f"{path}.lock"):
        curves = {**read(path), curve.method: curve}
        rows = ",\n".join(curves[name].model_dump_json() for name in METHODS if name in curves)
        partial = path.with_suffix(".partial")
        partial.write_text(f'{{"curves": [\n{rows}\n]}}\n', encoding="utf-8")
        partial.replace(path)


def _test(method_id: str) -> Curve:
    config = RunConfig({"method": method_id, "seed": tune.SEEDS[0], **tune.PROTOCOL})
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = lr_range.find(config, Path(folder), Reporter())
    return Curve(
        method=method_id,
        learning_rates=tuple(map(_short, found.learning_rates)),
        losses=tuple(map(_short, found.losses)),
        seconds=_short(time.perf_counter() - started),
        environment=hardware.environment(),
    )


def _short(number: float) -> float:
    return float(f"{number:.5g}")


def main() -> None:
    """Measure the methods that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="all of them if left out")
    asked = parser.parse_args()
    hardware.share_cores()
    warnings.simplefilter("ignore")
    measure(asked.methods)


if __name__ == "__main__":
    main()
