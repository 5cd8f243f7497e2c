"""Looking at texts as a model sees them: found, ordered, in slices, and a page at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from peft_demo.comparison.texts import Part, part_of, parts_of
from peft_demo.errors import refuse
from peft_demo.fields import must_be, shown
from peft_demo.formats import whole
from peft_demo.languages import _, gettext_noop
from peft_demo.models import BASES, load
from peft_demo.models import tokens as tokenised
from peft_demo.runs.results import Record
from peft_demo.statistics import TEST_SET, Interval, wilson_interval
from peft_demo.storage import Store

PAGE = 20
"""Texts that are shown at once."""

LONGEST_SHOWN = 2_000
"""Characters of a text that are shown."""

LONGEST_SEARCH = 100

_MOST_COUNTED = 5_000
"""Texts whose tokens are counted to say how many are cut."""

ORDERS = {
    "given": gettext_noop("As they come"),
    "mistakes": gettext_noop("Most confident mistakes"),
    "unsure": gettext_noop("Least sure"),
    "shortest": gettext_noop("Shortest"),
    "longest": gettext_noop("Longest"),
}

_NOT = re.compile(r"(?<!\w)not(?!\w)|n['’]t(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Looking:
    """What somebody wants to look at.

    Raises:
        InvalidFieldsError: a value is not allowed.
    """

    source: str
    """A run's id, or a data set's."""
    part: str = TEST_SET
    search: str = ""
    """A word or some: texts that have them as such."""
    order: str = "given"
    page: int = 1

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            refuse("order", must_be("order", f"one of {', '.join(ORDERS)}", shown(self.order)))
        if len(self.search) > LONGEST_SEARCH:
            came = f"{len(self.search):,} characters"
            refuse("search", f"search must have at most {LONGEST_SEARCH} characters, got {came}.")


class LookedAt(Record):
    """A text as the model sees it, and what the run says of it."""

    index: int
    """Its place in the part, from 0."""
    label: str
    seen: str
    """What the model reads of it, at most ``LONGEST_SHOWN`` characters."""
    unseen: str
    """What comes after the cut, of these characters."""
    num_hidden: int
    """Characters that are not shown."""
    tokens: tuple[str, ...]
    """Those that the model gets, as its vocabulary writes them."""
    num_tokens: int
    """Of the whole text."""
    num_padding: int
    """Tokens of padding, were the texts of the page one batch."""
    said: str | None
    sureness: float | None
    """The probability of ``said``."""
    probabilities: dict[str, float] | None
    """By label."""

    @property
    def is_right(self) -> bool | None:
        """Whether the run says its label; None without predictions."""
        return None if self.said is None else self.said == self.label


class Slice(Record):
    """Texts that have something in common, and how many of them the run gets right."""

    name: str
    count: int
    accuracy: Interval


class Looked(Record):
    """A page of texts, and the slices of all that there are."""

    source: str
    name: str
    dataset: str
    part: str
    parts: tuple[str, ...]
    """All that may be asked of this source."""
    labels: tuple[str, ...]
    nouns: str
    """What the texts are called: ``reviews``."""
    base_model: str
    max_length: int | None
    padding: str
    """The token that fills up a batch; empty where the base is not here."""
    num_texts: int
    num_found: int
    """Of them, that fit what is asked."""
    page: int
    num_pages: int
    texts: tuple[LookedAt, ...]
    slices: tuple[Slice, ...]
    """The whole, then parts of it; none without predictions."""
    notes: tuple[str, ...]
    """What is missing, and why."""


def look(store: Store, asked: Looking) -> Looked:
    """A page of the texts of a run or a data set.

    Raises:
        NotFoundError: there is no such run or data set.
        InvalidFieldsError: it has no such part.
        AssetError: its texts are not here.
    """
    part = part_of(store, asked.source, asked.part)
    notes = [part.note] if part.note else []
    is_found = _having(part.texts.texts, asked.search)
    places, problem = _ordered(part, is_found, asked.order)
    if problem:
        notes.append(problem)
    num_pages = max(1, -(-len(places) // PAGE))
    page = min(max(1, asked.page), num_pages)
    is_readable = part.base_model in BASES and BASES[part.base_model].is_at_hand()
    if not is_readable:
        notes.append(_("Its base model is not on this machine, so its tokens are not known."))
    chosen = places[(page - 1) * PAGE : page * PAGE]
    return Looked(
        source=asked.source,
        name=part.name,
        dataset=part.dataset,
        part=part.id,
        parts=parts_of(store, asked.source),
        labels=part.labels,
        nouns=part.nouns,
        base_model=part.base_model,
        max_length=part.max_length,
        padding=str(load(part.base_model).tokenizer.pad_token) if is_readable else "",
        num_texts=len(part.texts),
        num_found=len(places),
        page=page,
        num_pages=num_pages,
        texts=_looked_at(part, chosen, is_readable=is_readable),
        slices=_slices(part, asked.search, is_found, is_readable=is_readable),
        notes=tuple(notes),
    )


def _having(texts: Sequence[str], search: str) -> npt.NDArray[np.bool_]:
    """Which texts have these words, whole ones, in whatever capitals."""
    words = search.split()
    if not words:
        return np.ones(len(texts), dtype=np.bool_)
    pattern = r"\s+".join(map(re.escape, words))
    wanted = re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE)
    return np.fromiter((wanted.search(text) is not None for text in texts), dtype=np.bool_)


def _ordered(part: Part, is_wanted: npt.NDArray[np.bool_], order: str) -> tuple[list[int], str]:
    """The places of the wanted texts in that order, and why it is another one, if it is."""
    problem = ""
    weight: npt.NDArray[np.floating] = np.zeros(len(part.texts))
    if order in ("shortest", "longest"):
        weight = _words(part) * (1.0 if order == "shortest" else -1.0)
    elif order != "given":
        if part.predictions is None:
            problem = _("Without predictions they stand as they come.")
        else:
            shares = part.predictions.probabilities
            first, second = -np.sort(-shares, axis=1)[:, :2].T
            weight = -first if order == "mistakes" else first - second
            if order == "mistakes":
                is_wanted = is_wanted & ~part.predictions.correct
    wanted = np.flatnonzero(is_wanted)
    places: list[int] = wanted[np.argsort(weight[wanted], kind="stable")].tolist()
    return places, problem


def _words(part: Part) -> npt.NDArray[np.int64]:
    return np.fromiter((len(text.split()) for text in part.texts.texts), dtype=np.int64)


class _Reading(NamedTuple):
    tokens: tuple[str, ...]
    num_tokens: int
    end: int


def _looked_at(part: Part, places: Sequence[int], *, is_readable: bool) -> tuple[LookedAt, ...]:
    texts = [part.texts.texts[place] for place in places]
    read = [_Reading((), 0, len(text)) for text in texts]
    if is_readable:
        base = load(part.base_model)
        read = [_Reading(*each) for each in tokenised.seen(base, texts, part.max_length)]
    longest = max((len(each.tokens) for each in read), default=0)
    found = []
    for place, text, (tokens, num_tokens, end) in zip(places, texts, read, strict=True):
        shares = None if part.predictions is None else part.predictions.probabilities[place]
        said = None if shares is None else part.labels[int(shares.argmax())]
        found.append(
            LookedAt(
                index=place,
                label=part.labels[part.texts.labels[place]],
                seen=text[: min(end, LONGEST_SHOWN)],
                unseen=text[end:LONGEST_SHOWN],
                num_hidden=max(0, len(text) - LONGEST_SHOWN),
                tokens=tokens,
                num_tokens=num_tokens,
                num_padding=longest - len(tokens),
                said=said,
                sureness=None if shares is None else float(shares.max()),
                probabilities=None
                if shares is None
                else {
                    label: round(float(share), 4)
                    for label, share in zip(part.labels, shares, strict=True)
                },
            )
        )
    return tuple(found)


def _slices(
    part: Part, search: str, is_found: npt.NDArray[np.bool_], *, is_readable: bool
) -> tuple[Slice, ...]:
    """The whole, and what of it has something in common; what has no text is left out."""
    if part.predictions is None:
        return ()
    correct = part.predictions.correct
    texts, words = part.texts.texts, _words(part)
    wanted = {_("All"): np.ones(len(texts), dtype=np.bool_)}
    if search.split():
        wanted[_('With "%(name)s"') % {"name": " ".join(search.split())}] = is_found
    negated = np.fromiter((_NOT.search(text) is not None for text in texts), dtype=np.bool_)
    wanted[_('With "not" or "n\'t"')] = negated
    low = int(np.percentile(words, 25, method="lower"))
    high = int(np.percentile(words, 75, method="higher"))
    if low < high:
        wanted[_("Short: at most %(count)s words") % {"count": whole(low)}] = words <= low
        wanted[_("Long: at least %(count)s words") % {"count": whole(high)}] = words >= high
    if is_readable and part.max_length is not None and len(texts) <= _MOST_COUNTED:
        is_cut = np.asarray(tokenised.lengths(part.base_model, texts)) > part.max_length
        told = {"count": whole(part.max_length)}
        if 0 < is_cut.sum() < len(texts):
            wanted[_("Cut after %(count)s tokens") % told] = is_cut
            wanted[_("Read whole, in %(count)s tokens") % told] = ~is_cut
    labels = np.asarray(part.texts.labels)
    for number, label in enumerate(part.labels):
        wanted[_("Truly %(name)s") % {"name": label}] = labels == number
    return tuple(
        Slice(name=name, count=count, accuracy=wilson_interval(int(correct[rows].sum()), count))
        for name, rows in wanted.items()
        if (count := int(rows.sum()))
    )
