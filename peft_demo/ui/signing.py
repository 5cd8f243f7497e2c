"""What a server signs and knows again: visitors' cookies, and their tokens for programs."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from itsdangerous import BadSignature, Signer

KEY_FILE = "signing.key"
"""Beside the database, for its user's eyes only: who has it can be anybody."""


class Signatures:
    """Signs with a key that is made once and outlives restarts.

    Where the folder cannot be written, the key lasts as long as the server.
    """

    def __init__(self, folder: Path) -> None:
        key = _kept(folder / KEY_FILE) or secrets.token_bytes(32)
        self.name = hashlib.sha256(key).hexdigest()[:8]
        """Tells servers apart: all ports of a host share their cookies."""
        self._signers = {
            use: Signer(key, salt=f"peft-demo-{use}", digest_method=hashlib.sha256)
            for use in ("cookie", "token")
        }

    def sign(self, owner: str, use: str) -> str:
        """An owner's id, signed as a ``cookie`` or a ``token``: one is not taken for the other."""
        return self._signers[use].sign(owner).decode()

    def read(self, signed: str, use: str) -> str:
        """Whose it is; empty if we did not sign it."""
        with suppress(BadSignature, ValueError):
            return self._signers[use].unsign(signed).decode()
        return ""


def _kept(path: Path) -> bytes:
    """The key in a file, which is made if it is not there; empty where it cannot be."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
            # Never over that of a server that began at the same moment.
            with suppress(FileExistsError):
                os.link(part, path)
            part.unlink()
        return path.read_bytes()
    except OSError:
        return b""
