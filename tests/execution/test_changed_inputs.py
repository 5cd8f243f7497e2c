"""What a run was computed with at the Hub's commits, and one whose base changes in between."""

import json
import re
from pathlib import Path

import pytest
from hub_sets import reviews
from small_runs import small_config

from peft_demo.data import HUB_IMDB
from peft_demo.errors import ConflictError
from peft_demo.execution import Engine
from peft_demo.export import code
from peft_demo.models import HUB_BASE, loading
from peft_demo.runs import RunStatus, StepMetrics, checkpoints

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forget_bases", "forget_reviews")]

FOLDER = "PEFT_DEMO_DISTILBERT_FOLDER"


def test_a_run_names_its_commits_and_goes_on_with_no_other(
    hub, store, distilbert_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")
    texts = hub.dataset(HUB_IMDB, reviews())
    base = hub.model(
        HUB_BASE, {path.name: path.read_bytes() for path in distilbert_folder.iterdir()}
    )

    def stop(run, event):
        if isinstance(event, StepMetrics) and event.step == 6:
            working.cancel(run.run_id)

    working = Engine(store, listener=stop)
    config = small_config("ia3", base_model=HUB_BASE, dataset=HUB_IMDB)
    run = working.run(store.start(config, "me"))
    assert run.status is RunStatus.CANCELLED
    files = store.partial_folder_of(run.run_id)

    # Only the Hub knows that it has another one now: the training finds it.
    newer = hub.model(HUB_BASE, {"README.md": b"Changed."})
    loading.forget(HUB_BASE)
    run = Engine(store).run(store.resume_now(run.run_id))
    assert run.status is RunStatus.INTERRUPTED
    assert run.error == (
        f"It cannot go on: its base model {HUB_BASE} is in another state than at its last "
        f"checkpoint ({base[:12]} then, {newer[:12]} now). Start it anew, or bring back what it "
        "began with."
    )
    assert checkpoints.step_of(checkpoints.latest(files)) == 4

    # What lies in a folder is known before.
    monkeypatch.setenv(FOLDER, str(distilbert_folder))
    with pytest.raises(ConflictError) as refused:
        store.resume(run.run_id)
    assert re.search(rf"{base[:12]} then, [0-9a-f]{{12}} now", str(refused.value))
    assert store.get(run.run_id).status is RunStatus.INTERRUPTED

    (cached,) = Path(tmp_path).glob(f"hub-cache/*/snapshots/{base}")
    monkeypatch.setenv(FOLDER, str(cached))
    loading.forget(HUB_BASE)
    run = Engine(store).run(store.resume_now(run.run_id))
    assert run.status is RunStatus.COMPLETED, run.error
    assert (run.result.base_revision, run.result.dataset_revision) == (base, texts)
    kept = store.folder_of(run.run_id)
    assert json.loads((kept / "run.json").read_text())["dataset_revision"] == texts
    card = (kept / "README.md").read_text()
    assert f"datasets: [{HUB_IMDB}]" in card
    assert f"at commit `{texts}`" in card
    script = code.of_run(run, "script")
    assert script.count(f'revision="{base}"') == 2
    assert f'load_dataset("{HUB_IMDB}", revision="{texts}")' in script
    assert "revision" not in code.export(run.config, "script")
