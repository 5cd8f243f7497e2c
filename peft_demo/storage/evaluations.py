"""What runs did on evaluation sets; their predictions lie in the runs' folders, a file a set."""

from __future__ import annotations

from sqlalchemy import select

from peft_demo.runs import Evaluation
from peft_demo.statistics import TEST_SET
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
