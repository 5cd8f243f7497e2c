"""Runs and the queue in SQLite, with their files beside it."""

from peft_demo.storage.database import DATABASE
from peft_demo.storage.liveness import RENEW_SECONDS
from peft_demo.storage.store import Store

__all__ = [
    "DATABASE",
    "RENEW_SECONDS",
    "Store",
]
