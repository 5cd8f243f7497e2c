"""The runs that come with the program."""

import json
from pathlib import Path

import pytest
from stored_runs import RESULT, step, submit

from peft_demo.errors import ConflictError
from peft_demo.runs import (
    RunStatus,
)
from peft_demo.storage import Store, reference_runs


class TestReferences:
    @pytest.fixture
    def references(self, tmp_path, store) -> Path:
        (run_id,) = submit(store)
        store.claim()
        run = store.finish(run_id, RunStatus.COMPLETED, result=RESULT)
        folder = tmp_path / "adapters" / "reference-small"
        folder.mkdir(parents=True)
        run = run.model_copy(update={"run_id": "reference-small"})
        (folder / "run.json").write_text(run.model_dump_json())
        (folder / "steps.json").write_text(json.dumps([step(1).model_dump()]))
        return folder.parent

    def test_come_after_the_runs(self, references, home):
        with_references = Store(home, references)
        (run_id,) = (run.run_id for run in Store(home).runs())
        assert with_references.ids() == [run_id, "reference-small"]
        assert [run.run_id for run in with_references.runs()] == with_references.ids()
        assert with_references.get("reference-small").is_reference
        assert not with_references.get(run_id).is_reference
        assert with_references.steps("reference-small") == [step(1)]
        assert with_references.folder_of("reference-small") == references / "reference-small"

    def test_are_not_sent_again(self, references, home):
        assert Store(home, references).runs(0)[-1].run_id != "reference-small"

    def test_cannot_be_deleted_or_stopped(self, references, home):
        with_references = Store(home, references)
        with pytest.raises(ConflictError, match="reference run and cannot be deleted"):
            with_references.delete("reference-small")
        with pytest.raises(ConflictError, match="reference run"):
            with_references.request_stop("reference-small")
        with pytest.raises(ConflictError, match="reference run and cannot be changed"):
            with_references.annotate("reference-small", name="mine")
        with pytest.raises(ConflictError, match="reference run and cannot be changed"):
            with_references.annotate_all(["reference-small"], is_starred=True)
        with pytest.raises(ConflictError, match="reference run"):
            with_references.restore("reference-small")
        assert (references / "reference-small" / "run.json").exists()

    @pytest.mark.parametrize("name", ["run.json", "steps.json"])
    def test_a_damaged_one_is_left_out(self, references, home, name):
        path = references / "reference-small" / name
        path.write_text(path.read_text()[:-5])
        assert "reference-small" not in Store(home, references).ids()

    def test_one_of_a_newer_schema_is_left_out(self, references, home):
        path = references / "reference-small" / "run.json"
        record = json.loads(path.read_text())
        for schema, known in ((reference_runs.SCHEMA, True), (reference_runs.SCHEMA + 1, False)):
            path.write_text(json.dumps({**record, "schema": schema}))
            assert ("reference-small" in Store(home, references).ids()) == known

    def test_one_that_todays_rules_refuse_is_shown(self, references, home):
        path = references / "reference-small" / "run.json"
        record = json.loads(path.read_text())
        record["config"]["method"] = "gone_ft"
        path.write_text(json.dumps(record))
        run = Store(home, references).get("reference-small")
        assert 'method "gone_ft" is no longer offered.' in run.problem
        assert run.is_reference

    def test_written_ones_are_read_with_their_schema(self, references, home, store):
        folder = references / "reference-other"
        folder.mkdir()
        run = store.get("run-000001").model_copy(update={"run_id": "reference-other"})
        reference_runs.write_reference(run, [step(1)], folder)
        assert json.loads((folder / "run.json").read_text())["schema"] == reference_runs.SCHEMA
        again = Store(home, references).get("reference-other")
        assert again == run.model_copy(update={"is_reference": True})

    def test_are_there_where_the_folder_cannot_be_used(self, references, tmp_path):
        (tmp_path / "file").write_text("in the way")
        unusable = Store(tmp_path / "file" / "runs", references)
        assert [run.run_id for run in unusable.runs()] == ["reference-small"]
        assert unusable.ids() == ["reference-small"]
