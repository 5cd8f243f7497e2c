"""What others read of where things lie on this machine."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peft_demo.folders import without_folders, without_paths


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setenv("PEFT_DEMO_HOME", "/srv/class 3/runs")
    monkeypatch.setenv("PEFT_DEMO_BUCKET", "/mnt")
    monkeypatch.setenv("HOME", "/home/ann b")


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("OSError: No such file: '/mnt/My runs/3/a.bin'", "OSError: No such file: '…/a.bin'"),
        ('[Errno 2] "/var/it\'s/a.bin"', '[Errno 2] "…/a.bin"'),
        ("/srv/runs/run-0003/adapter.safetensors: damaged", "…/adapter.safetensors: damaged"),
        ("Copying /srv/a/x.csv, then (/tmp/b/y.csv).", "Copying …/x.csv, then (…/y.csv)."),
        (r"Cannot open C:\Users\ann\runs\x.bin", "Cannot open …/x.bin"),
        (r"[WinError 3] 'C:\\Users\\ann b\\x.bin'", "[WinError 3] '…/x.bin'"),
        ("Cannot open /srv/runs/", "Cannot open …/"),
        ("Make room in /srv/class 3/runs.", "Make room in PEFT_DEMO_HOME."),
        ("'/srv/class 3/runs/run-000003/a.bin'", "'PEFT_DEMO_HOME/run-000003/a.bin'"),
        ("In /home/ann b/theses/draft/a.csv and /home/ann b", "In …/a.csv and ~"),
        ("File /home/ann b/demo/peft_demo/x.py, line 3", "File …/x.py, line 3"),
    ],
)
def test_of_a_path_its_last_name_stays(words, left):
    assert without_paths(words) == left


@pytest.mark.parametrize(
    "words",
    [
        "learning_rate must be between 1e-6 and 1, got 3.",
        "https://huggingface.co/google/bert has no weights; 3/4 of org/model and/or 12 texts/s.",
        "It would take 9.1 GB / 8 GB: see /jobs, /class.zip or http://10.0.0.1:7860/de/learn.",
        "[It is 1/2](https://example.org/home/ann b/demo).",
    ],
)
def test_what_is_no_path_stays(words):
    assert without_paths(words) == words


@pytest.mark.parametrize(
    "text",
    [
        'open("/mnt/train.csv")',
        "/srv/class 3/runs-of-others and a/srv/class 3/runs",
        '<a href="/de/learn">Learn</a>',
        "/usr/share/x and C:\\Users\\ann",
    ],
)
def test_in_any_text_nothing_but_known_folders_is_told_otherwise(text):
    assert without_folders(text) == text


@given(st.text(st.characters(exclude_characters="/\\"), max_size=20))
def test_a_known_folder_is_told_otherwise_whatever_stands_around_it(around):
    folder = "/srv/class 3/runs"
    for text in (f"{around} {folder}/{around}", json.dumps([f"<b>{folder}</b>{around}"])):
        assert folder not in without_folders(text)
    assert without_folders(around) == around
