"""Whose own texts are kept here; the texts themselves are files, see ``data.own``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from peft_demo.data import own
from peft_demo.data.loading import forget
from peft_demo.data.origin import Origin
from peft_demo.errors import NotFoundError
from peft_demo.fields import shown
from peft_demo.runs.results import Record
from peft_demo.storage.database import now, touch
from peft_demo.storage.runs import Runs
from peft_demo.storage.tables import DatasetRow


class OwnDataset(Record):
    """Texts that somebody added; the same texts of two people are two of these with one id."""

    dataset: str
    owner: str
    name: str
    labels: tuple[str, ...]
    rows: int
    test_texts: int
    origin: Origin | None = None
    """Where on the Hub its texts come from, if they do."""
    num_bytes: int
    """Of the texts, in UTF-8."""
    is_learned: bool
    """Whether runs can learn from it; else it is for testing alone."""
    is_listed: bool
    """Whether others see it among theirs, where the host lets them."""
    created_at: datetime


class Datasets(Runs):
    """The own data sets of a store's owners."""

    def add_dataset(
        self, prepared: own.Prepared, owner: str, *, is_listed: bool = True
    ) -> OwnDataset:
        """Keep somebody's texts; the same again are found, and keep their first name.

        Raises:
            StoreError: folder or database cannot be written.
        """
        if not own.has_texts(prepared.id):
            own.keep(prepared)
        with self._transaction() as session:
            if not own.has_texts(prepared.id):  # somebody has just deleted the same ones
                own.keep(prepared)
            row = DatasetRow(
                dataset=prepared.id,
                owner=owner,
                num_bytes=prepared.num_bytes,
                is_listed=is_listed,
                created_at=now(),
                deleted_at=None,
            )
            session.merge(row)
            touch(session)
        return self.dataset(prepared.id, owner)

    def datasets(self) -> list[OwnDataset]:
        """All that are there, the newest first."""
        if not self._is_open:
            return []
        asked = select(DatasetRow).where(DatasetRow.deleted_at.is_(None))
        with self._transaction(write=False) as session:
            rows = session.scalars(asked.order_by(DatasetRow.created_at.desc()))
            return [found for row in rows if (found := _read(row))]

    def dataset(self, dataset: str, owner: str | None = None) -> OwnDataset:
        """One of them, somebody's if there are several.

        Raises:
            NotFoundError: there is none of that id, or it was deleted.
        """
        for found in self.datasets():
            if found.dataset == dataset and owner in (None, found.owner):
                return found
        raise NotFoundError(
            f"data must be the id of an own data set, such as own-0123456789ab, "
            f"got {shown(dataset)}."
        )

    def remove_dataset(self, dataset: str, owner: str) -> None:
        """Delete somebody's texts for good; runs that learned from them stay, and can be read.

        Files go once nobody has them any more.

        Raises:
            NotFoundError: he has none of that id.
        """
        self.dataset(dataset, owner)
        with self._transaction() as session:
            row = session.get_one(DatasetRow, (dataset, owner))
            row.deleted_at = now()
            touch(session)
            session.flush()
            if not _is_anybodys(session, dataset):
                own.let_go(dataset)
                forget(dataset)


def _is_anybodys(session: Session, dataset: str) -> bool:
    asked = select(DatasetRow.owner).where(
        DatasetRow.dataset == dataset, DatasetRow.deleted_at.is_(None)
    )
    return session.scalar(asked) is not None


def _read(row: DatasetRow) -> OwnDataset | None:
    """A row with what its files say; None if those are gone."""
    about = own.dataset_of(row.dataset)
    if about is None or not own.has_texts(row.dataset):
        return None
    return OwnDataset(
        dataset=row.dataset,
        owner=row.owner,
        name=about.name,
        labels=about.labels,
        rows=about.rows or 0,
        test_texts=about.test_pool,
        origin=about.origin,
        num_bytes=row.num_bytes,
        is_learned=about.is_learned,
        is_listed=row.is_listed,
        created_at=datetime.fromisoformat(row.created_at),
    )
