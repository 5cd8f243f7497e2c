"""``make bench``: pairs of runs, ours and the baseline in turn, and the median of their ratios."""

import contextlib
import io
import json
import statistics
import tempfile
import warnings
from pathlib import Path

from peft_demo import bases, hardware, presets, reviews, training
from peft_demo.runs import BUILTIN_BASE, IMDB

PAIRS = 3
EPOCHS = 2


class _Silent:
    """A reporter that nobody reads."""

    def progress(self, progress: object) -> None:
        pass

    def step(self, metrics: object) -> None:
        pass

    def epoch(self, metrics: object) -> None:
        pass

    def should_stop(self) -> bool:
        return False


def ours() -> float:
    """Reviews per second of the assignment's LoRA 1 in this program, evaluation included."""
    config = presets.preset("lora-1").config(
        base_model=BUILTIN_BASE, num_train_epochs=EPOCHS, num_test_reviews=50
    )
    with tempfile.TemporaryDirectory() as folder:
        result = training.train(config, Path(folder), _Silent())
    return result.train_output["train_samples_per_second"]


def baseline(base_folder: str) -> float:
    """The same of the notebook, whose libraries are imported after the cores are shared."""
    from benchmarks.baselines import notebook

    config = presets.preset("lora-1").config(base_model=BUILTIN_BASE)
    drawn = reviews.draw(reviews.load(IMDB), config)
    parts = [
        {"text": list(part.texts), "labels": list(part.labels)}
        for part in (drawn.train, drawn.validation)
    ]
    return notebook.train_lora_1(base_folder, *parts)


def main() -> None:
    """Measure, print one table, and write benchmarks/results.json."""
    hardware.share_cores()
    warnings.simplefilter("ignore")
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        bases.export(Path(folder))
        for number in range(PAIRS):
            print(f"pair {number + 1} of {PAIRS} …", flush=True)
            silence = io.StringIO()
            with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
                pairs.append((ours(), baseline(folder)))
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
    print(f"{'what':44} {'ours':>8} {'notebook':>9} {'ratio':>6}")
    what = "training, LoRA 1, 50 tokens (reviews/s)"
    print(f"{what:44} {mine:8.1f} {theirs:9.1f} {ratio:5.2f}x")
    results = {
        "machine": {"processor": hardware.processor_name(), "threads": hardware.threads()},
        "precision": hardware.training_precision(),
        "training_lora_1_50_tokens": {
            "unit": "reviews per second",
            "pairs": [{"ours": a, "notebook": b} for a, b in pairs],
            "median_ratio": ratio,
        },
    }
    path = Path(__file__).with_name("results.json")
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
