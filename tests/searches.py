"""Searches without a training: what their trials would report is written by the test."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from compared_runs import REVIEWS, finish, finished, probabilities
from stored_runs import write_checkpoint

from peft_demo.execution.searching import leading, planning
from peft_demo.execution.searching.costs import STARTING_SECONDS
from peft_demo.runs import BeforeTraining, EpochMetrics, Run, RunConfig, RunStatus
from peft_demo.runs.search import Search, has_reached
from peft_demo.storage import Store

SMALL = {
    "method": "lora",
    "num_reviews": 40,
    "max_length": 16,
    "num_test_reviews": REVIEWS,
    "num_train_epochs": 4,
    "target_modules": "q_lin",
}


def planned(store: Store, minutes: float = 60, **asked: Any) -> Search:
    """A search on a machine that has trained one run, of 12 s."""
    if not any(run.config.name == "known" for run in store.runs()):
        finished(store, "known", config=SMALL)
    asked.setdefault("over", ["r", "learning_rate"])
    values = {**SMALL, **asked.pop("values", {})}
    known = [run for run in store.runs() if run.config.name == "known"]
    return planning.plan_search(values, minutes=minutes, runs=known, **asked)


def by_rate(config: RunConfig, epoch: int) -> float:
    """A validation loss that is the least for a learning rate of 4e-3."""
    return abs(config.learning_rate - 4e-3) * 10 + 0.5 / epoch


def always_right(config: RunConfig) -> int:
    """How many test reviews a run of the confirmation gets wrong: none."""
    return 0


class Simulated:
    """An engine whose runs take the time that is expected of them, by a clock of its own.

    Args:
        start: seconds that it takes to begin a run, or to go on with one.
        pace: how many times as long as is expected each epoch and each test takes.
    """

    def __init__(
        self,
        store: Store,
        loss: Callable[[RunConfig, int], float] = by_rate,
        wrong: Callable[[RunConfig], int] = always_right,
        start: float = STARTING_SECONDS,
        pace: float = 1.0,
    ) -> None:
        self._start, self._pace = start, pace
        self.store, self._loss, self._wrong = store, loss, wrong
        self.now = datetime(2026, 11, 27, tzinfo=UTC)
        self.leading = leading.Leading(store, lambda: self.now)
        self.seen: list[tuple[str, tuple[int, ...]]] = []
        """Each time that a trial went on: its id, and the epochs that it did then."""

    def look(self) -> None:
        self.leading._looked = -10.0
        self.leading.go_on(1)

    def step(self, group_id: str) -> Run | None:
        """Lead, and do one of the search's runs."""
        self.look()
        search = self.store.search(group_id)
        for each in filter(None, (group_id, search.confirmation)):
            if run := self.store.claim(each):
                self.do(run, search)
                return run
        return None

    def do(self, run: Run, search: Search, most: int | None = None) -> None:
        config = run.config.for_training()
        last = search.pauses_after(run)
        if last is None:
            finish(self.store, run, probabilities(range(self._wrong(config))))
            computed = search.expected.run_seconds - STARTING_SECONDS
            self.now += timedelta(seconds=self._start + self._pace * computed)
            return
        self.store.report(run.run_id, epoch=BeforeTraining(eval_loss=0.7, eval_accuracy=0.5))
        self.look()  # its minutes count from here
        done = range(len(run.epochs) + 1, (most or last) + 1)
        each = self._pace * search.expected.epoch_seconds
        for number in done:
            loss = self._loss(config, number)
            epoch = EpochMetrics(
                epoch=number,
                step=number,
                train_loss=loss,
                eval_loss=loss,
                eval_accuracy=max(0.0, 1 - loss),
                seconds=number * each,
            )
            self.store.report(run.run_id, epoch=epoch)
            write_checkpoint(self.store.partial_folder_of(run.run_id), number)
        self.now += timedelta(seconds=self._start + len(done) * each)
        self.seen.append((run.run_id, tuple(done)))
        self.store.finish(run.run_id, RunStatus.CANCELLED)

    def run(self, group_id: str) -> Search:
        """Do all of a search."""
        for _ in range(500):
            self.step(group_id)
            search = self.store.search(group_id)
            if search.ended_at:
                return search
        raise AssertionError("it never ends")


def submit(store: Store, search: Search) -> str:
    configs = planning.first_round(search)
    return store.submit_search(search, planning.name_of(search), configs, "me")[0].group_id


def reached(store: Store, search: Search, number: int, rung: int) -> list[str]:
    """The trials of a round, from 0, that got to a rung."""
    runs = map(store.get, search.rounds[number])
    return [run.run_id for run in runs if has_reached(run, rung)]
