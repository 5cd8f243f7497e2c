"""Sentences from templates, and how numbers and names are written in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from peft_demo import formats
from peft_demo.comparison.facts import Baseline, Comparison, RunFacts
from peft_demo.formats import percent, whole
from peft_demo.languages import _, in_signs
from peft_demo.runs.results import Evaluation
from peft_demo.statistics import Interval, Scores
from peft_demo.templating import environment


def between(ends: Interval | Scores | Baseline | Evaluation) -> str:
    """Such as ``79.1 % to 83.2 %``."""
    return _("%(low)s to %(high)s") % {"low": percent(ends.low), "high": percent(ends.high)}


def p_value(p: float) -> str:
    """Such as ``p = 0.16`` or ``p < 0.001``."""
    # Near the limit, rounding must not hide on which side it is.
    digits = 3 if 0.045 < p < 0.055 else 2
    return in_signs("p < 0.001" if p < 0.001 else f"p = {p:.{digits}g}")


def listed(names: Sequence[str]) -> str:
    """Such as ``A, B and C``, or ``A, b; C, d and E`` where names have commas themselves."""
    comma = "; " if len(names) > 2 and any("," in name for name in names) else ", "
    return names[0] if len(names) == 1 else f"{comma.join(names[:-1])} {_('and')} {names[-1]}"


def counted(number: int, noun: str) -> str:
    """Such as ``1 run`` or ``1,200 runs``."""
    return f"{whole(number)} {noun}" if number == 1 else f"{whole(number)} {noun}s"


def about(count: int) -> str:
    """With two digits that count: 3,362 is about 3,400."""
    return whole(float(f"{count:.2g}"))


# Plain text: who puts it into a page escapes it.
_environment = environment(Path(__file__).parent / "sentences")
_environment.filters |= {"short": lambda value: in_signs(f"{value:.3g}")}
_environment.filters |= {f.__name__: f for f in (between, p_value, listed, counted, about)}


def sentences(name: str, /, **facts: object) -> list[str]:
    """What a template of ``sentences/`` says of these facts, one on each of its lines."""
    told = _environment.get_template(f"{name}.txt").render(facts)
    return [line for line in told.split("\n") if line]


def in_order(*told: str) -> tuple[str, ...]:
    """Sentences of a verdict, with those in brackets, about the methods, at its end."""
    return tuple(sorted(told, key=lambda sentence: sentence.startswith("(")))


_COLUMNS = (
    "accuracy",
    "95 % interval",
    "F1",
    "log loss",
    "Brier",
    "ECE",
    "adapter",
    "head",
    "training time",
)


def table(comparison: Comparison) -> list[str]:
    """The test results as lines of text, the baselines below them."""
    rows = [("run", *_COLUMNS), *(_row(run) for run in comparison.runs)]
    for line in comparison.baselines:
        name = f"{line.name} ({line.detail})" if line.detail else line.name
        scores = (percent(line.accuracy), between(line))
        rows.append((name, *scores, *[""] * (len(_COLUMNS) - len(scores))))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _row(run: RunFacts) -> tuple[str, ...]:
    scores = ["–"] * 6
    if of := run.quality:
        numbers = (of.macro_f1, of.log_loss.value, of.brier, of.calibration_error)
        scores = [percent(of.accuracy), between(of), *map(formats.score, numbers)]
    counts = (run.num_adapter_parameters, run.num_head_parameters)
    sizes = ("–" if count is None else whole(count) for count in counts)
    seconds = "–" if run.training_seconds is None else formats.seconds(run.training_seconds)
    return (run.name, *scores, *sizes, seconds)
