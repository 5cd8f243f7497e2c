"""Exported code splits own texts as the program does, those for testing given or not."""

import re
import shutil

import pytest
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
    config = RunConfig(dataset=kept.id, num_reviews=21, seed=5)
    script = code.script(config)
    cells = dict(re.findall(r"^# %% (.+)\n((?:(?!# %% ).*\n)*)", script, re.MULTILINE))
    modules = ("pandas", "numpy", "re", "pathlib", "hashlib", "itertools")
    imports = re.findall(rf"^(?:from|import) (?:{'|'.join(modules)})\b.*$", cells["Imports"], re.M)
    shutil.copy(own.texts_of(kept.id), tmp_path / f"{kept.id}.parquet")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec("\n".join([*imports, *(cells[title] for title in READ)]), names)
    drawn = draw(data.load(kept.id), config)
    for part in ("train", "validation", "test"):
        texts = getattr(drawn, part)
        assert tuple(names[part]) == texts.texts
        assert tuple(names["label_of"][text] for text in texts.texts) == texts.labels
