"""Asked: what somebody wants of the Hugging Face Hub, checked before anybody is asked for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from peft_demo.errors import refuse
from peft_demo.fields import shown

_PART = r"[A-Za-z0-9][\w.-]{0,95}"

_ID = re.compile(rf"{_PART}(/{_PART})?")

_LINK = re.compile(
    rf"/datasets/({_PART}(?:/{_PART})?)(?:/(?:tree|resolve|blob)/([\w.-]+)(?:/.*)?)?/?"
)

_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")

_REVISION = re.compile(r"\w[\w./-]{0,199}")


@dataclass(frozen=True)
class Asked:
    """What somebody wants of the Hub.

    Raises:
        InvalidFieldsError: one of it can be no such name; says what came.
    """

    repository: str
    """Its id, or a link to it, whose revision counts."""
    config: str = ""
    """Its only one, or its default one, if it is empty."""
    split: str = ""
    """``train``, or its only one, if it is empty."""
    revision: str = ""
    test_split: str = ""
    """Another split to test on; some texts are split off if it is empty."""
    is_trusted: bool = False
    """Whether who asks may use this machine's token, and have files stay in its cache."""

    def __post_init__(self) -> None:
        said, link = self.repository.strip(), urlsplit(self.repository.strip())
        revision = self.revision.strip()
        is_there = link.hostname in _HOSTS and link.scheme in ("http", "https")
        if is_there and (match := _LINK.fullmatch(unquote(link.path))):
            said, revision = match[1], revision or match[2] or ""
        if not _ID.fullmatch(said) or ".." in said:
            refuse(
                "hub",
                "hub must be the id of a data set on the Hub, such as fancyzhx/ag_news, or a link "
                f"to it, got {shown(said)}.",
            )
        if revision and (not _REVISION.fullmatch(revision) or ".." in revision):
            refuse("revision", f"revision must be a commit, tag or branch, got {shown(revision)}.")
        object.__setattr__(self, "repository", said)
        object.__setattr__(self, "revision", revision)
        for name in ("config", "split", "test_split"):
            object.__setattr__(self, name, getattr(self, name).strip())
