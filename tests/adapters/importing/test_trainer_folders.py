"""Folders as Trainer, peft and people leave them, from which one adapter is taken."""

import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch
from imported_adapters import FILES, IA3, SMALL, members, refusal, zipped

from peft_demo import adapters
from peft_demo.adapters import importing
from peft_demo.errors import UndecidedError


class Trap:
    """A pickle that leaves a mark when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


def adapter(prefix: str, word: bytes) -> dict[str, bytes]:
    return {
        f"{prefix}{adapters.CONFIG}": b'{"is": "%s"}' % word,
        f"{prefix}{adapters.WEIGHTS}": word,
    }


@pytest.fixture
def trainer_output(tmp_path) -> dict[str, bytes]:
    """The files of a Trainer's output folder, by their paths."""
    trap = pickle.dumps(Trap(tmp_path / "was loaded"))
    beside = ("training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt")
    files = {**adapter("", b"final"), "training_args.bin": trap, "README.md": b"# Mine"}
    for step in (50, 100):
        folder = f"checkpoint-{step}/"
        files |= adapter(folder, b"%d" % step) | {f"{folder}{name}": trap for name in beside}
        files |= {f"{folder}trainer_state.json": b"{}", f"{folder}adapter_model.bin": trap}
    files["runs/Nov01/events.out.tfevents.1"] = b"\0" * 100
    files |= {"__MACOSX/._adapter_config.json": b"\0", ".DS_Store": b"\0"}
    files |= {f".ipynb_checkpoints/{name}": b"old" for name in FILES}
    return files


def as_source(kind: str, tmp_path, files: dict[str, bytes]):
    if kind == "zip":
        return zipped(tmp_path / "a.zip", files)
    for name, data in files.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "source"


@pytest.mark.parametrize("kind", ["zip", "folder"])
class TestCheckpoints:
    def test_which_one_is_asked(self, tmp_path, trainer_output, kind):
        source = as_source(kind, tmp_path, trainer_output)
        with pytest.raises(UndecidedError) as caught:
            importing.unpack(source, tmp_path)
        assert caught.value.choices == (
            ("the top (the final one)", "."),
            ("checkpoint-50", "checkpoint-50"),
            ("checkpoint-100", "checkpoint-100"),
        )
        assert caught.value.problems == {
            "adapter": 'adapter must be one of those that are there: "the top (the final one)", '
            '"checkpoint-50", "checkpoint-100".'
        }

    @pytest.mark.parametrize(
        ("choice", "word"),
        [
            (".", b"final"),
            ("checkpoint-50", b"50"),
            ("./checkpoint-100/", b"100"),
            ("checkpoint-100\\", b"100"),
        ],
    )
    def test_the_chosen_one_is_taken(self, tmp_path, trainer_output, kind, choice, word):
        source = as_source(kind, tmp_path, trainer_output)
        folder = importing.unpack(source, tmp_path, choice)
        assert {path.name for path in folder.iterdir()} == {*FILES}
        assert (folder / adapters.WEIGHTS).read_bytes() == word
        assert not (tmp_path / "was loaded").exists()

    def test_the_end_of_a_path_is_enough(self, tmp_path, trainer_output, kind):
        nested = {f"content/out/{name}": data for name, data in trainer_output.items()}
        source = as_source(kind, tmp_path, nested)
        for choice in ("checkpoint-50", "out/checkpoint-50", "content/out/checkpoint-50"):
            folder = importing.unpack(source, tmp_path, choice)
            assert (folder / adapters.WEIGHTS).read_bytes() == b"50"

    @pytest.mark.parametrize("choice", ["checkpoint-5", "..", "/checkpoint-50", "x" * 500, "a\0b"])
    def test_another_path_is_refused_with_those_that_are_there(
        self, tmp_path, trainer_output, kind, choice
    ):
        source = as_source(kind, tmp_path, trainer_output)
        with pytest.raises(UndecidedError) as caught:
            importing.unpack(source, tmp_path, choice)
        assert "checkpoint-50" in str(caught.value)
        assert len(caught.value.choices) == 3
        assert len(str(caught.value)) < 300

    def test_pickles_beside_the_only_adapter_are_not_read(self, tmp_path, kind):
        trap = pickle.dumps(Trap(tmp_path / "was loaded"))
        names = ("adapter_model.bin", "training_args.bin", "optimizer.pt", "rng_state_0.pth")
        source = as_source(kind, tmp_path, {**members(IA3), **dict.fromkeys(names, trap)})
        folder = importing.unpack(source, tmp_path)
        assert {path.name for path in folder.iterdir()} == {*FILES}
        assert not (tmp_path / "was loaded").exists()


class TestSeveralAdapters:
    def test_those_that_peft_saves_by_their_names(self, tmp_path, base):
        from peft import LoraConfig, get_peft_model

        from peft_demo.data import SENTIMENT

        head = {"task_type": "SEQ_CLS", "target_modules": ["q_lin"]}
        with torch.random.fork_rng():
            model = get_peft_model(base.private(SENTIMENT), LoraConfig(r=2, **head))
            model.add_adapter("second", LoraConfig(r=3, **head))
        model.save_pretrained(str(tmp_path / "out"), save_embedding_layers=False)
        with pytest.raises(UndecidedError) as caught:
            importing.unpack(tmp_path / "out", tmp_path)
        assert [label for label, _ in caught.value.choices] == ["the top", "second"]

    def test_one_whole_one_beside_parts(self, tmp_path):
        parts = {"a/adapter_config.json": b"{}", "b/adapter_model.safetensors": b""}
        source = zipped(tmp_path / "a.zip", {**parts, **adapter("c/", b"whole")})
        folder = importing.unpack(source, tmp_path)
        assert (folder / adapters.WEIGHTS).read_bytes() == b"whole"

    def test_many_are_told_in_short(self, tmp_path):
        files: dict[str, bytes] = {}
        for step in range(1, 41):
            files |= adapter(f"checkpoint-{step}/", b"x")
        with pytest.raises(UndecidedError) as caught:
            importing.unpack(zipped(tmp_path / "a.zip", files), tmp_path)
        assert str(caught.value).endswith('"checkpoint-4" and 36 more.')
        assert len(caught.value.choices) == 40


class TestBeside:
    def test_the_tokenizer_of_a_checkpoint_may_lie_above_it(self, tmp_path):
        beside = {"out/tokenizer.json": b"{}", "tokenizer_config.json": b"[]", "run.json": b"top"}
        source = zipped(tmp_path / "a.zip", {**adapter("out/checkpoint-5/", b"x"), **beside})
        folder = importing.unpack(source, tmp_path)
        names = {path.name for path in folder.iterdir()}
        assert names == {*FILES, "tokenizer.json", "tokenizer_config.json"}

    def test_what_is_too_large_or_damaged_stays_behind(self, tmp_path):
        beside = {"tokenizer.json": b" " * 20_000_001, "run.json": b"this will be damaged" * 9}
        source = zipped(tmp_path / "a.zip", {**SMALL, **beside})
        with zipfile.ZipFile(source) as archive:
            start = archive.getinfo("run.json").header_offset + 30 + len("run.json")
        data = bytearray(source.read_bytes())
        data[start + 3] ^= 0xFF
        source.write_bytes(data)
        folder = importing.unpack(source, tmp_path)
        assert {path.name for path in folder.iterdir()} == {*FILES}

    @pytest.mark.slow
    def test_describing_leaves_the_adapter_alone(self, tmp_path):
        beside = {
            "tokenizer.json": b"{}",
            "config.json": b"{}",
            "run.json": (IA3 / "run.json").read_bytes(),
        }
        folder = importing.unpack(zipped(tmp_path / "a.zip", {**members(IA3), **beside}), tmp_path)
        importing.describe(folder)
        assert {path.name for path in folder.iterdir()} == {*FILES}


class TestTheHubsCache:
    def test_its_links_are_followed(self, tmp_path):
        blobs, snapshot = tmp_path / "models--me--it/blobs", tmp_path / "models--me--it/snapshots/1"
        blobs.mkdir(parents=True)
        snapshot.mkdir(parents=True)
        for name, data in members(IA3).items():
            (blobs / name[::-1]).write_bytes(data)
            (snapshot / name).symlink_to(f"../../blobs/{name[::-1]}")
        for source in (snapshot, tmp_path / "models--me--it"):
            folder = importing.unpack(source, tmp_path)
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == members(IA3)

    def test_but_not_out_of_it(self, tmp_path):
        blobs, snapshot = tmp_path / "it/blobs", tmp_path / "it/snapshots/1"
        blobs.mkdir(parents=True)
        snapshot.mkdir(parents=True)
        (tmp_path / "secret").write_text("secret")
        (blobs / "a").symlink_to(tmp_path / "secret")
        (snapshot / adapters.WEIGHTS).write_bytes(b"")
        (snapshot / adapters.CONFIG).symlink_to("../../blobs/a")
        assert "no links" in refusal(importing.unpack, snapshot, tmp_path)


class TestWhatIsNoAdapter:
    """Told by name, with what to do."""

    def test_what_is_not_there(self, tmp_path):
        sentence = refusal(importing.unpack, Path("somebody/lora-of-theirs"), tmp_path)
        assert "`hf download somebody/lora-of-theirs` prints the folder" in sentence
        for path in ("/nowhere/a.zip", "here/a.zip", "a", "a/b/c"):
            sentence = refusal(importing.unpack, Path(path), tmp_path)
            assert sentence.endswith(f'got "{path}", which is not there.')

    @pytest.mark.parametrize(
        ("names", "told"),
        [
            (
                ["adapter_config.json", "adapter_model.bin"],
                'a pickle runs code, got "adapter_model',
            ),
            (["a/adapter_config.json", "a/adapter_model.bin"], '"a/adapter_model.bin"'),
            (["x/checkpoint-5/optimizer.pt", "x/pytorch_model.bin"], "save it again with"),
            (["adapter_model/data.pkl", "adapter_model/version"], "a file that torch.save wrote"),
            (["adapter_config.json", "pytorch_adapter.bin", "head_config.json"], "AdapterHub"),
            (["config.json", "model.safetensors", "tokenizer.json"], "a whole model"),
            (["config.json", "pytorch_model.bin"], "a whole model"),
            (["deliveries/mine.zip"], 'got "deliveries/mine.zip" inside: unpack that first'),
            (["adapter_model.safetensors"], "must have adapter_config.json"),
            (
                ["adapter_config.json", "optimizer.pt", "x/adapter_model.safetensors"],
                "side by side",
            ),
            (["README.md"], 'got "README.md"'),
            (["__MACOSX/._x", ".DS_Store"], "got nothing"),
        ],
    )
    @pytest.mark.parametrize("kind", ["zip", "folder"])
    def test_by_the_names_of_its_files(self, tmp_path, kind, names, told):
        source = as_source(kind, tmp_path, dict.fromkeys(names, b"\x80\x02"))
        assert told in refusal(importing.unpack, source, tmp_path)

    def test_by_its_own_first_bytes(self, tmp_path):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(IA3 / adapters.CONFIG, adapters.CONFIG)
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as archive:
            archive.add(IA3 / adapters.CONFIG, adapters.CONFIG)
        kinds = {
            packed.getvalue(): "a gzip archive (.tar.gz): unpack it",
            plain.getvalue(): "a tar archive: unpack it",
            b"7z\xbc\xaf'\x1c" + bytes(50): "a 7z archive",
            b"Rar!\x1a\x07\x01\x00" + bytes(50): "a rar archive",
            (IA3 / adapters.WEIGHTS).read_bytes(): "an adapter's weights without",
            (IA3 / adapters.CONFIG).read_bytes(): "one JSON file alone",
            b"\xef\xbb\xbf" + (IA3 / adapters.CONFIG).read_bytes(): "one JSON file alone",
            b'\x40\0\0\0\0\0\0\0{"distilbert.embeddings.weight":{}}': "a whole model's",
            pickle.dumps({"a": 1}): "a pickle, which is not read here",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n": "`git lfs pull`",
            b"\n<!DOCTYPE html><html>": "a web page",
        }
        for number, (data, told) in enumerate(kinds.items()):
            (tmp_path / f"{number}.zip").write_bytes(data)
            assert told in refusal(importing.unpack, tmp_path / f"{number}.zip", tmp_path)

    def test_a_file_that_torch_saved(self, tmp_path):
        torch.save({"base_model.model.classifier.weight": torch.zeros(2)}, tmp_path / "a.bin")
        assert "loading a pickle runs code" in refusal(
            importing.unpack, tmp_path / "a.bin", tmp_path
        )

    @pytest.mark.parametrize("name", FILES)
    @pytest.mark.parametrize("kind", ["zip", "folder"])
    def test_the_pointer_of_git_lfs(self, tmp_path, name, kind):
        pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
        source = as_source(kind, tmp_path, {**members(IA3), name: pointer})
        sentence = refusal(importing.unpack, source, tmp_path)
        assert f"must have {name} itself, got the Git LFS pointer" in sentence
        assert "git lfs pull" in sentence
