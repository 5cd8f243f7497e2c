"""A finished run beside its neighbour: the latest that differs from it in a single setting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from peft_demo.comparison.describe import cell_key, labels_of, settings, was_cut
from peft_demo.comparison.words import sentences
from peft_demo.runs import PART_SEEDS, Run, RunKind

_LUCK = {"seed", *PART_SEEDS}
"""Settings that are no change of the training, only another draw."""


def beside_neighbour(run: Run, others: Iterable[Run]) -> list[str]:
    """That it differs from its neighbour by less than the seed does, if so; else nothing.

    How far the seed moves an accuracy is the range of repeats of either of the two; where there are
    none, half the width of the test's 95 % interval stands for it.
    """
    alike = [other for other in others if other.run_id != run.run_id and _same_test(run, other)]
    near = [(other, _changed(run, other)) for other in alike]
    near = [(other, fields) for other, fields in near if len(fields) == 1]
    if not near:
        return []
    neighbour, (field,) = max(near, key=lambda pair: pair[0].finished_at or pair[0].created_at)
    repeats = max((_repeats(each, [run, *alike]) for each in (run, neighbour)), key=len)
    spread = max(repeats) - min(repeats) if len(repeats) > 1 else _half_width(run)
    difference = abs(_accuracy(run) - _accuracy(neighbour))
    if difference >= spread:
        return []
    assert run.result is not None
    return sentences(
        "neighbour",
        name=neighbour.config.name,
        label=labels_of([run]).get(field, field),
        values=[settings(each).get(field, "–") for each in (run, neighbour)],
        difference=difference,
        spread=spread,
        num_repeats=len(repeats),
        num_texts=run.result.num_test_reviews,
    )


def _same_test(run: Run, other: Run) -> bool:
    """Whether both were trained here and tested on the same texts, of which they read as much."""
    if RunKind.TRAINING not in (run.kind, other.kind) or run.kind != other.kind:
        return False
    one, two = run.config, other.config
    if was_cut(run) or was_cut(other):
        return False
    if not run.result or not other.result or run.problem or other.problem:
        return False
    fields = ("dataset", "base_model", "max_length")
    is_same = run.result.test_set == other.result.test_set
    return is_same and all(one.get(field) == two.get(field) for field in fields)


def _changed(run: Run, other: Run) -> list[str]:
    """The fields, but for name and seeds, whose values differ."""
    one, two = run.config.flat(), other.config.flat()
    rest = (one.keys() | two.keys()) - _LUCK - {"name"}
    return sorted(field for field in rest if one.get(field) != two.get(field))


def _repeats(run: Run, among: Sequence[Run]) -> list[float]:
    """The accuracies of runs that share everything but their seed with this one, its own too."""
    key = cell_key(run.config)
    return [_accuracy(each) for each in among if cell_key(each.config) == key]


def _accuracy(run: Run) -> float:
    assert run.result is not None
    return run.result.test_accuracy


def _half_width(run: Run) -> float:
    assert run.result is not None
    low, high = run.result.test_interval
    return (high - low) / 2
