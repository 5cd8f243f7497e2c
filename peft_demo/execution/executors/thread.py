"""ThreadExecutor: jobs in background threads of this process, one after another or in turns."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from peft_demo.execution import jobs
from peft_demo.execution.executor import Task
from peft_demo.execution.executors.handle import QueueHandle
from peft_demo.runs import EpochMetrics, Progress, Reporter, RunConfig, StepMetrics
from peft_demo.training import vmapped
from peft_demo.training.vmapped import Member


class ThreadExecutor:
    """A thread for each job. They share the random generators and so compute one at a time.

    Jobs that differ by seed or learning rate only compute their steps at once where that pays.
    """

    slots = 1

    def start(self, tasks: Sequence[Task]) -> list[_Thread]:
        """See ``Executor.start``."""
        return [_Thread(task, member) for task, member in zip(tasks, _members(tasks), strict=True)]

    def close(self) -> None:
        """Do nothing: a thread ends by itself once its job is cancelled."""


def _members(tasks: Sequence[Task]) -> list[AbstractContextManager[Member | None]]:
    """Each task's part in a common pass, or its being on its own."""
    members: list[AbstractContextManager[Member | None]] = [nullcontext() for _ in tasks]
    if len(tasks) > 1 and vmapped.is_wanted():
        configs = [RunConfig(task.job.config) for task in tasks]
        alike = [n for n, config in enumerate(configs) if vmapped.can_share(configs[0], config)]
        one_pass = vmapped.OnePass(len(alike))
        for place, number in enumerate(alike):
            members[number] = one_pass.member(place)
    return members


class _Thread(QueueHandle, Reporter):
    """A job in a thread of its own, which goes on once each event has been dealt with."""

    def __init__(self, task: Task, member: AbstractContextManager[Member | None]) -> None:
        super().__init__()
        self._task = task
        self._member = member
        threading.Thread(target=self._work, name=task.files.name, daemon=True).start()

    def _work(self) -> None:
        with self._member as member:
            end = jobs.do(self._task, self, member)
        self.tell(end)

    def progress(self, progress: Progress) -> None:
        self._report(progress)

    def step(self, metrics: StepMetrics) -> None:
        self._report(metrics)

    def epoch(self, metrics: EpochMetrics) -> None:
        self._report(metrics)

    def _report(self, event: Progress | StepMetrics | EpochMetrics) -> None:
        self.tell(event)
        # A stop that an event brings about comes before the next step.
        self.wait_until_heard()
