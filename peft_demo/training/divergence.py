"""Whether a training has diverged: its loss is no number any more, or has exploded."""

from __future__ import annotations

import math
from collections.abc import Sequence

from peft_demo.errors import DivergedError
from peft_demo.formats import score
from peft_demo.methods import METHODS, measured_rates
from peft_demo.runs import EpochMetrics, RunConfig, StepMetrics

EXPLODED = 10.0
"""A loss has exploded at this many times that of guessing: at rates that some method learns by,
epochs stay below 2. Measured; benchmarks/NOTES.md has the figures of this and the next two."""

HOPELESS = 1_000.0
"""From this many times on, at best the few texts of a small run were learnt by heart."""

CLOSING = 0.5
"""The same holds of a loss that is still exploded after this share of the steps."""

GUESSED = 0.95
"""A run that exploded and ends above this share of the loss of guessing has learnt nothing."""


class Divergence:
    """Watches the losses of one run."""

    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self._guessing = math.log(len(config.labels))
        self._penalty: float | None = None
        """What the method adds to its training loss at the start, such as AdaLoRA."""
        self._highest = 0.0

    def go_on_after(self, steps: Sequence[StepMetrics], epochs: Sequence[EpochMetrics]) -> None:
        """Know what was found in the first steps and epochs of a training that goes on."""
        self._penalty = max(0.0, steps[0].loss - self._guessing)
        self._highest = max(epoch.train_loss - self._penalty for epoch in epochs)

    def check_step(self, loss: float, step: int) -> None:
        """Refuse a training loss that is not finite.

        Raises:
            DivergedError: it is not; names the rate, and the nearest that were measured.
        """
        self._check_number("training", loss, step)
        if self._penalty is None:
            self._penalty = max(0.0, loss - self._guessing)

    def check_validation(self, loss: float, step: int) -> None:
        """The same for a validation loss: the last step may spoil the weights unseen.

        Raises:
            DivergedError: it is not finite; of step 0 it does not blame the rate.
        """
        if not (step or math.isfinite(loss)):
            raise DivergedError(
                f"The validation loss is {loss} before the first step: the base model gives no "
                "numbers for these texts, which no learning rate mends."
            )
        self._check_number("validation", loss, step)

    def check_epoch(self, epoch: EpochMetrics, max_steps: int) -> None:
        """Refuse to go on without hope, or to end no better than guessing after an explosion.

        What learns few texts by heart has a high validation loss, and is not meant.

        Raises:
            DivergedError: names the rate, and the nearest that were measured.
        """
        training = epoch.train_loss - (self._penalty or 0.0)
        loss = min(training, epoch.eval_loss)
        self._highest = max(self._highest, training)
        exploded = EXPLODED * self._guessing
        is_closing = epoch.step >= CLOSING * max_steps and loss > exploded
        has_learnt = loss < GUESSED * self._guessing
        is_lost = epoch.step >= max_steps and self._highest > exploded and not has_learnt
        if loss > HOPELESS * self._guessing or is_closing or is_lost:
            highest, guessing = score(self._highest), score(self._guessing)
            raise self._diverged(f"training loss {highest}, where guessing has {guessing}")

    def _check_number(self, kind: str, loss: float, step: int) -> None:
        if not math.isfinite(loss):
            raise self._diverged(f"{kind} loss {loss} at step {step}")

    def _diverged(self, sign: str) -> DivergedError:
        method, rate = METHODS[self._config.method], self._config.learning_rate
        too_high = measured_rates.too_high(method.id, method.label, rate, sign)
        return DivergedError(f"The run diverged: {too_high}")
