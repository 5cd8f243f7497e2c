"""What runs did on evaluation sets; their predictions lie in the runs' folders, a file a set."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from peft_demo.errors import StoreError
from peft_demo.runs import Evaluation
from peft_demo.statistics import TEST_SET, Predictions
from peft_demo.storage.rows import number_in
from peft_demo.storage.runs import Runs
from peft_demo.storage.tables import EvaluationRow


class Evaluations(Runs):
    """The evaluations of a store's finished runs."""

    def evaluations(self, run_id: str) -> list[Evaluation]:
        """A run's evaluations: on its test set, which its result has, then on other sets.

        Raises:
            NotFoundError: there is no such run.
        """
        run = self.get(run_id)
        found = [] if run.result is None else [run.result.evaluation]
        if run.is_reference:
            return found
        with self._transaction(write=False) as session:
            asked = select(EvaluationRow).where(EvaluationRow.run == number_in(run_id, "run"))
            rows = session.scalars(asked.order_by(EvaluationRow.evaluation_set))
            return [*found, *(Evaluation.model_validate(row, from_attributes=True) for row in rows)]

    def add_evaluation(self, run_id: str, evaluation: Evaluation) -> None:
        """Record what a finished run did on a further set, instead of what was known of it.

        Raises:
            ValueError: the test set belongs to the run's result.
            NotFoundError: there is no such run.
            ConflictError: it is a reference.
        """
        if evaluation.evaluation_set == TEST_SET:
            raise ValueError("finish() records what a run did on its test set")
        with self._changing(run_id) as (session, [row]):
            session.merge(EvaluationRow(run=row.number, **evaluation.model_dump()))

    def challenge_predictions(self, run_id: str, fingerprint: str) -> Predictions | None:
        """What a run said of a challenge's texts, if it was asked; None if the file is unreadable.

        Raises:
            NotFoundError: there is no such run.
        """
        try:
            return Predictions.load(*self._challenge_file(run_id, fingerprint))
        except (OSError, ValueError):
            return None

    def keep_challenge(self, run_id: str, fingerprint: str, said: Predictions) -> None:
        """Keep that with the run's files; of a reference, beside the runs.

        Raises:
            NotFoundError: there is no such run.
            StoreError: the folder cannot be written.
        """
        folder, name = self._challenge_file(run_id, fingerprint)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            said.save(folder, name)
        except OSError as error:
            raise StoreError(f"{folder} cannot be written: {error}") from error

    def _challenge_file(self, run_id: str, fingerprint: str) -> tuple[Path, str]:
        run = self.get(run_id)
        if not run.is_reference:
            return self.folder_of(run_id), f"challenge-{fingerprint}"
        # Another version may bring another adapter of the same name.
        trained = f"{run.finished_at or run.created_at:%Y%m%d%H%M%S}"
        return self.folder / "challenges" / run_id, f"challenge-{fingerprint}-{trained}"
