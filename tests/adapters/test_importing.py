"""Adapters from elsewhere: what is good joins the runs; everything else gets its sentence."""

import io
import json
import shutil
import socket
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from small_runs import Recorder, small_config

from peft_demo import adapters, models
from peft_demo.adapters import importing
from peft_demo.adapters.importing import archive
from peft_demo.data import SENTIMENT
from peft_demo.errors import InvalidFieldsError, RunCancelledError
from peft_demo.execution import Engine
from peft_demo.inference import Predictor
from peft_demo.methods import METHODS
from peft_demo.models import BUILTIN_BASE, FAMILY, HUB_BASE
from peft_demo.runs import RunConfig, RunKind, RunStatus
from peft_demo.settings import ADAPTERS
from peft_demo.statistics import Predictions
from peft_demo.storage import reference_runs

LORA = ADAPTERS / "reference-recommended-lora"
IA3 = ADAPTERS / "reference-ia3"
FILES = (adapters.CONFIG, adapters.WEIGHTS)

Change = Callable[[dict[str, Any]], object]


def refusal(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(InvalidFieldsError) as caught:
        call(*arguments)
    (sentence,) = caught.value.problems.values()
    assert list(caught.value.problems) == ["adapter"]
    assert sentence.startswith("adapter ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def zipped(path: Path, members: dict[str, bytes], **more: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data, **more)
    return path


def members(folder: Path, prefix: str = "") -> dict[str, bytes]:
    return {f"{prefix}{name}": (folder / name).read_bytes() for name in FILES}


SMALL = {adapters.CONFIG: b"{}", adapters.WEIGHTS: b"weights"}


@pytest.fixture
def copied(tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of an adapter with another configuration or other tensors."""

    def copy(source: Path, config: Change | None = None, tensors: Change | None = None) -> Path:
        folder = tmp_path / "adapter"
        folder.mkdir()
        for name in FILES:
            shutil.copy(source / name, folder / name)
        if config:
            values = json.loads((folder / adapters.CONFIG).read_text())
            config(values)
            (folder / adapters.CONFIG).write_text(json.dumps(values))
        if tensors:
            weights = load_file(folder / adapters.WEIGHTS)
            tensors(weights)
            save_file(weights, folder / adapters.WEIGHTS, metadata={"format": "pt"})
        return folder

    return copy


@pytest.fixture
def built(base: models.Base, tmp_path: Path) -> Callable[[str], Path]:
    """Makes an untrained adapter of a method."""

    def build(method: str) -> Path:
        with torch.random.fork_rng():
            torch.manual_seed(3)
            model = adapters.build(base, small_config(method))
        adapters.save(model, tmp_path / method)
        return tmp_path / method

    return build


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What anybody tried to reach; nobody gets there."""
    tried: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        tried.append(arguments)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tried


class TestUnpack:
    @pytest.mark.parametrize("prefix", ["", "my adapter/", "./"])
    def test_a_zip(self, tmp_path, prefix):
        more = {f"{prefix}README.md": b"hello", "__MACOSX/._adapter_config.json": b"x"}
        source = zipped(tmp_path / "a.zip", {**members(IA3, prefix), **more})
        folder = importing.unpack(source, tmp_path)
        assert folder.parent == tmp_path
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == members(IA3)

    @pytest.mark.parametrize("inside", [".", "checkpoint"])
    def test_a_folder_is_copied(self, tmp_path, inside):
        source = tmp_path / "source"
        shutil.copytree(IA3, source / inside)
        folder = importing.unpack(source, tmp_path)
        assert folder not in (source, source / inside)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == members(IA3)

    def test_names_with_backslashes(self, tmp_path):
        source = zipped(tmp_path / "a.zip", SMALL)
        data = source.read_bytes()
        zipped(source, {f"x/{name}": content for name, content in SMALL.items()})
        source.write_bytes(source.read_bytes().replace(b"x/adapter", b"x\\adapter"))
        assert source.read_bytes() != data
        folder = importing.unpack(source, tmp_path)
        assert (folder / adapters.WEIGHTS).read_bytes() == b"weights"

    @pytest.mark.parametrize("left_out", FILES)
    @pytest.mark.parametrize("kind", ["zip", "folder"])
    def test_a_missing_file_is_named(self, tmp_path, left_out, kind):
        source = tmp_path / "source"
        source.mkdir()
        kept = {name: data for name, data in SMALL.items() if name != left_out}
        for name, data in kept.items():
            (source / name).write_bytes(data)
        if kind == "zip":
            source = zipped(tmp_path / "a.zip", kept)
        assert f"must have {left_out}" in refusal(importing.unpack, source, tmp_path)

    def test_too_deep_is_not_found(self, tmp_path):
        source = zipped(tmp_path / "a.zip", {f"a/b/{name}": b"" for name in FILES})
        assert "in one folder; got a/b/adapter_config.json" in refusal(
            importing.unpack, source, tmp_path
        )

    @pytest.mark.parametrize(
        "names",
        [
            [*FILES, *(f"b/{name}" for name in FILES)],
            [FILES[0], f"b/{FILES[1]}"],
            [f"a/{FILES[0]}", f"b/{FILES[0]}", f"a/{FILES[1]}"],
        ],
    )
    def test_two_adapters(self, tmp_path, names):
        source = zipped(tmp_path / "a.zip", dict.fromkeys(names, b"{}"))
        assert "must be one adapter" in refusal(importing.unpack, source, tmp_path)

    def test_the_same_name_twice(self, tmp_path):
        source = zipped(tmp_path / "a.zip", {**SMALL, "adapter_Config.json": b"{}"})
        source.write_bytes(source.read_bytes().replace(b"adapter_Config", b"adapter_config"))
        assert "must be one adapter" in refusal(importing.unpack, source, tmp_path)

    @pytest.mark.parametrize(
        "name", ["adapter_model.bin", "x/training_args.pt", "w.PTH", "w.pkl", "w.ckpt"]
    )
    @pytest.mark.parametrize("beside", [{}, SMALL])
    def test_pickles_are_refused(self, tmp_path, name, beside):
        source = zipped(tmp_path / "a.zip", {**beside, name: b"\x80\x02c"})
        sentence = refusal(importing.unpack, source, tmp_path)
        assert name in sentence
        assert "safetensors" in sentence

    def test_pickles_in_a_folder_are_refused(self, tmp_path):
        (tmp_path / "source").mkdir()
        (tmp_path / "source" / "adapter_model.bin").write_bytes(b"")
        assert "adapter_model.bin" in refusal(importing.unpack, tmp_path / "source", tmp_path)


class TestPaths:
    @pytest.mark.parametrize(
        "name",
        [
            "../adapter_config.json",
            "a/../../adapter_config.json",
            "/etc/adapter_config.json",
            "C:\\adapter_config.json",
            "C:adapter_config.json",
            "..\\adapter_config.json",
            "\\\\host\\share\\adapter_config.json",
        ],
    )
    def test_none_leads_out(self, tmp_path, name):
        scratch = tmp_path / "a" / "b"
        scratch.mkdir(parents=True)
        source = zipped(tmp_path / "a.zip", {**SMALL, name: b"bad"})
        assert "stay inside" in refusal(importing.unpack, source, scratch)
        assert not list(tmp_path.rglob("*.json"))

    def test_links_in_a_zip(self, tmp_path):
        info = zipfile.ZipInfo(adapters.CONFIG)
        info.create_system, info.external_attr = 3, 0o120777 << 16
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(info, "/etc/passwd")
            archive.writestr(adapters.WEIGHTS, b"")
        assert "links" in refusal(importing.unpack, tmp_path / "a.zip", tmp_path)

    def test_links_in_a_folder(self, tmp_path):
        source = tmp_path / "source"
        source.mkdir()
        (tmp_path / "secret").write_text("secret")
        (source / adapters.WEIGHTS).write_bytes(b"")
        (source / adapters.CONFIG).symlink_to(tmp_path / "secret")
        assert "no links" in refusal(importing.unpack, source, tmp_path)

    def test_a_linked_folder_is_not_entered(self, tmp_path):
        (tmp_path / "source").mkdir()
        (tmp_path / "source" / "inside").symlink_to(IA3)
        assert "must have" in refusal(importing.unpack, tmp_path / "source", tmp_path)


class TestDamagedZips:
    @pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04 broken", b"PK\x05\x06"])
    def test_not_a_zip(self, tmp_path, data):
        (tmp_path / "a.zip").write_bytes(data)
        assert "must be a zip" in refusal(importing.unpack, tmp_path / "a.zip", tmp_path)

    def test_not_there(self, tmp_path):
        assert "must be a zip" in refusal(importing.unpack, tmp_path / "a.zip", tmp_path)

    def test_cut_short(self, tmp_path):
        source = zipped(tmp_path / "a.zip", members(IA3))
        source.write_bytes(source.read_bytes()[:-100])
        assert "must be a zip" in refusal(importing.unpack, source, tmp_path)

    def test_damaged_inside(self, tmp_path):
        source = zipped(tmp_path / "a.zip", members(IA3))
        data = bytearray(source.read_bytes())
        data[len(data) // 2] ^= 0xFF
        source.write_bytes(data)
        sentence = refusal(importing.unpack, source, tmp_path)
        assert "undamaged" in sentence
        assert adapters.WEIGHTS in sentence

    def test_with_a_password(self, tmp_path):
        source = zipped(tmp_path / "a.zip", SMALL)
        data = bytearray(source.read_bytes())
        for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(signature) + offset] |= 1
        source.write_bytes(data)
        assert "without a password" in refusal(importing.unpack, source, tmp_path)

    @pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_packed_in_a_way_that_cannot_be_limited(self, tmp_path, kind):
        source = zipped(tmp_path / "a.zip", SMALL, compress_type=kind)
        assert "deflated" in refusal(importing.unpack, source, tmp_path)

    @given(
        st.lists(
            st.tuples(st.integers(0, 10**6), st.integers(0, 255)),
            min_size=1,
            max_size=4,
        )
    )
    def test_any_damage_is_refused_or_does_no_harm(self, tmp_path_factory, changes):
        folder = tmp_path_factory.mktemp("fuzz")
        data = bytearray(zipped(folder / "a.zip", SMALL).read_bytes())
        for position, value in changes:
            data[position % len(data)] = value
        (folder / "a.zip").write_bytes(data)
        try:
            found = importing.unpack(folder / "a.zip", folder)
        except InvalidFieldsError:
            return
        assert {path.name for path in found.iterdir()} == set(FILES)


class TestBombs:
    def test_small_outside_and_huge_inside(self, tmp_path):
        source = tmp_path / "a.zip"
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(adapters.CONFIG, b"{}")
            with archive.open(adapters.WEIGHTS, "w") as file:
                for _ in range(110):
                    file.write(bytes(1_000_000))
        assert source.stat().st_size < 200_000
        sentence = refusal(importing.unpack, source, tmp_path)
        assert "at most 100 MB" in sentence
        assert "110.0 MB" in sentence

    @pytest.mark.parametrize("claimed", [2, 1_000, 200_000_000])
    def test_the_directory_lies_about_the_size(self, tmp_path, monkeypatch, claimed):
        monkeypatch.setattr(archive, "LARGEST", 10_000_000)
        source = zipped(tmp_path / "a.zip", {**SMALL, adapters.WEIGHTS: bytes(20_000_000)})
        data = bytearray(source.read_bytes())
        entry = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
        assert struct.unpack_from("<L", data, entry + 24) == (20_000_000,)
        struct.pack_into("<L", data, entry + 24, claimed)
        source.write_bytes(data)
        refusal(importing.unpack, source, tmp_path)
        assert sum(path.stat().st_size for path in tmp_path.rglob(adapters.WEIGHTS)) <= 10_000_000

    def test_more_comes_than_was_said(self, tmp_path, monkeypatch):
        """As if zipfile itself did not stop at the size in the directory."""
        monkeypatch.setattr(archive, "LARGEST", 1_000)
        source = zipped(tmp_path / "a.zip", SMALL)
        monkeypatch.setattr(
            zipfile.ZipFile, "open", lambda self, info: io.BytesIO(bytes(1_000_000_000 // 100))
        )
        monkeypatch.setattr(archive, "LARGEST_CONFIG", 1_000)
        assert "at most 0.001 MB" in refusal(importing.unpack, source, tmp_path)

    def test_the_configuration_has_a_limit_of_its_own(self, tmp_path):
        source = zipped(tmp_path / "a.zip", {**SMALL, adapters.CONFIG: b" " * 1_000_001})
        sentence = refusal(importing.unpack, source, tmp_path)
        assert "at most 1 MB" in sentence
        assert adapters.CONFIG in sentence

    @pytest.mark.parametrize("number", [199, 70_000])
    def test_many_entries(self, tmp_path, number, monkeypatch):
        source = zipped(tmp_path / "a.zip", {**SMALL, **{f"{n}": b"" for n in range(number)}})
        if number > importing.MOST_ENTRIES * 10:
            # Before zipfile makes an object of each.
            monkeypatch.setattr(zipfile, "ZipFile", None)
        assert "at most 200" in refusal(importing.unpack, source, tmp_path)

    def test_many_files_in_a_folder(self, tmp_path):
        source = tmp_path / "source"
        (source / "inside").mkdir(parents=True)
        for number in range(201):
            (source / "inside" / f"{number}").write_bytes(b"")
        assert "at most 200" in refusal(importing.unpack, source, tmp_path)


class TestDescribe:
    @pytest.mark.parametrize("source", [LORA, IA3, ADAPTERS / "reference-recommended-head-only"])
    def test_a_reference(self, copied, source):
        expected = reference_runs.read_references(ADAPTERS)[source.name].config
        config = importing.describe(copied(source), "from afar")
        assert config.name == "from afar"
        assert config.base_model == BUILTIN_BASE
        assert (config.method, config.method_values) == (expected.method, expected.method_values)

    def test_without_a_name_it_is_called_as_its_folder(self, copied):
        assert importing.describe(copied(IA3)).name == "adapter"

    def test_a_bad_name_is_the_names_problem(self, copied):
        with pytest.raises(InvalidFieldsError) as caught:
            importing.describe(copied(IA3), "x" * 81)
        assert list(caught.value.problems) == ["name"]

    @pytest.mark.parametrize(
        "method", [name for name, row in METHODS.items() if row.peft_config is not None]
    )
    def test_every_method_but_full_fine_tuning(self, trained, method, tmp_path):
        run = trained.runs[method]
        folder = importing.unpack(trained.folder(method), tmp_path)
        config = importing.describe(folder)
        assert (config.method, config.method_values) == (method, run.config.method_values)
        result = importing.test(run.config, folder, Recorder())
        assert result.num_adapter_parameters == run.result.num_adapter_parameters
        assert result.num_head_parameters == run.result.num_head_parameters
        expected, found = Predictions.load(trained.folder(method)), Predictions.load(folder)
        # The run's own were computed in bfloat16 where the processor is faster in it.
        assert np.abs(expected.probabilities - found.probabilities).max() < 2e-2

    def test_values_beyond_the_form_keep_the_method(self, base, tmp_path):
        from peft import LoraConfig, get_peft_model

        model = get_peft_model(
            base.private(SENTIMENT),
            LoraConfig(
                task_type="SEQ_CLS",
                r=300,
                lora_alpha=600,
                use_dora=True,
                target_modules=["q_lin"],
                modules_to_save=list(FAMILY.head),
            ),
        )
        adapters.save(model, tmp_path / "wide")
        config = importing.describe(tmp_path / "wide")
        assert config.method == "dora"
        assert config.method_values["target_modules"] == ("q_lin",)
        assert METHODS["dora"].fields[0].default == config.method_values["r"]

    @pytest.mark.parametrize("start", ["gaussian", "orthogonal"])
    def test_how_the_training_began_does_not_matter(self, copied, start):
        folder = copied(LORA, config=lambda values: values.update(init_lora_weights=start))
        assert importing.describe(folder).method == "lora"

    def test_two_variants_at_once_are_no_method_here(self, copied):
        folder = copied(LORA, config=lambda values: values.update(use_dora=True, use_rslora=True))
        assert "options of one method" in refusal(importing.describe, folder)

    def test_a_pattern_of_target_modules(self, copied):
        pattern = r".*\.(q_lin|k_lin|v_lin|out_lin|ffn\.lin1|ffn\.lin2)"
        folder = copied(LORA, config=lambda values: values.update(target_modules=pattern))
        assert importing.describe(folder).method == "lora"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[",
            "[]",
            "{}",
            '{"peft_type": 3}',
            "[" * 100_000,
            f'{{"a": {"[" * 900 + "]" * 900}}}',
        ],
    )
    def test_a_damaged_configuration(self, copied, text):
        folder = copied(IA3)
        (folder / adapters.CONFIG).write_text(text)
        assert adapters.CONFIG in refusal(importing.describe, folder)

    @pytest.mark.parametrize("task", ["CAUSAL_LM", None])
    def test_another_task(self, copied, task):
        folder = copied(IA3, config=lambda values: values.update(task_type=task))
        assert "SEQ_CLS" in refusal(importing.describe, folder)

    @pytest.mark.parametrize(
        ("kind", "named"),
        [
            ("XLORA", "X-LoRA is not offered"),
            ("SHADOW", "Shadow is not offered"),
            ("PREFIX_TUNING", "Prefix tuning is not offered"),
            ("NEW_ONE", "peft_type must be one"),
            ("lora", "peft_type must be one"),
        ],
    )
    def test_a_method_that_is_not_offered(self, copied, kind, named):
        folder = copied(IA3, config=lambda values: values.update(peft_type=kind))
        assert named in refusal(importing.describe, folder)

    @pytest.mark.parametrize("kept", [0, 7, 100, -10])
    def test_cut_weights(self, copied, kept):
        folder = copied(IA3)
        weights = folder / adapters.WEIGHTS
        weights.write_bytes(weights.read_bytes()[:kept])
        assert adapters.WEIGHTS in refusal(importing.describe, folder)

    def test_an_endless_header(self, copied):
        folder = copied(IA3)
        weights = folder / adapters.WEIGHTS
        weights.write_bytes(struct.pack("<Q", 50_000_000) + weights.read_bytes()[8:])
        assert "at most 1 MB" in refusal(importing.describe, folder)


class TestTheBase:
    @pytest.mark.parametrize(
        "name", ["base", "/home/me/base", "C:\\base", BUILTIN_BASE, f"x/{BUILTIN_BASE}", None]
    )
    def test_the_built_in_one_under_any_name(self, copied, base, name):
        folder = copied(IA3, config=lambda values: values.update(base_model_name_or_path=name))
        assert importing.describe(folder).base_model == BUILTIN_BASE
        adapters.load(folder, base, METHODS["ia3"], SENTIMENT)

    @pytest.fixture
    def tiny(self, distilbert_folder: Path, tmp_path: Path) -> Callable[..., Path]:
        """Makes an adapter for a DistilBERT that is 32 wide."""
        from peft import LoraConfig, get_peft_model
        from transformers import DistilBertForSequenceClassification

        def make(name: str, **changes: Any) -> Path:
            settings = {
                "task_type": "SEQ_CLS",
                "target_modules": ["q_lin"],
                "modules_to_save": list(FAMILY.head),
                **changes,
            }
            with torch.random.fork_rng():
                model = DistilBertForSequenceClassification.from_pretrained(distilbert_folder)
                model.name_or_path = name
                adapters.save(get_peft_model(model, LoraConfig(**settings)), tmp_path / "tiny")
            return tmp_path / "tiny"

        return make

    @pytest.mark.parametrize("name", ["someone/tiny", "/home/me/tiny", "tiny", HUB_BASE])
    def test_another_base(self, tiny, no_network, name):
        sentence = refusal(importing.describe, tiny(name))
        assert "32 wide" in sentence
        assert name in sentence
        assert all(base_id in sentence for base_id in (BUILTIN_BASE, HUB_BASE))
        assert not no_network

    @pytest.mark.parametrize("name", ["distilbert-base-uncased", "distilbert/distilbert-x"])
    def test_the_same_width_with_other_weights(
        self, tiny, distilbert_folder, monkeypatch, forget_bases, name
    ):
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(distilbert_folder))
        assert name in refusal(importing.describe, tiny(name))

    @pytest.mark.parametrize("name", [HUB_BASE, "distilbert-base-cased", "/home/me/mine"])
    def test_the_users_own_distilbert(
        self, tiny, distilbert_folder, monkeypatch, forget_bases, no_network, name
    ):
        monkeypatch.setenv("PEFT_DEMO_DISTILBERT_FOLDER", str(distilbert_folder))
        assert importing.describe(tiny(name)).base_model == HUB_BASE
        assert not no_network

    def test_the_hub_is_not_asked_for_the_base(self, copied, no_network, forget_bases):
        def widen(weights: dict[str, Any]) -> None:
            first, last = (f"base_model.model.{part}.weight" for part in FAMILY.head)
            weights[first], weights[last] = torch.zeros(768, 768), torch.zeros(2, 768)

        folder = copied(
            IA3, lambda values: values.update(base_model_name_or_path=HUB_BASE), tensors=widen
        )
        assert "on this machine" in refusal(importing.describe, folder)
        assert not no_network

    def test_other_modules_of_the_same_width(self, copied):
        folder = copied(
            LORA,
            tensors=lambda weights: [
                weights.update({name.replace("q_lin", "query"): weights.pop(name)})
                for name in list(weights)
                if "q_lin" in name
            ],
        )
        assert "q_lin" in refusal(importing.describe, folder)

    def test_more_layers_than_the_base(self, copied):
        def add(weights: dict[str, Any]) -> None:
            for name in [name for name in weights if "layer.5" in name]:
                weights[name.replace("layer.5", "layer.6")] = weights[name].clone()

        assert "layer.6" in refusal(importing.describe, copied(LORA, tensors=add))

    def test_other_shapes(self, copied):
        folder = copied(LORA, config=lambda values: values.update(r=4))
        assert "size mismatch" in refusal(importing.describe, folder)


class TestTheHead:
    @pytest.mark.parametrize("part", FAMILY.head)
    def test_none(self, copied, part):
        folder = copied(
            IA3,
            tensors=lambda weights: [
                weights.pop(name) for name in list(weights) if f".{part}." in name
            ],
        )
        sentence = refusal(importing.describe, folder)
        assert "trained head" in sentence
        assert "modules_to_save" in sentence

    def test_three_labels(self, copied):
        def widen(weights: dict[str, Any]) -> None:
            weights["base_model.model.classifier.weight"] = torch.zeros(3, 384)

        assert "2 labels" in refusal(importing.describe, copied(IA3, tensors=widen))

    def test_no_numbers(self, copied):
        def spoil(weights: dict[str, Any]) -> None:
            weights["base_model.model.classifier.bias"] *= float("nan")

        assert "finite" in refusal(importing.describe, copied(IA3, tensors=spoil))


class TestHostileConfigurations:
    @pytest.fixture
    def planted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A file that exists once the package ``megatron``, which peft trusts, is imported."""
        package = tmp_path / "site" / "megatron"
        package.mkdir(parents=True)
        mark = tmp_path / "imported"
        for module in ("__init__", "core"):
            (package / f"{module}.py").write_text(f"open({str(mark)!r}, 'w').close()")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        for name in [name for name in sys.modules if name.partition(".")[0] == "megatron"]:
            monkeypatch.delitem(sys.modules, name)
        return mark

    HOSTILE = {  # noqa: RUF012
        "auto_mapping": {"base_model_class": "Evil", "parent_library": "megatron.core"},
        "megatron_config": {"hidden_size": 1},
        "megatron_core": "megatron.core",
    }

    def test_no_module_is_imported(self, copied, planted):
        folder = copied(LORA, config=lambda values: values.update(self.HOSTILE))
        config = importing.describe(folder)
        importing.test(config, folder, Recorder())
        assert not planted.exists()
        kept = json.loads((folder / adapters.CONFIG).read_text())
        assert not set(self.HOSTILE) & set(kept)
        assert "megatron" not in sys.modules

    def test_peft_itself_would_import_it(self, copied, planted, base):
        from peft import PeftModel

        folder = copied(LORA, config=lambda values: values.update(self.HOSTILE))
        with pytest.raises(AttributeError):
            PeftModel.from_pretrained(base.private(SENTIMENT), str(folder))
        assert planted.exists()
        sys.modules.pop("megatron.core", None)
        sys.modules.pop("megatron", None)

    def test_no_tokenizer_is_fetched(self, built, copied, no_network, base):
        more = {
            "prompt_tuning_init": "TEXT",
            "prompt_tuning_init_text": "Is this good?",
            "tokenizer_name_or_path": "evil/tokenizer",
            "tokenizer_kwargs": {"trust_remote_code": True},
            "prompt_tuning_init_state_dict_path": "/etc/passwd",
            "revision": "evil",
        }
        folder = copied(built("prompt_tuning"), config=lambda values: values.update(more))
        config = importing.describe(folder)
        result = importing.test(config, folder, Recorder())
        assert result.num_adapter_parameters > 0
        assert not set(more) & set(json.loads((folder / adapters.CONFIG).read_text()))
        assert not no_network

    def test_unknown_keys_are_dropped(self, copied):
        folder = copied(IA3, config=lambda values: values.update(evil="x", runtime_config={}))
        importing.describe(folder)
        kept = json.loads((folder / adapters.CONFIG).read_text())
        assert not {"evil", "runtime_config"} & set(kept)
        assert kept["inference_mode"] is True

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("target_modules", "(.*)*x"),
            ("target_modules", "((a+)+)+$"),
            ("target_modules", "a*b*c*d*e*"),
            ("target_modules", "(?:a)"),
            ("exclude_modules", "x" * 201),
            ("rank_pattern", {"(a+)+": 4}),
            ("rank_pattern", {"q_lin": 10**9}),
            ("layers_to_transform", [10**9]),
            ("alpha_pattern", {f"{number}": 1 for number in range(1_001)}),
        ],
    )
    def test_what_would_take_for_ever(self, copied, name, value):
        folder = copied(LORA, config=lambda values: values.update({name: value}))
        assert name in refusal(importing.describe, folder)

    def test_a_rank_beyond_all_memory(self, copied):
        folder = copied(LORA, config=lambda values: values.update(r=10**9))
        assert "r of at most 2,560" in refusal(importing.describe, folder)

    def test_sizes_that_multiply_beyond_all_memory(self, built, copied):
        folder = copied(built("peanut"), config=lambda values: values.update(r=2_560, depth=40))
        assert "1 GB of memory" in refusal(importing.describe, folder)

    def test_indices_beyond_the_weight(self, built, copied):
        def spoil(weights: dict[str, Any]) -> None:
            for name, tensor in weights.items():
                if name.endswith("_indices"):
                    tensor[0, 0] = 10_000

        folder = copied(built("shira"), tensors=spoil)
        assert "must load" in refusal(importing.describe, folder)

    def test_the_shared_base_stays_as_it_is(self, base, tmp_path):
        from peft import LoraConfig, get_peft_model

        before = base.checksum()
        model = get_peft_model(
            base.private(SENTIMENT),
            LoraConfig(
                task_type="SEQ_CLS",
                bias="all",
                target_modules=["q_lin"],
                modules_to_save=list(FAMILY.head),
            ),
        )
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.data += 1
        adapters.save(model, tmp_path / "biased")
        assert "own weights" in refusal(importing.describe, tmp_path / "biased")
        assert base.checksum() == before

    def test_answers_that_are_drawn_at_random(self, built, copied):
        folder = copied(
            built("pvera"),
            config=lambda values: values.update(sample_at_inference=True),
            tensors=lambda weights: [
                tensor.fill_(0.1) for name, tensor in weights.items() if "lambda" in name
            ],
        )
        assert "at random" in refusal(importing.describe, folder)

    def test_a_start_that_was_drawn_at_random(self, built, copied):
        folder = copied(
            built("pissa"), config=lambda values: values.update(init_lora_weights="pissa_niter_1")
        )
        refusal(importing.describe, folder)


@pytest.mark.slow
class TestTest:
    @pytest.mark.parametrize("source", [LORA, IA3])
    def test_gives_the_reference_runs_own_numbers(self, copied, source):
        reference = reference_runs.read_references(ADAPTERS)[source.name]
        folder = copied(source)
        importing.describe(folder)
        config = RunConfig({**reference.config.flat(), "num_test_reviews": 200})
        result = importing.test(config, folder, Recorder())
        expected, found = Predictions.load(source), Predictions.load(folder)
        assert np.abs(expected.probabilities[:200] - found.probabilities).max() < 2e-2
        assert (expected.labels[:200] == found.labels).all()
        assert abs(expected.correct[:200].mean() - result.test_accuracy) <= 2 / 200
        assert result.test_accuracy == found.correct.mean()
        assert result.test_interval[0] < result.test_accuracy < result.test_interval[1]
        was = reference.result
        assert was is not None
        assert result.num_adapter_parameters == was.num_adapter_parameters
        assert result.num_head_parameters == was.num_head_parameters
        assert (result.saved_as, result.file_bytes) == (was.saved_as, was.file_bytes)
        assert result.train_output == {}

    def test_the_same_reviews_as_every_run(self, copied):
        reference = reference_runs.read_references(ADAPTERS)[IA3.name]
        config = RunConfig({**reference.config.flat(), "max_length": 8})
        result = importing.test(config, copied(IA3), Recorder())
        assert reference.result is not None
        assert result.test_set == reference.result.test_set

    def test_says_how_far_it_is(self, copied):
        recorder = Recorder()
        config = small_config("ia3", num_test_reviews=100)
        importing.test(config, copied(IA3), recorder)
        assert [(p.phase, p.step, p.max_steps) for p in recorder.progresses] == [
            ("Loading the adapter", 0, 0),
            # Batches of 16 reviews.
            *(("Testing", step, 7) for step in range(8)),
        ]

    @pytest.mark.parametrize("after", [0, 1, 2])
    def test_stops_when_asked(self, copied, after):
        class Impatient(Recorder):
            def should_stop(self) -> bool:
                return len(self.progresses) >= after

        recorder = Impatient()
        with pytest.raises(RunCancelledError):
            importing.test(small_config("ia3"), copied(IA3), recorder)
        assert len(recorder.progresses) == after


@pytest.mark.slow
class TestAsARun:
    @pytest.mark.parametrize("precision", ["float32", "bfloat16"])
    def test_is_tested_and_then_predicts(self, store, tmp_path, monkeypatch, precision):
        monkeypatch.setenv("PEFT_DEMO_PRECISION", precision)
        scratch = store.folder / "scratch"
        scratch.mkdir()
        source = zipped(tmp_path / "mine.zip", members(LORA, "mine/"))
        folder = importing.unpack(source, scratch)
        config = importing.describe(folder, source.stem)
        config = RunConfig({**config.flat(), "num_test_reviews": 64})
        store.submit(config, "me", RunKind.IMPORTED, files=folder)
        claimed = store.claim()
        assert claimed is not None
        run = Engine(store).run(claimed)
        assert (run.status, run.error) == (RunStatus.COMPLETED, None)
        assert run.kind is RunKind.IMPORTED
        assert run.config.name == "mine"
        assert not folder.exists()
        assert set(FILES) < {path.name for path in store.folder_of(run.run_id).iterdir()}
        assert run.result is not None
        assert run.result.precision == precision
        assert run.result.test_accuracy > 0.7
        good, bad = (
            Predictor(store).predict(text, [run.run_id])[0].label
            for text in ("A wonderful, moving film.", "Dull, awful and far too long.")
        )
        assert (good, bad) == ("positive", "negative")

    def test_the_command(self, command, tmp_path):
        source = zipped(tmp_path / "bad.zip", {"adapter_model.bin": b""})
        done = command("import-adapter", str(source))
        assert done.status == 2
        assert "safetensors" in done.err
