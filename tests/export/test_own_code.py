"""Exported code splits own texts as the program does, those for testing given or not."""

import re
import shutil

import pytest
from hub_sets import large, news
from own_texts import as_csv, prepared, rows

from peft_demo import data
from peft_demo.data import own
from peft_demo.export import code
from peft_demo.runs import RunConfig, draw

READ = ("Settings", "The texts", "Training, validation and test texts")
"""The cells of a script that read and split; all others load models or train."""


@pytest.mark.parametrize("is_tested", [False, True])
def test_it_draws_the_same_texts(home, tmp_path, monkeypatch, is_tested):
    test = own.Source("t.csv", as_csv([*rows(each=5), ("one more", "bad")]).encode())
    learned = [(f"learned {text}", label) for text, label in rows(("bad", "good", "so so"))]
    kept = prepared(as_csv(learned), test=test if is_tested else None)
    own.keep(kept)
    shutil.copy(own.texts_of(kept.id), tmp_path / f"{kept.id}.parquet")
    monkeypatch.chdir(tmp_path)
    require_same_texts(kept.id)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["whole", "tested", "large"])
def test_it_draws_the_same_texts_of_the_hub_by_id_and_commit(hub, home, tmp_path, monkeypatch, how):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")
    if how == "large":
        monkeypatch.setenv("PEFT_DEMO_MOST_DATA_MB", "1")
    commit = hub.dataset("somebody/news", large() if how == "large" else news())
    asked = own.Asked("somebody/news", test_split="test" if how == "tested" else "")
    own.keep(kept := own.prepare(*own.read_from_hub(asked)))
    hub.dataset("somebody/news", {"data/train-00000-of-00001.parquet": b"Changed."})
    assert f'revision="{commit}"' in require_same_texts(kept.id)


def require_same_texts(dataset: str) -> str:
    """Execute the cells of exported code that read and split; returns the code."""
    config = RunConfig(dataset=dataset, num_reviews=21, seed=5)
    script = code.script(config)
    cells = dict(re.findall(r"^# %% (.+)\n((?:(?!# %% ).*\n)*)", script, re.MULTILINE))
    modules = ("pandas", "datasets", "numpy", "re", "pathlib", "hashlib", "itertools")
    imports = re.findall(rf"^(?:from|import) (?:{'|'.join(modules)})\b.*$", cells["Imports"], re.M)
    names: dict = {}
    exec("\n".join([*imports, *(cells[title] for title in READ)]), names)
    drawn = draw(data.load(dataset), config)
    for part in ("train", "validation", "test"):
        texts = getattr(drawn, part)
        assert tuple(names[part]) == texts.texts
        assert tuple(names["label_of"][text] for text in texts.texts) == texts.labels
    return script
