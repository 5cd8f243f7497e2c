"""Zips and folders: two files come out of them, whatever else is inside."""

import io
import shutil
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imported_adapters import FILES, IA3, SMALL, members, refusal, zipped

from peft_demo import adapters
from peft_demo.adapters import importing
from peft_demo.adapters.importing import finding
from peft_demo.errors import InvalidFieldsError


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
        beside = {"run.json": (IA3 / "run.json").read_bytes()}
        found = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert found == {**members(IA3), **beside}

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

    @pytest.mark.parametrize("kind", ["zip", "folder"])
    def test_any_depth(self, tmp_path, kind):
        source = tmp_path / "source"
        for name, data in members(IA3).items():
            path = source / "content" / "drive" / "my run" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if kind == "zip":
            source = zipped(tmp_path / "a.zip", members(IA3, "content/drive/my run/"))
        folder = importing.unpack(source, tmp_path)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == members(IA3)

    def test_the_same_name_twice(self, tmp_path):
        source = zipped(tmp_path / "a.zip", {**SMALL, "adapter_Config.json": b"{}"})
        source.write_bytes(source.read_bytes().replace(b"adapter_Config", b"adapter_config"))
        assert "each file once" in refusal(importing.unpack, source, tmp_path)


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

    def test_an_endless_name(self, tmp_path):
        source = zipped(tmp_path / "a.zip", {**SMALL, "x" * 1_001: b""})
        assert "plain file names" in refusal(importing.unpack, source, tmp_path)

    def test_links_in_a_zip(self, tmp_path):
        info = zipfile.ZipInfo(adapters.CONFIG)
        info.create_system, info.external_attr = 3, 0o120777 << 16
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(info, "/etc/passwd")
            archive.writestr(adapters.WEIGHTS, b"")
        assert "no links" in refusal(importing.unpack, tmp_path / "a.zip", tmp_path)

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

    def test_an_entry_without_a_name(self, tmp_path):
        source = zipped(tmp_path / "a.zip", SMALL)
        name = next(iter(SMALL)).encode()
        data = bytearray(source.read_bytes())
        begin = data.index(b"PK\x01\x02")
        # Its name becomes its comment.
        data[begin + 28 : begin + 34] = struct.pack("<HHH", 0, 0, len(name))
        source.write_bytes(data)
        assert "files with names" in refusal(importing.unpack, source, tmp_path)

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
    @pytest.mark.slow
    def test_small_outside_and_huge_inside(self, tmp_path):
        source = tmp_path / "a.zip"
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(adapters.CONFIG, b"{}")
            with archive.open(adapters.WEIGHTS, "w") as file:
                for _ in range(210):
                    file.write(bytes(1_000_000))
        assert source.stat().st_size < 400_000
        sentence = refusal(importing.unpack, source, tmp_path)
        assert "at most 200 MB" in sentence
        assert "210.0 MB" in sentence

    @pytest.mark.parametrize("claimed", [2, 1_000, 200_000_000])
    def test_the_directory_lies_about_the_size(self, tmp_path, monkeypatch, claimed):
        monkeypatch.setattr(finding, "LARGEST", 10_000_000)
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
        source = zipped(tmp_path / "a.zip", SMALL)
        monkeypatch.setattr(zipfile.ZipFile, "open", lambda self, info: io.BytesIO(bytes(1_000)))
        assert "other than the 2 bytes" in refusal(importing.unpack, source, tmp_path)
        assert not [path for path in tmp_path.rglob("*") if path.stat().st_size == 1_000]

    def test_the_configuration_has_a_limit_of_its_own(self, tmp_path):
        source = zipped(tmp_path / "a.zip", {**SMALL, adapters.CONFIG: b" " * 1_000_001})
        sentence = refusal(importing.unpack, source, tmp_path)
        assert "at most 1 MB" in sentence
        assert adapters.CONFIG in sentence

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [4_999, 70_000])
    def test_many_entries(self, tmp_path, number, monkeypatch):
        source = zipped(tmp_path / "a.zip", {**SMALL, **{f"{n}": b"" for n in range(number)}})
        if number > importing.MOST_ENTRIES * 10:
            # Before zipfile makes an object of each.
            monkeypatch.setattr(zipfile, "ZipFile", None)
        assert "at most 5,000" in refusal(importing.unpack, source, tmp_path)

    def test_many_files_in_a_folder(self, tmp_path):
        source = tmp_path / "source"
        (source / "inside").mkdir(parents=True)
        for number in range(5_001):
            (source / "inside" / f"{number}").write_bytes(b"")
        assert "at most 5,000" in refusal(importing.unpack, source, tmp_path)
