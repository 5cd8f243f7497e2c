"""Combinations: the ways in which peft can put the adapters of several runs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import Choice, Number, must_be, shown
from peft_demo.languages import gettext_noop
from peft_demo.methods import METHODS
from peft_demo.runs.known import KnownConfig
from peft_demo.runs.run import Run

MOST_PARENTS = 8


@dataclass(frozen=True)
class Combination:
    """One of peft's ways to put adapters together (``add_weighted_adapter``)."""

    id: str
    about: str
    has_density: bool = False
    takes_any_rank: bool = False


COMBINATIONS = {
    row.id: row
    for row in (
        Combination("linear", gettext_noop("the matrices are added, each by its weight's root")),
        Combination(
            "svd",
            gettext_noop("the changes ΔW are added by weight and cut to the largest rank"),
            takes_any_rank=True,
        ),
        Combination(
            "cat",
            gettext_noop("the changes ΔW are added by weight exactly; the ranks add up too"),
            takes_any_rank=True,
        ),
        Combination(
            "ties",
            gettext_noop("TIES on the matrices: the largest entries, where their signs agree"),
            has_density=True,
        ),
        Combination(
            "ties_svd",
            gettext_noop("TIES on the changes ΔW, cut to the largest rank"),
            has_density=True,
            takes_any_rank=True,
        ),
        Combination(
            "dare_linear",
            gettext_noop("DARE on the matrices: entries are dropped at random, the rest scaled up"),
            has_density=True,
        ),
        Combination(
            "dare_linear_svd",
            gettext_noop("DARE on the changes ΔW, cut to the largest rank"),
            has_density=True,
            takes_any_rank=True,
        ),
        Combination(
            "dare_ties",
            gettext_noop("DARE on the matrices, then TIES' signs"),
            has_density=True,
        ),
        Combination(
            "dare_ties_svd",
            gettext_noop("DARE on the changes ΔW, then TIES' signs, cut to the largest rank"),
            has_density=True,
            takes_any_rank=True,
        ),
        Combination(
            "magnitude_prune",
            gettext_noop("the largest entries of the matrices are added by weight"),
            has_density=True,
        ),
        Combination(
            "magnitude_prune_svd",
            gettext_noop("the largest entries of ΔW are added by weight, cut to the largest rank"),
            has_density=True,
            takes_any_rank=True,
        ),
    )
}

WEIGHT = Number(
    "weights",
    gettext_noop("Weight"),
    gettext_noop("How much a run counts; with weights whose sum is 1 the mix is their mean."),
    0.5,
    0.0,
    2.0,
    0.05,
)
DENSITY = Number(
    "density",
    gettext_noop("Density"),
    gettext_noop("The share of entries that TIES, DARE and pruning keep; others take no notice."),
    0.5,
    0.01,
    1.0,
    0.01,
)

_OF_CLASS = {"LoraConfig": tuple(COMBINATIONS), "IA3Config": ("linear",)}
"""What peft has for the adapters of a class."""


def combinations_of(runs: Sequence[Run]) -> tuple[Combination, ...]:
    """The ways in which peft can put the adapters of some finished runs together.

    Raises:
        InvalidFieldsError: there is none; says why, at ``run_ids``.
    """
    if not 2 <= len(runs) <= MOST_PARENTS:
        refuse("run_ids", must_be("run_ids", f"2 to {MOST_PARENTS} runs to mix", f"{len(runs)}"))
    for run in runs[1:]:
        for (allowed, ours), (_same, theirs) in zip(
            _alike(runs[0].config), _alike(run.config), strict=False
        ):
            if ours != theirs:
                refuse("run_ids", must_be("run_ids", allowed, f"{ours} and {theirs}"))
    method = METHODS[runs[0].config.method]
    known = _OF_CLASS.get(method.peft_config.name, ()) if method.peft_config else ()
    reason = ""
    if not known or method.is_head_only:
        reason = "peft has no combination of its adapters"
    elif method.writes_to_base:
        reason = "each of its adapters changes the base before it is trained"
    elif method.peft_config and method.peft_config.options.get("use_dora"):
        reason = "peft leaves out its magnitudes"
    elif any(run.config.get("bias") not in (None, "none") for run in runs):
        reason = "peft leaves out the biases that one of them trained"
    if reason:
        refuse(
            "run_ids",
            f"run_ids must name runs whose adapters peft can combine, got {method.label}: "
            f"{reason}.",
        )
    ranks = {run.config.get("r") for run in runs}
    is_even = len(ranks) == 1 and not any(run.config.get("rank_pattern") for run in runs)
    rows = [COMBINATIONS[name] for name in known]
    return tuple(row for row in rows if is_even or row.takes_any_rank)


def checked_mix(
    runs: Sequence[Run], weights: object, combination: object, density: object
) -> tuple[tuple[float, ...], Combination, float | None]:
    """Weights, way and density as they are to be used; no density where it means nothing.

    Raises:
        InvalidFieldsError: a sentence at each field that is not allowed.
    """
    offered = combinations_of(runs)
    problems: dict[str, str] = {}
    row, share = offered[0], DENSITY.default
    names = tuple(each.id for each in offered)
    try:
        field = Choice("combination", "Combination", "", names[0], names)
        row = COMBINATIONS[str(field.check(combination))]
    except InvalidFieldsError as error:
        problems |= error.problems
    try:
        share = DENSITY.check(density) if row.has_density else None  # type: ignore[assignment]
    except InvalidFieldsError as error:
        problems |= error.problems
    found: tuple[float, ...] = ()
    try:
        found = _weights(weights, len(runs))
    except InvalidFieldsError as error:
        problems |= error.problems
    if problems:
        raise InvalidFieldsError(problems)
    return found, row, share


def _weights(weights: object, number: int) -> tuple[float, ...]:
    if not isinstance(weights, Sequence) or isinstance(weights, (str, bytes)):
        refuse("weights", must_be("weights", f"a list of {number} numbers", shown(weights)))
    if len(weights) != number:
        refuse("weights", must_be("weights", f"{number} numbers, one a run", f"{len(weights)}"))
    found = tuple(float(str(WEIGHT.check(weight))) for weight in weights)
    if not any(found):
        refuse("weights", must_be("weights", "above 0 for at least one run", "0 for all"))
    return found


def _alike(config: KnownConfig) -> list[tuple[str, str]]:
    """What runs to mix must have in common, and what this one has."""
    blocks = config.get("layers_to_transform") or ("all blocks",)
    alike = [
        ("runs of one base", config.base_model),
        ("runs with the same labels", ", ".join(config.labels)),
        ("runs of one method", config.method_label),
        ("runs that adapt the same blocks", ", ".join(map(str, blocks))),
    ]
    if config.method == "ia3":
        # Of a layer that one run does not scale, peft takes 0 for its factor instead of 1.
        modules = config.get("target_modules") or ()
        alike.append(("runs that adapt the same modules", ", ".join(map(str, modules))))
    return alike
