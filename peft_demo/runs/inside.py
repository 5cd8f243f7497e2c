"""What training changed inside a network, as plain numbers."""

from __future__ import annotations

from pydantic import computed_field

from peft_demo.runs.results import Record
from peft_demo.statistics.spectra import directions, effective_rank


class Change(Record):
    """How one module of the base differs after training: merged weight minus base weight, ΔW."""

    name: str
    """As the network calls it."""
    block: int | None
    """Counted from 0; None of what is in none."""
    module: str
    """Where in its block it stands."""
    norm: float
    """Frobenius norm of ΔW as a share of that of W."""
    bias_norm: float | None = None
    """The same of the bias, where that has changed; None where it was all zeros too."""
    singular_values: tuple[float, ...] = ()
    """Of ΔW, the largest first, without what is rounding; none of a norm's scales, or of what is in
    no block."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def effective_rank(self) -> float:
        """Exponential of the entropy of the singular values' shares (Roy & Vetterli 2007)."""
        return effective_rank(self.singular_values)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def directions(self) -> int:
        """How many directions hold 90 % of the change, by squared singular values."""
        return directions(self.singular_values)


class Moved(Record):
    """How far a trained tensor is from its start, in Frobenius norms."""

    name: str
    size: int
    """Its numbers."""
    end: float
    start: float | None
    """Before the first step; None where nobody knows."""
    distance: float | None
    """Between both."""


class Inside(Record):
    """What one run changed."""

    run_id: str
    rank: int | None
    """That the run was given; None where its method has no such setting."""
    modules: tuple[Change, ...]
    """Of a method whose change is one of the weights, in the network's order."""
    moved: tuple[Moved, ...]
    """Of one that changes no weight of the base: its own tensors, head included."""


class Angles(Record):
    """How the changes of two runs to one module lie to each other.

    Of each as many directions are taken as hold 90 % of it.
    """

    name: str
    block: int | None
    module: str
    dimensions: tuple[int, int]
    column_angles: tuple[float, ...]
    """Principal angles between what the changes write, in degrees from the smallest."""
    column_overlap: float
    """Mean squared cosine of them: 0 of orthogonal subspaces, 1 where one holds the other."""
    column_chance: float
    """Overlap of subspaces drawn at random, on average."""
    row_angles: tuple[float, ...]
    """The same of what the changes read."""
    row_overlap: float
    row_chance: float


class Between(Record):
    """How the changes of two runs lie to each other, for each module that both changed."""

    run_ids: tuple[str, str]
    modules: tuple[Angles, ...]
