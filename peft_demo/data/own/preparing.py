"""Somebody's file, checked row by row and made a data set; nothing is written here."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from peft_demo import settings
from peft_demo.data.origin import Origin
from peft_demo.data.own import columns, labels, reading
from peft_demo.data.own.report import (
    Counting,
    Example,
    RefusedRow,
    Report,
    balance_of,
    lengths_of,
    near_in,
)
from peft_demo.data.own.tables import Table
from peft_demo.data.split import Pools, split
from peft_demo.data.text import check_name, clean
from peft_demo.errors import InvalidFieldsError, refuse

FEWEST_TEXTS = 20

LONGEST_OWN_TEXT = 100_000
"""Characters."""

_MOST_TESTED = 5_000

_FEWEST_DRAWN = 10
"""Texts that a run draws at least."""

LIMITS = {"texts": FEWEST_TEXTS, "labels": columns.MOST_LABELS, "characters": LONGEST_OWN_TEXT}
"""What somebody should know before: the fewest texts, the most labels, the longest text."""

_NUM_EXAMPLES = 8

_Row = tuple[int, str, str]
"""A row's number, its text and its label as it is spelled there."""


@dataclass(frozen=True)
class Source:
    """A file, or a table that was read elsewhere."""

    name: str
    content: bytes | Table
    origin: Origin | None = None
    """Where on the Hub it was read."""

    @property
    def field(self) -> str:
        """The field that it was said in."""
        return "hub" if self.origin else "file"

    def table(self, field: str, *, texts_alone: bool = False) -> Table:
        """What is in it; see ``reading.read``."""
        if isinstance(self.content, Table):
            return self.content
        return reading.read(self.content, self.name, field, texts_alone=texts_alone)


@dataclass(frozen=True)
class Prepared:
    """A data set that could be kept: its id is made of its labels and texts alone."""

    report: Report
    pools: Pools
    source: str
    """Where it is from: a file's name, or the Hub's with its commit."""
    numbers: tuple[tuple[str | int | float | bool, int], ...] = ()
    """What stands in the Hub's column of labels, and the number of the label that it means; empty
    where not all of the texts are from the Hub."""

    @property
    def id(self) -> str:
        """See the class."""
        return self.report.dataset

    @cached_property
    def num_bytes(self) -> int:
        """Of all texts, in UTF-8."""
        texts = (*self.pools.training.texts, *self.pools.test.texts)
        return sum(len(text.encode()) for text in texts)


def prepare(
    source: Source,
    test: Source | None = None,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    label_names: Mapping[str, str] | None = None,
    name: str = "",
    only_test: bool = False,
    count: Counting | None = None,
    tokenizer: str = "",
    cuts: Sequence[int] = (),
) -> Prepared:
    """Read and check somebody's texts.

    Args:
        source: the texts, of which some are split off for testing unless ``test`` is given.
        test: texts to test on.
        text_column: where the texts stand; guessed if it is left out, and so is the other.
        label_column: where the labels stand.
        label_names: what to call labels, such as ``{"0": "negative"}``.
        name: how to call it; as the file if it is empty.
        only_test: no run learns from them: all are an evaluation set.
        count: counts tokens, for the report on lengths.
        tokenizer: whose tokens.
        cuts: values of ``max_length`` for which is told what they would cut.

    Raises:
        InvalidFieldsError: one sentence about the field that keeps it from being a data set.
    """
    for field, given_file in (("file", source), ("test", test)):
        check_size(field, given_file)
    if test is not None and only_test:
        refuse("test", f"test must be left out where all texts are for testing, got {test.name}.")
    named = check_name(name or (source.name if source.origin else reading.file_name(source.name)))
    table, chosen, rows, refused = _rows(source, source.field, text_column, label_column)
    names = table.label_names.get(chosen[1], ())
    spelled = labels.in_order(Counter(label for _, _, label in rows), chosen[1], names)
    order = list(dict.fromkeys(spelled.values()))
    kept, repeated = _each_once(rows, spelled)
    tested: list[_Row] = []
    if test is not None:
        tested, told = _tested(test, chosen, spelled)
        held_out = {text: number for number, text, _ in tested}
        repeated += [
            (number, f"the same text as row {held_out[text]} of the test file")
            for number, text, _ in kept
            if text in held_out
        ]
        kept = [row for row in kept if row[1] not in held_out]
        refused += told
    refused += [RefusedRow(row=number, reason=why) for number, why in repeated]
    if len(kept) < FEWEST_TEXTS:
        _too_few(kept, refused, source.field)
    _check_balance(kept, order, only_test, test is not None, source.field)
    pools = _pools(kept, tested, order, only_test, test is not None)
    given = labels.renamed(order, label_names or {})
    near, num_near = near_in(pools)
    every = (*pools.training.texts, *pools.test.texts)
    counts = Counter(pools.training.labels)
    merged = [f"{a} and {b} are one label." for a, b in spelled.items() if a != b]
    report = Report(
        dataset=_id(given, pools),
        name=named,
        labels=given,
        text_column=chosen[0],
        label_column=chosen[1],
        columns=table.columns,
        kind=table.kind,
        rows=len(every),
        refused_rows=tuple(sorted(refused, key=lambda one: (one.file, one.row))),
        notes=(*table.notes, *merged),
        balance=balance_of(pools, given),
        most_texts=0 if only_test else len(given) * min(counts[n] for n in range(len(given))),
        test_texts=len(pools.test),
        has_own_test=test is not None,
        examples=tuple(
            Example(row=number, text=text[:300], label=given[order.index(label)])
            for number, text, label in kept[:_NUM_EXAMPLES]
        ),
        near_duplicates=near,
        num_near_duplicates=num_near,
        lengths=lengths_of(every, count, tokenizer, cuts) if count else None,
        origin=source.origin,
    )
    tables = [one.table("file") for one in (source, test) if one and one.origin]
    is_from_hub = len(tables) == 1 + (test is not None)
    return Prepared(
        report,
        pools,
        source.origin.name if source.origin else source.name,
        _numbers(tables, chosen[1], spelled, order) if is_from_hub else (),
    )


def check_size(field: str, source: Source | None) -> None:
    """Refuse a file that is too large; names the limit and its size."""
    most = int(settings.most_data_mb())
    if source and isinstance(source.content, bytes) and len(source.content) > most * 1_000_000:
        size = len(source.content) / 1e6
        refuse(field, f"{field} must have at most {most:,} MB, got {size:,.1f} MB.")


def _rows(
    source: Source, field: str, text_column: str | None, label_column: str | None
) -> tuple[Table, tuple[str, str], list[_Row], list[RefusedRow]]:
    """The rows that have a text and a label, cleaned, and those that have not."""
    table = source.table(field)
    chosen = columns.chosen(table, text_column, label_column, field)
    text_at, label_at = (table.columns.index(column) for column in chosen)
    names = table.label_names.get(chosen[1], ())
    rows, refused = [], list(table.refused)
    for number, values in table.rows:
        try:
            label = labels.name_in(values[label_at], names)
            rows.append((number, text_in(values[text_at]), _given(label)))
        except ValueError as error:
            refused.append((number, str(error)))
    part = "test" if field.startswith("test") else "training"
    told = [RefusedRow(row=number, reason=why, file=part) for number, why in refused]
    return table, chosen, rows, told


def text_in(value: object) -> str:
    """The clean text in a cell; raises ValueError with the reason where there is none."""
    if value is None or value != value:
        raise ValueError("no text")
    if isinstance(value, (list, dict, tuple, bytes)):
        raise ValueError("no single text")
    text = clean(str(value))
    if not text:
        raise ValueError("no text")
    if len(text) > LONGEST_OWN_TEXT:
        raise ValueError(f"a text of {len(text):,} characters, at most {LONGEST_OWN_TEXT:,}")
    return text


def _given(label: str | None) -> str:
    if label is None:
        raise ValueError("no label")
    return label


def _each_once(
    rows: list[_Row], spelled: Mapping[str, str]
) -> tuple[list[_Row], list[tuple[int, str]]]:
    """The rows with the labels they stand for, each text once, and the reasons for the others."""
    first: dict[str, tuple[int, str]] = {}
    kept, repeated = [], []
    for number, text, spelling in rows:
        label = spelled[spelling]
        if text not in first:
            first[text] = number, label
            kept.append((number, text, label))
            continue
        before, its = first[text]
        other = "" if its == label else f", which has the label {its}"
        repeated.append((number, f"the same text as row {before}{other}"))
    return kept, repeated


def _tested(
    test: Source, chosen: tuple[str, str], spelled: Mapping[str, str]
) -> tuple[list[_Row], list[RefusedRow]]:
    """The rows of the test file, whose labels must be among those that are learned."""
    field = "test_split" if test.origin else "test"
    try:
        _, _, rows, refused = _rows(test, field, *chosen)
    except InvalidFieldsError:  # its columns may be called otherwise
        if test.origin:
            raise
        _, _, rows, refused = _rows(test, field, None, None)
    known = {spelling.casefold(): label for spelling, label in spelled.items()}
    fitting = []
    for number, text, spelling in rows:
        if label := known.get(spelling.casefold()):
            fitting.append((number, text, label))
        else:
            reason = f"its label {spelling} is not among those to train on"
            refused.append(RefusedRow(row=number, reason=reason, file="test"))
    kept, repeated = _each_once(fitting, {label: label for label in spelled.values()})
    refused += [RefusedRow(row=number, reason=why, file="test") for number, why in repeated]
    if len(kept) < 2:
        _too_few(kept, refused, field, 2)
    return kept, refused


def _too_few(
    kept: list[_Row], refused: list[RefusedRow], field: str, fewest: int = FEWEST_TEXTS
) -> NoReturn:
    reasons = "; ".join(f"row {one.row}: {one.reason}" for one in refused[:5])
    left_out = f", and left out {len(refused):,} ({reasons})" if refused else ""
    refuse(
        field,
        f"{field} must have at least {fewest} different texts with labels, "
        f"got {len(kept):,}{left_out}.",
    )


def _check_balance(
    kept: list[_Row], order: list[str], only_test: bool, is_tested: bool, field: str
) -> None:
    """A run draws as many texts of each label, so each needs some to train on and to test."""
    counts = Counter(label for _, _, label in kept)
    fewest = 1 if only_test else -(-_FEWEST_DRAWN // len(order)) + (not is_tested)
    rarest = min(order, key=lambda label: counts[label])
    if counts[rarest] < fewest:
        refuse(
            field,
            f"{field} must have at least {fewest} texts of each label, "
            f"got {counts[rarest]} of {rarest}.",
        )


def _pools(
    kept: list[_Row], tested: list[_Row], order: list[str], only_test: bool, is_tested: bool
) -> Pools:
    def labelled(rows: list[_Row]) -> tuple[list[str], list[int]]:
        return [text for _, text, _ in rows], [order.index(label) for _, _, label in rows]

    if only_test:
        return split([], [], len(order), 0, labelled(kept))
    if is_tested:
        return split(*labelled(kept), len(order), 0, labelled(tested))
    return split(*labelled(kept), len(order), test_pool_of(labelled(kept)[1], len(order)))


def _numbers(
    tables: list[Table], column: str, spelled: Mapping[str, str], order: list[str]
) -> tuple[tuple[str | int | float | bool, int], ...]:
    """Every value in the columns of labels, and the number of its label; see ``Prepared``."""
    known = {spelling.casefold(): order.index(label) for spelling, label in spelled.items()}
    found = {}
    for table in tables:
        names = table.label_names.get(column, ())
        for value in table.values(column):
            if isinstance(value, (str, int, float)) and value not in found:
                with suppress(ValueError):
                    found[value] = known.get((labels.name_in(value, names) or "").casefold())
    return tuple((value, number) for value, number in found.items() if number is not None)


def test_pool_of(found: list[int], num_labels: int) -> int:
    """How many texts are split off for testing: two of five, as many of each label.

    Of a rare label so many stay as a run needs at least.
    """
    rarest = min(Counter(found).values())
    share = min(_MOST_TESTED, len(found) * 2 // 5) // num_labels
    return num_labels * max(1, min(share, rarest - -(-_FEWEST_DRAWN // num_labels)))


def _id(given: tuple[str, ...], pools: Pools) -> str:
    decisive = [given, pools.test.fingerprint, pools.training.fingerprint]
    return f"own-{hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:12]}"
