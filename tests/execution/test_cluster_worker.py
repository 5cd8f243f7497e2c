"""What a worker of a cluster does on its machine; ``test_ray.py`` has it in a cluster."""

import json

import pytest
from own_texts import as_csv, prepared, rows
from small_runs import small_config

from peft_demo.data import own
from peft_demo.execution import cluster_worker
from peft_demo.execution.cluster_worker import ClusterWorker, _own_folder
from peft_demo.execution.executor import Finished, Job
from peft_demo.execution.luggage import needed
from peft_demo.runs import RunKind


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(cluster_worker.tempfile, "tempdir", str(folder))
    return folder


def test_what_a_killed_one_left_is_removed_by_the_next(temporary):
    folder, lock = _own_folder()
    other, _ = _own_folder()
    (folder / "texts").write_text("somebody's")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert _own_folder()[0] not in (folder, other)
    assert folder.exists()
    lock.release(force=True)  # as the end of its process does
    _own_folder()
    assert not folder.exists()
    assert other.exists()


@pytest.mark.slow
def test_own_texts_come_with_a_job_and_stay_no_longer(home, temporary, tmp_path, monkeypatch):
    own.keep(texts := prepared(as_csv(rows())))
    (home / "bases.json").write_text(json.dumps([]))
    few = {"num_train_epochs": 1, "num_reviews": 10, "num_test_reviews": 16}
    config = small_config(dataset=texts.id, **few)
    job = Job(kind=RunKind.TRAINING, config=config.flat(), files=tmp_path / "not there")
    brought = needed(job)
    monkeypatch.setattr(cluster_worker.logs, "start", lambda: None)  # it holds for a process
    worker = ClusterWorker({})
    news = [told for news in worker.do({3: job}, {3: {}}, brought) for told in news]
    assert {told.number for told in news} == {3}
    assert isinstance(news[-1].event, Finished)
    assert "adapter_model.safetensors" in news[-1].luggage.files
    assert not [path for path in worker._home.rglob("*") if path.is_file()]
