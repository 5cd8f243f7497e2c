"""Jobs: what is done for each kind of run, and how its end is told."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from peft_demo.errors import ChangedInputsError, PeftDemoError, RunCancelledError
from peft_demo.execution.executor import Cancelled, End, Failed, Finished, Job
from peft_demo.runs import (
    ImportedConfig,
    MixedConfig,
    RangeTest,
    Reporter,
    RunConfig,
    RunKind,
    RunResult,
)
from peft_demo.storage import space
from peft_demo.storage.database import unusable

if TYPE_CHECKING:
    from peft_demo.training.vmapped import Member


def do(job: Job, reporter: Reporter, member: Member | None = None) -> End:
    """Do a job and say how it ended, whatever happens.

    Args:
        job: what to do.
        reporter: told what happens; asked whether to stop.
        member: its part in a pass with other jobs.
    """
    try:
        return Finished(result=_result(job, reporter, member))
    except RunCancelledError:
        return Cancelled()
    except ChangedInputsError as error:  # what it has is kept
        return Cancelled(reason=str(error))
    except BaseException as error:  # whoever waits for the end must hear of it
        return failure(error, job.files)


def failure(error: BaseException, files: Path) -> Failed:
    """How to tell that a job, whose files go into this folder, met an error."""
    told = "".join(traceback.format_exception(error))
    sentence = _sentence(error, files)
    message = (str(error).strip() or "no message").splitlines()[0]
    reason = sentence or f"{type(error).__name__}: {message}"
    return Failed(reason=reason, traceback=told, is_defect=not sentence)


def _result(job: Job, reporter: Reporter, member: Member | None) -> RunResult | RangeTest:
    # A configuration is checked here, where it is used, and not by those who pass it on.
    if job.kind in (RunKind.IMPORTED, RunKind.MIXED):
        from peft_demo.adapters import importing

        kind = MixedConfig if job.kind is RunKind.MIXED else ImportedConfig
        return importing.test(kind(job.config), job.files, reporter)
    config = RunConfig(job.config)
    config.require_startable(job.measured)
    job.files.mkdir(parents=True, exist_ok=True)
    if job.kind is RunKind.TRAINING:
        space.require_room(config, job.files)
    if job.kind is RunKind.RANGE_TEST:
        from peft_demo.training import lr_range

        return lr_range.find(config, job.files, reporter)
    from peft_demo.training.loop import train

    return train(
        config,
        job.files,
        reporter,
        largest_file=job.largest_file,
        member=member,
        probes=job.probes,
    )


def _sentence(error: BaseException, files: Path) -> str:
    """Why a job failed, where a person can do something about it; else an empty text."""
    if isinstance(error, PeftDemoError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EROFS, errno.EACCES):
        return str(unusable(files.parent, error.strerror))
    if isinstance(error, MemoryError) or "not enough memory" in str(error):
        return (
            "The machine's memory is full: per_device_train_batch_size or max_length "
            "must be smaller."
        )
    # torch and safetensors have errors of their own for it.
    if (isinstance(error, RuntimeError) or "os error 28" in str(error)) and space.is_full(files):
        return str(unusable(files.parent, os.strerror(errno.ENOSPC)))
    return ""
