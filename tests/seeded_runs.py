"""Many runs of several methods and owners that look as if they had been trained."""

import random

from peft_demo.methods import METHODS
from peft_demo.runs import EpochMetrics, Progress, RunConfig, RunResult, RunStatus, StepMetrics
from peft_demo.storage import Store

EPOCHS = 10
STEPS = 80

OWNERS = ("api", "anna", *(f"{number:032x}" for number in (0x3F2A << 112, 0xB00C << 112)))
SEEDED_METHODS = ("lora", "dora", "ia3", "vera", "head_only")


def seed(store: Store, count: int) -> list[str]:
    """Put runs into the store that look as if they had been trained; their ids, oldest first."""
    draw = random.Random(1)
    return [seed_one(store, number, draw) for number in range(count)]


def seed_one(store: Store, number: int, draw: random.Random) -> str:
    method = SEEDED_METHODS[number % len(SEEDED_METHODS)]
    rate = round(10 ** draw.uniform(-4, -2), 5)
    config = RunConfig(
        method=method,
        name=f"{METHODS[method].label} number {number}",
        learning_rate=rate,
        num_train_epochs=EPOCHS,
        num_reviews=160,
        seed=number,
    )
    # Past the queue, so that no engine takes them.
    run_id = store.start(config, OWNERS[number % len(OWNERS)]).run_id
    steps = [
        StepMetrics(step=step, loss=0.69 * 0.99**step, learning_rate=rate)
        for step in range(1, STEPS + 1)
    ]
    store.report(run_id, Progress(phase="Training", step=STEPS, max_steps=STEPS), steps)
    for epoch in range(1, EPOCHS + 1):
        store.report(run_id, epoch=_epoch(epoch, draw))
    if number % 10 == 9:
        store.finish(run_id, RunStatus.FAILED, error="RuntimeError: it was made to fail")
    else:
        store.finish(run_id, RunStatus.COMPLETED, result=_result(draw))
    return run_id


def _epoch(epoch: int, draw: random.Random) -> EpochMetrics:
    return EpochMetrics(
        epoch=epoch,
        step=epoch * STEPS // EPOCHS,
        train_loss=0.69 * 0.95**epoch,
        eval_loss=0.69 * 0.97**epoch,
        eval_accuracy=draw.randint(16, 28) / 32,
        seconds=epoch * 2.0,
    )


def _result(draw: random.Random) -> RunResult:
    correct = draw.randint(500, 880)
    return RunResult(
        train_output={"global_step": STEPS, "training_loss": 0.6, "train_runtime": 20.0},
        num_adapter_parameters=draw.choice((0, 20_736, 331_776, 1_179_648)),
        num_head_parameters=148_610,
        num_base_parameters=22_565_376,
        file_bytes=draw.randint(600_000, 5_000_000),
        test_accuracy=correct / 1_000,
        test_interval=(correct / 1_000 - 0.03, correct / 1_000 + 0.03),
        test_loss=draw.uniform(0.35, 0.7),
        num_test_reviews=1_000,
        test_set="seeded",
        reload_difference=0.0,
        saved_as="float32",
        precision="bfloat16",
        environment={"torch": "2.13.0", "peft": "0.21.2"},
        seconds=draw.uniform(10, 400),
        training_table=[
            {"Epoch": epoch, "Training Loss": 0.6, "Validation Loss": 0.6, "Accuracy": 0.6}
            for epoch in range(1, EPOCHS + 1)
        ],
    )
