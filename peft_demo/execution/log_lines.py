"""Log lines: messages that travel in the log of a program, among all else that it prints.

A log is no queue: lines may come twice once a connection broke, out of order, damaged, or never. So
each has a number and a checksum, and a long message is on several. Whoever hears them gets each
message once, in order, and knows when one is missing. The checksum goes by a key that both sides
have: what others print, somebody's texts among it, is never taken for a line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import re
import threading
import zlib

MOST_CHARACTERS = 3_000
"""Of a message on one line: up to 4,096 bytes go into a pipe at once, whoever else writes."""

_LINE = re.compile(r"peft-demo:(\d+)([+.])([0-9a-f]{16}):([A-Za-z0-9+/=]*)")
"""Number, whether the message goes on, checksum, and the message's part."""


class Lines:
    """Makes lines of messages; remembers all of them.

    Args:
        key: of at most 64 bytes, which nobody else has.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.told: list[str] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def of(self, message: str) -> list[str]:
        """The lines of the next message."""
        whole = base64.b64encode(zlib.compress(message.encode())).decode()
        parts = [whole[at : at + MOST_CHARACTERS] for at in range(0, len(whole), MOST_CHARACTERS)]
        with self._lock:
            made = [
                _line(self._key, next(self._numbers), "+" if left else ".", part)
                for left, part in zip(reversed(range(len(parts))), parts, strict=True)
            ]
            self.told += made
        return made


class Heard:
    """Puts messages together from lines, whatever happened to these on their way.

    Args:
        key: with which they were made.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._next = 0
        self._early: dict[int, tuple[str, str]] = {}
        """By their numbers; lines before them are missing."""
        self._parts: list[str] = []

    @property
    def has_gap(self) -> bool:
        """Whether a line is missing before one that came."""
        return bool(self._early)

    def take(self, line: str) -> list[str]:
        """Hear a line; the messages that are complete with it, mostly one or none."""
        match = _LINE.search(line)
        if match is None or match[0] != _line(self._key, int(match[1]), *match.group(2, 4)):
            return []
        number = int(match[1])
        if number < self._next:
            return []
        self._early[number] = match[2], match[4]
        messages = []
        while self._next in self._early:
            sign, part = self._early.pop(self._next)
            self._next += 1
            self._parts.append(part)
            if sign == ".":
                messages.append(_message("".join(self._parts)))
                self._parts = []
        return messages


def _line(key: bytes, number: int, sign: str, part: str) -> str:
    told = f"{number}{sign}{part}".encode()
    checksum = hashlib.blake2b(told, digest_size=8, key=key).hexdigest()
    return f"peft-demo:{number}{sign}{checksum}:{part}"


def _message(whole: str) -> str:
    """The message on some lines.

    Raises:
        ValueError: it is none; whoever wrote it is not this program.
    """
    try:
        return zlib.decompress(base64.b64decode(whole)).decode()
    except (binascii.Error, zlib.error) as error:
        raise ValueError("the log has a message that cannot be read") from error
