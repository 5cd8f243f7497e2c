"""Rungs of a ladder of learning rates, as ``tune`` would have measured them."""

from peft_demo.methods.measured_rates import TunedRun


def run(rate: float, loss: float | None, seed: int = 42, method: str = "lora") -> TunedRun:
    """One rung; without a loss it diverged."""
    return TunedRun(
        method=method,
        learning_rate=rate,
        seed=seed,
        config={"method": method},
        outcome="trained" if loss is not None else "diverged",
        steps=63,
        eval_loss=loss,
    )
