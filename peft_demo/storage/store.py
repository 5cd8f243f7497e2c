"""Store: runs, their metrics and the queue, in SQLite, with their files beside it.

Every change moves ``version`` by one, and marks the run with it: who watches asks for what has
changed since the version he has seen. Several processes may use one store at once.
"""

from __future__ import annotations

from pathlib import Path

from peft_demo.storage.annotations import Annotations
from peft_demo.storage.database import Database
from peft_demo.storage.evaluations import Evaluations
from peft_demo.storage.liveness import Liveness
from peft_demo.storage.queue import Queue
from peft_demo.storage.reference_runs import ReferenceRuns
from peft_demo.storage.runs import Runs


class Store:
    """The runs in one folder, and the reference runs that came with the program.

    Opening never fails: a folder that cannot be used is reported by ``problem`` and by every
    write, while the reference runs stay readable.
    """

    def __init__(self, folder: Path, references: Path | None = None) -> None:
        self.folder = folder
        self._database = Database(folder)
        self.close = self._database.close

        runs = Runs(self._database, ReferenceRuns(references))
        self.get, self.runs, self.ids, self.steps = runs.get, runs.all, runs.ids, runs.steps
        self.report, self.finish = runs.report, runs.finish
        self.folder_of, self.log_of = runs.folder_of, runs.log_of
        self.partial_folder_of = runs.partial_folder_of

        queue = Queue(runs)
        self.submit, self.start, self.submit_group = queue.submit, queue.start, queue.submit_group
        self.claim, self.group, self.groups = queue.claim, queue.group, queue.groups
        self.request_stop, self.stop_requested = queue.request_stop, queue.stop_requested

        kept = Annotations(runs)
        self.annotate, self.annotate_all = kept.annotate, kept.annotate_all
        self.delete, self.restore, self.purge = kept.delete, kept.restore, kept.purge

        leases = Liveness(runs)
        self.heartbeat, self.interrupt_orphans = leases.heartbeat, leases.interrupt_orphans

        evaluations = Evaluations(runs)
        self.evaluations, self.add_evaluation = evaluations.of, evaluations.add

    @property
    def problem(self) -> str | None:
        """Why the folder cannot be used, or None."""
        return self._database.problem

    @property
    def version(self) -> int:
        """Moves whenever anything in the store changes; 0 while the store cannot be used."""
        return self._database.version
