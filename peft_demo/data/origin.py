"""Origin: the commit of a data set on the Hugging Face Hub that texts were read from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Part(_Record):
    """A split of a data set on the Hub, and which of its rows were read."""

    split: str
    every_file: int = 0
    """Where it was too large to be read whole, each of how many files was looked into."""
    every_group: int = 0
    """And of these files' groups of rows each of how many."""
    rows_of_each: int = 0
    """And how many rows of each group; 0 where all rows were read."""


class Origin(_Record):
    """The commit of a data set on the Hugging Face Hub that texts were read from."""

    repository: str
    config: str
    commit: str
    training: Part
    test: Part | None = None
    """Whose texts are those to test on, where a split was named for that."""
    licence: str = ""

    @property
    def name(self) -> str:
        """What identifies it: ``fancyzhx/ag_news, default, train at 0123456789ab``."""
        splits = [self.training.split, *([self.test.split] if self.test else [])]
        return f"{self.repository}, {self.config}, {' and '.join(splits)} at {self.commit[:12]}"

    @property
    def address(self) -> str:
        """Where it can be read about."""
        return f"https://huggingface.co/datasets/{self.repository}/tree/{self.commit}"
