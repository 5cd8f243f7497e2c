"""What people bring in place of a zip or folder with an adapter, told by its first bytes."""

from __future__ import annotations

from pathlib import Path

_PACKED = {
    b"\x1f\x8b": "a gzip archive (.tar.gz)",
    b"BZh": "a bzip2 archive (.tar.bz2)",
    b"\xfd7zXZ": "an xz archive (.tar.xz)",
    b"(\xb5/\xfd": "a zstandard archive (.tar.zst)",
    b"7z\xbc\xaf'\x1c": "a 7z archive",
    b"Rar!": "a rar archive",
}

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"

_BOTH = "bring both files, or the whole folder that save_pretrained wrote, zipped"

_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def is_lfs_pointer(data: bytes) -> bool:
    """Whether a file holds only the note that Git LFS leaves in its place."""
    return data.startswith(_LFS_POINTER)


def kind_of(source: Path) -> str:
    """What a file is that is no zip, with what to do; empty if that is not known."""
    try:
        with source.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return ""
    packed = next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), "")
    if packed or start[257:262] == b"ustar":
        return f"{packed or 'a tar archive'}: unpack it, and bring the folder or a zip of it"
    if is_lfs_pointer(start):
        return "the Git LFS pointer that stands for one: run `git lfs pull` where it was cloned"
    if start.startswith(_PICKLE):
        return (
            "a pickle, which is not read here, because loading one runs code: save the adapter "
            "again with a peft of today, which writes safetensors"
        )
    if start[8:9] == b"{":  # after the length of the header
        return _of_safetensors(start)
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return f"one JSON file alone: {_BOTH}"
    if start.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "a web page: download the files themselves"
    return ""


def _of_safetensors(start: bytes) -> str:
    if b'"base_model.model.' in start:
        return f"an adapter's weights without the adapter_config.json that says of what: {_BOTH}"
    return (
        "weights in safetensors alone, and by their names they are a whole model's, not a peft "
        "adapter's"
    )
