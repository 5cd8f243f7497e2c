"""A data set of the Hugging Face Hub as tables, at a commit; nothing of it is ever executed.

``datasets`` says which files a split has and reads them; a small one is downloaded into the Hub's
cache, of a large one some rows are read where it lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from peft_demo import hub, settings
from peft_demo.data.origin import Origin, Part
from peft_demo.data.own.asked import Asked
from peft_demo.data.own.preparing import Source
from peft_demo.data.own.tables import MOST_ROWS, Table
from peft_demo.errors import InvalidFieldsError, cause, refuse
from peft_demo.fields import shown

if TYPE_CHECKING:
    import datasets

MOST_STREAMED = 20_000
"""Rows that are read of a split whose files are too large to be downloaded."""

MOST_PIECES = 20
"""Files that are looked into, and groups of rows in them from which these come."""

_MOST_BYTES = 400_000_000
"""Of values in memory: small files may unfold to anything."""

_KINDS = {
    "parquet": "Parquet",
    "csv": "CSV",
    "json": "JSON Lines",
    "text": "lines",
    "arrow": "Arrow",
}
"""The modules of ``datasets`` that read plain data; others open pictures, archives, pickles."""


def read(asked: Asked) -> tuple[Source, Source | None]:
    """The texts of a split, and those of another one to test on if it was asked for.

    Raises:
        InvalidFieldsError: the Hub cannot be reached, has no such data set, configuration, split
            or revision, or lets nobody read it; or its files are of no kind that is read here.
    """
    if not hub.is_reachable():
        refuse(
            "hub",
            f"{asked.repository} cannot be read: the Hugging Face Hub cannot be reached. What was "
            "kept of it before can still be used.",
        )
    with _told(asked):
        return _read(_Repository.at(asked), asked)


@dataclass(frozen=True)
class _Repository:
    """A data set at a commit."""

    name: str
    commit: str
    sizes: dict[str, int]
    """Of its files, in bytes."""
    licence: str
    is_trusted: bool

    @classmethod
    def at(cls, asked: Asked) -> _Repository:
        from huggingface_hub import HfApi

        client = HfApi(token=None if asked.is_trusted else False)
        found = client.dataset_info(
            asked.repository,
            revision=asked.revision or None,
            files_metadata=True,
            timeout=hub.PROBE_SECONDS,
        )
        if found.gated:  # datasets says of such a one that it is not there
            client.auth_check(asked.repository, repo_type="dataset")
        card = found.card_data
        _require_own_files(asked.repository, card.get("configs") if card else None)
        return cls(
            name=asked.repository,
            commit=str(found.sha),
            sizes={file.rfilename: file.size or 0 for file in found.siblings or []},
            licence=str((card and card.get("license")) or ""),
            is_trusted=asked.is_trusted,
        )

    @property
    def token(self) -> hub.Rights:
        """Whose rights count."""
        return None if self.is_trusted else False

    @contextmanager
    def files(self, names: Sequence[str]) -> Iterator[list[str]]:
        """Where its files of these names lie on this machine, meanwhile at least."""
        download = partial(
            hub.download,
            self.name,
            names,
            revision=self.commit,
            kind="dataset",
            token=self.token,
        )
        if self.is_trusted:
            folder = download()
            yield [str(folder / name) for name in names]
            return
        settings.home().mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".import-", dir=settings.home()) as scratch:
            folder = download(into=Path(scratch))
            yield [str(folder / name) for name in names]

    @property
    def place(self) -> str:
        """Begins the addresses of its files."""
        return f"hf://datasets/{self.name}@{self.commit}/"


def _read(repository: _Repository, asked: Asked) -> tuple[Source, Source | None]:
    import datasets

    at: dict[str, Any] = {"revision": repository.commit, "token": repository.token}
    config = _config(datasets.get_dataset_config_names(repository.name, **at), asked)
    builder = datasets.load_dataset_builder(repository.name, config, **at)
    if _kind(builder) not in _KINDS:
        refuse(
            "hub",
            f"hub must be a data set of Parquet, CSV, JSON or text files, got {repository.name}, "
            f"whose files are read as {_kind(builder)}.",
        )
    known = {str(split): files for split, files in (builder.config.data_files or {}).items()}
    split = asked.split or ("train" if "train" in known or len(known) > 1 else next(iter(known)))
    found: list[tuple[Part, Table]] = []
    for field, name in (("split", split), ("test_split", asked.test_split)):
        if name and name not in known:
            refuse(field, f"{field} must be one of {shown([*known])}, got {shown(name)}.")
        if name:
            found.append(_split(repository, builder, name, [str(file) for file in known[name]]))
    if asked.test_split == split:
        refuse("test_split", f"test_split must be another than split, got {shown(split)} for both.")
    parts = [part for part, _ in found]
    origin = Origin(
        repository=repository.name,
        config=builder.config.name,
        commit=repository.commit,
        training=parts[0],
        test=parts[1] if len(parts) > 1 else None,
        licence=repository.licence,
    )
    name = repository.name.rpartition("/")[2]
    sources = [Source(name, table, origin) for _, table in found]
    return sources[0], (sources[1] if len(sources) > 1 else None)


def _kind(builder: datasets.DatasetBuilder) -> str:
    return type(builder).__module__.rpartition(".")[2]


def _config(known: Sequence[str], asked: Asked) -> str:
    if asked.config in known:
        return asked.config
    if not asked.config and (len(known) == 1 or "default" in known):
        return "default" if "default" in known else known[0]
    came = shown(asked.config) if asked.config else "none"
    refuse("config", f"config must be one of {shown([*known])}, got {came}.")


def _split(
    repository: _Repository, builder: datasets.DatasetBuilder, split: str, files: list[str]
) -> tuple[Part, Table]:
    """One split's table: whole, or some rows from all over a large one."""
    import datasets

    if any(not file.startswith(repository.place) for file in files):
        refuse("hub", f"hub must be a data set with files of its own, got {repository.name}.")
    names = [file.removeprefix(repository.place) for file in files]
    most_mb = int(settings.most_data_mb())
    megabytes = sum(repository.sizes.get(name, 0) for name in names) / 1e6
    if megabytes > most_mb:
        rows = datasets.load_dataset(
            repository.name,
            builder.config.name,
            split=split,
            revision=repository.commit,
            token=repository.token,
            streaming=True,
        )
        part, table = _some_rows(rows, split, _KINDS[_kind(builder)], most_mb * 1_000_000)
        told = (
            f"Its split {split} has {megabytes:,.0f} MB, more than {most_mb:,}: "
            f"{len(table.rows):,} rows were read, from all over it."
        )
        return part, replace(table, notes=(told,))
    with repository.files(names) as paths:
        rows = datasets.load_dataset(
            _kind(builder),
            data_files={split: paths},
            split=split,
            streaming=True,
            features=builder.info.features,
            **_options(builder.config),
        )
        return Part(split=split), _all_rows(rows, _KINDS[_kind(builder)])


def _options(config: datasets.BuilderConfig) -> dict[str, Any]:
    """How its card says that its files are to be read, such as a ``sep`` of CSV."""
    import datasets

    common = {field.name for field in fields(datasets.BuilderConfig)} | {"features"}
    said = {field.name: getattr(config, field.name) for field in fields(config)}
    return {name: value for name, value in said.items() if name not in common}


def _all_rows(rows: datasets.IterableDataset, kind: str) -> Table:
    kept, table = _plain(rows, kind)
    size = 0
    for batch in kept.with_format("arrow").iter(batch_size=10_000):
        size += batch.nbytes
        if size > _MOST_BYTES or len(table.rows) + len(batch) > MOST_ROWS:
            refuse(
                "hub",
                f"hub must have at most {MOST_ROWS:,} rows and {_MOST_BYTES:,} bytes of values in "
                "a split, got more.",
            )
        _add(table, batch)
    return table


def _some_rows(
    rows: datasets.IterableDataset, split: str, kind: str, most_bytes: int
) -> tuple[Part, Table]:
    """As many rows from groups all over a split, because many are sorted by label."""
    every_file = -(-rows.num_shards // MOST_PIECES)
    rows = rows.shard(every_file, 0, contiguous=False).reshard()
    every_group = -(-rows.num_shards // MOST_PIECES)
    rows, table = _plain(rows.shard(every_group, 0, contiguous=False), kind)
    most, pieces = MOST_STREAMED // rows.num_shards, []
    for number in range(rows.num_shards):
        batches, size, count = [], 0, 0
        piece = rows.shard(rows.num_shards, number).take(most)
        for batch in piece.with_format("arrow").iter(batch_size=100):
            batches.append(batch)
            size += batch.nbytes
            count += len(batch)
            if size > most_bytes / rows.num_shards:
                most = min(most, count)
                break
        pieces.append(batches)
    for batches in pieces:
        left = most
        for batch in batches:
            _add(table, batch.slice(0, left))
            left -= min(left, len(batch))
    part = Part(split=split, every_file=every_file, every_group=every_group, rows_of_each=most)
    return part, table


def _plain(rows: datasets.IterableDataset, kind: str) -> tuple[datasets.IterableDataset, Table]:
    """Only its columns of texts, numbers, yes and no, and named labels; and a table for them."""
    import datasets

    features = rows.features or rows._resolve_features().features or {}
    columns = tuple(
        name
        for name, feature in features.items()
        if isinstance(feature, (datasets.Value, datasets.ClassLabel))
    )
    names = {
        name: tuple(feature.names)
        for name, feature in features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    return rows.select_columns([*columns]), Table(columns, [], kind=kind, label_names=names)


def _add(table: Table, batch: Any) -> None:
    """The rows of an Arrow table, numbered on from those that are there."""
    columns = [batch.column(name).to_pylist() for name in table.columns]
    table.rows.extend(enumerate(zip(*columns, strict=True), start=len(table.rows) + 1))


def _require_own_files(repository: str, configs: object) -> None:
    """Refuse a card that names files elsewhere, on the net or this machine, before they are asked.

    Raises:
        InvalidFieldsError: it does.
    """
    for text in _texts_in(configs):
        if "://" in text or "::" in text or text.startswith(("/", "~")) or ".." in text:
            refuse(
                "hub",
                f"hub must be a data set with files of its own, got {repository}, whose card names "
                f"{shown(text)}.",
            )


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inside in value.items():
            if key in ("data_files", "data_dir", "path", "configs") or not isinstance(inside, str):
                yield from _texts_in(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _texts_in(inside)


@contextmanager
def _told(asked: Asked) -> Iterator[None]:
    """What the clients raise, a dozen kinds from DNS to Arrow, as a sentence at its field."""
    from huggingface_hub.errors import RevisionNotFoundError

    try:
        yield
    except InvalidFieldsError:
        raise
    except Exception as error:
        first = _of_client(error)
        if isinstance(first, RevisionNotFoundError):
            refuse(
                "revision",
                f"revision must be a commit, tag or branch of {asked.repository}, got "
                f"{shown(asked.revision)}.",
            )
        refuse("hub", _sentence(first, asked.repository))


def _sentence(error: BaseException, repository: str) -> str:
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import LocalEntryNotFoundError
    from pyarrow import ArrowException

    if "scripts" in str(error):
        return f"{repository} cannot be read: it is loaded by a script, which is never run here."
    if isinstance(error, FileNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
        return f"{repository} cannot be read: it has no files of data."
    if isinstance(error, (DatasetsError, ArrowException, ValueError, TypeError)):
        return f"{repository} cannot be read: {cause(error)}."
    return hub.sentence(error, repository)


def _of_client(error: BaseException) -> BaseException:
    """The error of the Hub's client that ``datasets`` raised another one from, if there is one."""
    from huggingface_hub.errors import HfHubHTTPError

    first: BaseException | None = error
    while first is not None and not isinstance(first, HfHubHTTPError):
        first = first.__cause__ or first.__context__
    return first or error
