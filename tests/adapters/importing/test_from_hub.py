"""Adapters of the Hub: the real client asks a server on this machine."""

import json

import pytest
from imported_adapters import IA3, LORA, members, refusal

from peft_demo import adapters
from peft_demo.adapters import importing
from peft_demo.adapters.importing import from_hub
from peft_demo.errors import UndecidedError
from peft_demo.storage import Store

pytestmark = pytest.mark.usefixtures("untried")  # the trial is the same for a zip

NAME = "somebody/adapter"


def bring(tmp_path, said=NAME, **more):
    return importing.bring(importing.repository_in(said), tmp_path, **more)


def test_comes_in_as_a_zip_would_and_tells_its_commit(hub, tmp_path):
    pickle = {"training_args.bin": b"pickle", "optimizer.pt": bytes(1000)}
    commit = hub.model(NAME, {**members(LORA), **pickle, "README.md": b"Hello."})
    folder, config = bring(tmp_path)
    assert config.source == f"{NAME}@{commit}"
    assert config.flat()["source"] == config.source
    assert (config.name, config.method) == ("adapter", "lora")
    assert (folder / adapters.WEIGHTS).read_bytes() == (LORA / adapters.WEIGHTS).read_bytes()
    read = {path.rpartition("/")[2] for path in hub.downloads()}
    assert read == {adapters.CONFIG, adapters.WEIGHTS}


def test_a_revision_stays_that(hub, tmp_path):
    old = hub.model(NAME, members(LORA))
    hub.model(NAME, members(IA3))
    assert bring(tmp_path)[1].method == "ia3"
    assert bring(tmp_path, f"{NAME}@{old}")[1].method == "lora"
    link = f"https://huggingface.co/{NAME}/tree/{old}"
    assert bring(tmp_path, link)[1].source == f"{NAME}@{old}"


def test_asks_which_of_several_and_downloads_none_before(hub, tmp_path):
    hub.model(NAME, {**members(LORA), **members(IA3, "checkpoint-5/")})
    with pytest.raises(UndecidedError) as caught:
        bring(tmp_path)
    assert [value for _, value in caught.value.choices] == [".", "checkpoint-5"]
    assert not hub.downloads()
    assert bring(tmp_path, adapter="checkpoint-5")[1].method == "ia3"


def test_a_too_large_one_is_refused_before_it_is_downloaded(hub, tmp_path, monkeypatch):
    hub.model(NAME, members(LORA))
    monkeypatch.setattr("peft_demo.adapters.importing.finding.LARGEST", 1_000_000)
    assert "must be at most 1 MB unpacked" in refusal(bring, tmp_path)
    assert not hub.downloads()


def test_what_is_no_adapter_is_told_without_reading_it(hub, tmp_path):
    hub.model(NAME, {"config.json": b"{}", "model.safetensors": bytes(100)})
    assert "got a whole model" in refusal(bring, tmp_path)
    hub.model("a/pickled", {"adapter_config.json": b"{}", "adapter_model.bin": b""})
    assert "loading a pickle runs code" in refusal(bring, tmp_path, "a/pickled")
    assert not hub.downloads()


def test_its_configuration_is_sanitised(hub, tmp_path):
    files = members(LORA)
    config = {**json.loads(files[adapters.CONFIG]), "auto_mapping": {"parent_library": "os"}}
    hub.model(NAME, {**files, adapters.CONFIG: json.dumps(config).encode()})
    folder, _ = bring(tmp_path)
    assert not json.loads((folder / adapters.CONFIG).read_bytes()).get("auto_mapping")


@pytest.mark.parametrize(
    ("how", "words"),
    [("missing", "the Hub has none of that name"), ("gated", "it is gated"), ("gone", "reached")],
)
def test_one_that_cannot_be_had_is_a_sentence(hub, tmp_path, how, words):
    if how == "gone":
        hub.go()
    elif how == "gated":
        hub.model(NAME, members(LORA), is_gated=True)
    assert words in refusal(bring, tmp_path)


def test_one_that_breaks_off_is_tried_again(hub, tmp_path):
    hub.model(NAME, members(LORA))
    hub.breaks_after = 100_000
    assert bring(tmp_path)[1].method == "lora"


def test_the_servers_own_rights_open_nothing_to_visitors(hub, tmp_path, monkeypatch):
    hub.model(NAME, members(LORA), is_private=True)
    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    assert "none of that name" in refusal(bring, tmp_path)
    own = importing.repository_in(NAME, token=None)
    assert importing.bring(own, tmp_path)[1].method == "lora"


@pytest.mark.parametrize(
    "text",
    ["", "name", "https://huggingface.co/datasets/a/b", "a/b/c", "../b", "file:///etc/passwd",
     "https://huggingface.co/", "a/b@../../x", "ftp://a/b", "a b/c"],
)  # fmt: skip
def test_what_is_no_repository_is_refused(text):
    assert "must be the id of a model" in refusal(importing.repository_in, text)


def test_a_path_that_leads_out_is_left_out():
    assert all(map(from_hub._leads_out, ("../x", "/x", "a\\b")))
    assert not from_hub._leads_out("a/b.json")


@pytest.mark.slow
def test_by_command_and_with_what_it_came_from(hub, command, home):
    commit = hub.model(NAME, members(LORA))
    done = command("import-adapter", NAME, "--name", "Theirs", "--max-length", "8")
    assert done.status == 0, done.err
    (run,) = (run for run in Store(home).runs() if not run.is_reference)
    assert run.config.source == f"{NAME}@{commit}"
    assert command("import-adapter", "no/such").status == 2
