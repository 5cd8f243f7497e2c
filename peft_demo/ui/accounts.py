"""Accounts: who signed in with Hugging Face, on a Space whose README.md says ``hf_oauth: true``."""

from __future__ import annotations

import math
import os
import time
from typing import Any

import gradio as gr


def is_offered() -> bool:
    """Whether one can sign in: Spaces set this variable where their metadata ask for it."""
    return bool(os.environ.get("OAUTH_CLIENT_ID"))


def draw() -> None:
    """Bring Gradio's routes of sign-in into the current Blocks, where it is offered.

    They come with its button, which stays unseen: the panel *Who you are* has links to them.
    """
    if is_offered():
        gr.LoginButton(visible=False)


def account(session: Any) -> str:
    """The name of the account that is signed in, as Gradio keeps it in its signed session.

    Empty if there is none, or its time is over.
    """
    if until(session) <= time.time():
        return ""
    told = session.get("oauth_info") or {}
    return str((told.get("userinfo") or {}).get("preferred_username") or "")


def until(session: Any) -> float:
    """When that sign-in ends, in seconds since 1970."""
    return float((session.get("oauth_info") or {}).get("expires_at", math.inf))


def token(session: Any) -> str:
    """The Hub's token of the account that is signed in; this program keeps it nowhere else."""
    told = session.get("oauth_info") or {}
    return str(told.get("access_token") or "") if account(session) else ""
