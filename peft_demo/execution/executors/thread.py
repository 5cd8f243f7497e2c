"""ThreadExecutor: jobs in background threads of this process, one after another or in turns."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from peft_demo.execution.executor import Handle, Job
from peft_demo.execution.jobs import do
from peft_demo.execution.machines import Machine, this_machine
from peft_demo.runs import (
    BeforeTraining,
    EpochMetrics,
    Progress,
    Reporter,
    StepMetrics,
    read_config,
)
from peft_demo.training import vmapped
from peft_demo.training.vmapped import Member


class ThreadExecutor:
    """A thread for each job. They share the random generators and so compute one at a time.

    Jobs that differ by seed or learning rate only compute their steps at once where that pays.
    """

    slots = 1

    def start(self, jobs: Sequence[Job]) -> list[_Thread]:
        """See ``Executor.start``."""
        return [_Thread(job, member) for job, member in zip(jobs, _members(jobs), strict=True)]

    def machines(self) -> list[Machine]:
        """See ``Executor.machines``."""
        return [this_machine(self.slots)]

    def close(self) -> None:
        """Do nothing: a thread ends by itself once its job is cancelled."""


def _members(jobs: Sequence[Job]) -> list[AbstractContextManager[Member | None]]:
    """Each job's part in a common pass, or its being on its own."""
    members: list[AbstractContextManager[Member | None]] = [nullcontext() for _ in jobs]
    if len(jobs) > 1 and vmapped.is_wanted():
        configs = [read_config(job.config) for job in jobs]
        alike = [n for n, config in enumerate(configs) if vmapped.can_share(configs[0], config)]
        one_pass = vmapped.OnePass(len(alike))
        for place, number in enumerate(alike):
            members[number] = one_pass.member(place)
    return members


class _Thread(Handle, Reporter):
    """A job in a thread of its own, which goes on once each event has been dealt with."""

    def __init__(self, job: Job, member: AbstractContextManager[Member | None]) -> None:
        super().__init__()
        arguments = (job, member)
        threading.Thread(
            target=self._work, args=arguments, name=job.files.name, daemon=True
        ).start()

    def _work(self, job: Job, member: AbstractContextManager[Member | None]) -> None:
        with member as shared:
            end = do(job, self, shared)
        self.tell(end)

    def report(self, event: Progress | StepMetrics | BeforeTraining | EpochMetrics) -> None:
        """See ``Reporter``; returns once the event has been dealt with.

        So a stop that it brings about comes before the next step.
        """
        self.tell(event)
        self._events.join()
