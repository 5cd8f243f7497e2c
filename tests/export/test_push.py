"""Runs in the Hub's repositories: the real client pushes to a server on this machine."""

import json
import logging
import zipfile
from pathlib import Path

import pytest

from peft_demo.errors import AssetError, ConflictError, InvalidFieldsError
from peft_demo.export import archive
from peft_demo.export.push import push, repository_in

pytestmark = pytest.mark.slow

TOKEN = "hf_writer"


def run_id(trained):
    return trained.runs["lora"].run_id


class TestPush:
    def test_puts_the_adapter_with_card_and_results_there(self, hub, trained):
        address = push(trained.store, run_id(trained), "writer/mine", TOKEN, private=True)
        found = hub.files("writer/mine")
        assert address.endswith(hub.repositories["models", "writer/mine"].commits[-1][0])
        assert hub.repositories["models", "writer/mine"].is_private
        folder = trained.folder("lora")
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            assert found[name] == (folder / name).read_bytes()
        assert b'PeftModel.from_pretrained(base, "writer/mine")' in found["README.md"]
        results = json.loads(found["results.json"])
        assert results["result"]["test_accuracy"] == trained.runs["lora"].result.test_accuracy
        assert "owner" not in results

    def test_is_loaded_from_there_by_peft(self, hub, trained, base):
        import peft

        push(trained.store, run_id(trained), "writer/mine", TOKEN)
        config = peft.PeftConfig.from_pretrained("writer/mine")
        assert config.r == trained.runs["lora"].config.flat()["r"]

    def test_replaces_nothing_unasked(self, hub, trained):
        hub.model("writer/mine", {"README.md": b"Theirs."})
        with pytest.raises(InvalidFieldsError, match="which is there already"):
            push(trained.store, run_id(trained), "writer/mine", TOKEN)
        assert hub.files("writer/mine") == {"README.md": b"Theirs."}
        push(trained.store, run_id(trained), "writer/mine", TOKEN, replace=True)
        assert b"LoRA" in hub.files("writer/mine")["README.md"]

    @pytest.mark.parametrize(
        ("token", "repository", "words"),
        [
            ("hf_unknown", "writer/mine", "does not know this token"),
            ("hf_reader", "writer/mine", "the token does not allow it"),
            (TOKEN, "somebody/else", "the token does not allow it"),
        ],
    )
    def test_what_the_hub_refuses_is_a_sentence(self, hub, trained, token, repository, words):
        with pytest.raises(AssetError, match=words) as caught:
            push(trained.store, run_id(trained), repository, token)
        assert str(caught.value).startswith(f"{repository} cannot be written: ")
        assert caught.value.__cause__ is None

    def test_a_hub_out_of_reach_is_a_sentence(self, hub, trained):
        hub.go()
        with pytest.raises(AssetError, match="cannot be reached"):
            push(trained.store, run_id(trained), "writer/mine", TOKEN)

    def test_the_token_goes_nowhere_else(self, hub, trained, caplog, tmp_path):
        caplog.set_level(logging.DEBUG)
        push(trained.store, run_id(trained), "writer/mine", TOKEN)
        with pytest.raises(AssetError) as caught:
            push(trained.store, run_id(trained), "writer/other", "hf_very-secret")
        assert "very-secret" not in f"{caught.value} {caplog.text}"
        assert TOKEN not in caplog.text
        sent = [each for each in hub.headers if TOKEN in str(each)]
        assert all(each["Host"] == sent[0]["Host"] for each in sent)
        for path in Path(trained.store.folder).rglob("*"):
            if path.is_file():
                assert TOKEN.encode() not in path.read_bytes()

    @pytest.mark.parametrize("token", ["", " ", "has space", "Zürich", "x" * 301, "a\nb"])
    def test_what_is_no_token_is_refused_without_telling_it(self, trained, token):
        with pytest.raises(InvalidFieldsError, match="token must be one of the Hub's") as caught:
            push(trained.store, run_id(trained), "writer/mine", token)
        assert set(caught.value.problems) == {"token"}


@pytest.mark.parametrize(
    "text", ["writer/mine", " writer/mine ", "https://huggingface.co/writer/mine/tree/main"]
)
def test_a_repository_is_said_or_linked(text):
    assert repository_in(text) == "writer/mine"


@pytest.mark.parametrize("text", ["", "mine", "a/../b", "a/b--c", "-a/b", "a b/c", "a/b/c d", "/"])
def test_what_is_no_repository_is_named(text):
    if text == "a/b/c d":
        assert repository_in(text) == "a/b"
        return
    with pytest.raises(InvalidFieldsError, match="repository must be an owner and a name"):
        repository_in(text)


def test_the_command_pushes_with_a_token_of_the_environment_or_a_file(
    hub, trained, command, home, tmp_path, monkeypatch
):
    trained.copy(home, "lora").close()
    done = command("push", run_id(trained), "writer/mine")
    assert done.status == 2
    assert "token must be one of the Hub's" in done.err
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    done = command("push", run_id(trained), "writer/a", "--token-file", str(tmp_path / "token"))
    assert (done.status, "/writer/a/commit/" in done.out) == (0, True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = command("push", run_id(trained), "writer/b", "--private", "--json")
    assert json.loads(done.out)["url"].rpartition("/")[2]
    done = command("take-home", run_id(trained), str(tmp_path / "run.zip"))
    with zipfile.ZipFile(tmp_path / "run.zip") as taken:
        assert {"README.md", "results.json", "adapter_model.safetensors"} <= {*taken.namelist()}
        assert not taken.testzip()


def test_a_run_that_left_nothing_is_refused(store):
    from small_runs import small_config

    run = store.submit(small_config(), "me")
    with pytest.raises(ConflictError, match="left no adapter"):
        archive.require_adapter(run)
