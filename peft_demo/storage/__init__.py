"""Runs and the queue in SQLite, with their files beside it."""

from peft_demo.storage.store import DATABASE, Store

__all__ = [
    "DATABASE",
    "Store",
]
