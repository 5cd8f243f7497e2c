"""Which base a name means."""

import pytest

from peft_demo.models import (
    BUILTIN_BASE,
    HUB_BASE,
    UNCASED_HUB_BASE,
    base_named,
    is_folder,
    is_relative,
)

CASED, UNCASED = HUB_BASE, UNCASED_HUB_BASE


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        (BUILTIN_BASE, BUILTIN_BASE),
        ("sentence-transformers/all-MiniLM-L6-v2", BUILTIN_BASE),
        ("distilbert/distilbert-base-uncased", UNCASED),
        ("distilbert-base-uncased", UNCASED),
        (" DistilBERT-base-Uncased ", UNCASED),
        ("distilbert-base-cased", CASED),
        ("https://huggingface.co/distilbert/distilbert-base-cased/tree/main", CASED),
        ("https://huggingface.co/distilbert-base-uncased", UNCASED),
        ("hf.co/distilbert/distilbert-base-uncased/", UNCASED),
        ("/root/.cache/huggingface/hub/models--distilbert-base-uncased/snapshots/12ab", UNCASED),
        (
            "C:\\Users\\me\\hub\\models--distilbert--distilbert-base-cased\\snapshots\\12ab",
            CASED,
        ),
    ],
)
def test_names_that_mean_a_base_for_certain(name, meant):
    assert base_named(name) == meant
    assert not is_relative(name)


@pytest.mark.parametrize(
    "name",
    [
        "distilbert-base-uncased-finetuned-sst-2-english",
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        "textattack/distilbert-base-uncased-imdb",
        "distilbert-base-multilingual-cased",
        "https://huggingface.co/lvwerra/distilbert-imdb",
    ],
)
def test_relatives_are_told_apart(name):
    assert base_named(name) is None
    assert is_relative(name)
    assert not is_folder(name)


@pytest.mark.parametrize(
    "name",
    [
        "./out/base",
        "../base",
        "/content/drive/MyDrive/distilbert-base-uncased",
        "/kaggle/input/distilbert-base-cased/",
        "C:\\base",
        "c:/models/distilbert-base-cased",
        "~/base",
        "models\\distilbert-base-uncased",
        "out/models/distilbert-base-uncased",
        "file:///tmp/base",
    ],
)
def test_a_folder_could_hold_anything(name):
    assert is_folder(name)
    assert base_named(name) is None
    assert not is_relative(name)


@pytest.mark.parametrize(
    "name", ["", "base", "someone/tiny", "bert-base-uncased", "gpt2", "x/gpt2"]
)
def test_what_says_nothing(name):
    assert base_named(name) is None
    assert not is_folder(name)
    assert not is_relative(name) or name.startswith("bert")


@pytest.mark.parametrize("name", ["someone/distilbert-base-uncased", "me/all-MiniLM-L6-v2"])
def test_a_copy_of_somebody_elses_is_not_taken_for_it(name):
    assert base_named(name) is None
    assert not is_relative(name)
