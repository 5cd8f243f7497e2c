"""Who acts: the server says it of each request, and nothing that a client sends can."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from peft_demo.runs import Run, RunGroup

ACCOUNT = "@"
"""Begins the owner's id of who signed in with an account; no nickname begins so."""


@dataclass(frozen=True)
class Visitor:
    """Whoever sent a request."""

    owner: str = ""
    """Owns what he makes; empty for one that nobody knows, who may look only."""
    address: str = ""
    is_local: bool = False
    """Whether he sits at the machine that serves."""

    @property
    def is_account(self) -> bool:
        """Whether he signed in with an account."""
        return self.owner.startswith(ACCOUNT)

    @property
    def is_program_here(self) -> bool:
        """Whether it is a program of the machine's owner, which may ask as much as it likes."""
        return self.is_local and self.owner == machines_owner().owner


NOBODY = Visitor()

_acting: ContextVar[Visitor] = ContextVar("visitor", default=NOBODY)


def acting() -> Visitor:
    """Who the request comes from that is being answered."""
    return _acting.get()


@contextmanager
def acting_as(visitor: Visitor) -> Iterator[None]:
    """What is done meanwhile in this task, and in threads that it waits for, this one does."""
    before = _acting.set(visitor)
    try:
        yield
    finally:
        _acting.reset(before)


def machines_owner() -> Visitor:
    """The user of the machine, as on the command line."""
    return Visitor(getpass.getuser(), is_local=True)


def as_seen(run: Run) -> Run:
    """A run as who acts may see it: its error names folders to who sits at the machine alone."""
    return run.in_full if acting().is_local else run


def public(record: Run | RunGroup) -> dict[str, Any]:
    """A run or group as plain data, with its owner's name for the owner's id."""
    record = as_seen(record) if isinstance(record, Run) else record
    plain: dict[str, Any] = json.loads(record.model_dump_json(exclude={"nickname"}))
    return {**plain, "owner": record.owner_name}
