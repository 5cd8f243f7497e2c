"""Teachers, who may do everything: signed in with the password, or without one at the machine."""

from __future__ import annotations

import hmac
import threading
import time

from peft_demo import settings
from peft_demo.errors import NotAllowedError
from peft_demo.ui.identity import acting

SESSION = 8 * 3600.0
"""In seconds."""

TRIES = 5
"""Wrong passwords that an address may send before it has to wait."""

WAIT = 900.0
"""In seconds."""


class Teachers:
    """Who is signed in to one server; a restart signs everybody out."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._wrong: dict[str, list[float]] = {}
        """When an address sent wrong passwords."""
        self._lock = threading.Lock()

    def sign_in(self, password: str) -> None:
        """Make a teacher of who acts.

        Raises:
            NotAllowedError: the password is wrong, or too many were.
        """
        visitor, now, wanted = acting(), time.monotonic(), settings.teacher_password()
        sent, expected = (text.encode("utf-8", "replace") for text in (password, wanted))
        with self._lock:
            self._wrong = {who: at for who, at in self._wrong.items() if at[-1] > now - WAIT}
            wrong = self._wrong.setdefault(visitor.address, [])
            if len(wrong) >= TRIES:
                minutes = 1 + (wrong[-1] + WAIT - now) // 60
                raise NotAllowedError(f"Too many wrong passwords: try again in {minutes:.0f} min.")
            if not hmac.compare_digest(sent, expected) or not (wanted and visitor.owner):
                wrong.append(now)
                raise NotAllowedError("The password is wrong.")
            del self._wrong[visitor.address]
            self._until[visitor.owner] = now + SESSION

    def sign_out(self) -> None:
        """Make a student of who acts."""
        self._until.pop(acting().owner, None)

    def is_one(self) -> bool:
        """Whether who acts is a teacher now."""
        if settings.teacher_password():
            return self._until.get(acting().owner, 0.0) > time.monotonic()
        return acting().is_local
