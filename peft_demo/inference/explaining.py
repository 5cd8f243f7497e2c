"""Why an adapter says what it says of a text, and whether that explanation can be trusted."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from peft_demo import data, models
from peft_demo.errors import ConflictError, refuse
from peft_demo.fields import must_be, shown
from peft_demo.inference import words
from peft_demo.inference.contributions import (
    STEPS_AT_ONCE,
    Integrated,
    integrated_gradients,
    leaving_out,
)
from peft_demo.inference.predictor import MERGED_FROM, Predictor
from peft_demo.inference.shared import Shared
from peft_demo.inference.words import Span
from peft_demo.languages import gettext_noop
from peft_demo.methods import METHODS
from peft_demo.runs import Run
from peft_demo.runs.results import Record

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn

LEAVING_OUT, INTEGRATED_GRADIENTS = "leaving_out", "integrated_gradients"

WAYS = {
    LEAVING_OUT: gettext_noop("Leaving out"),
    INTEGRATED_GRADIENTS: gettext_noop("Integrated gradients"),
}
"""How contributions are found; see ``contributions``."""

MOST_WORDS = 200
"""Words that are left out one by one; of a longer text those of its strongest sentences."""

STRONGEST = 5
"""Words that the check deletes at once."""

DRAWS = 20
"""Random choices of as many words: whoever beats all of them does so by chance in 1 of 21 cases."""

MOST_RUNS = 8
"""Runs that are asked at once."""

KEPT = 500
"""Explanations kept in memory."""


class Contribution(Record):
    """A part of the text, and what it adds to the log-odds of the label."""

    start: int
    end: int
    """In characters of the text."""
    contribution: float | None
    """None of what was not asked for: words that the run does not read, or too many."""


class Check(Record):
    """What deleting words does to the probability of the label.

    How far it falls depends on the adapter as much as on the words, so that falls of two adapters
    must not be compared (Edin et al. 2024): ``beats`` is a rank among the same adapter's own.
    """

    num_words: int
    """Deleted at once."""
    before: float
    strongest: float
    """Without the words that contribute most."""
    random: float
    """Without as many random words, on average of the draws."""
    draws: tuple[float, ...]
    beats: int
    """Draws that deleting the strongest words lowers more than."""


class Explanation(Record):
    """What each word of a text contributes to what one run says of it."""

    run_id: str
    text: str
    """As it is read: cleaned."""
    by: str
    label: str
    probability: float
    words: tuple[Contribution, ...]
    sentences: tuple[Contribution, ...]
    """Each left out as a whole, whichever way words are explained."""
    characters_read: int
    """Where in the text the reading ends."""
    check: Check | None
    """None of a text of too few words."""
    is_trustworthy: bool | None
    """Whether the words called strongest matter more than any random ones; None if unchecked."""
    steps: int | None = None
    """Of integrated gradients."""
    gap: float | None = None
    """In log-odds, by which their sum misses what it should be."""


class Explainer:
    """Explains what a predictor says, each once."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str, str], Explanation] = OrderedDict()
        self._going = Shared[Explanation]()

    def explain(
        self, text: object, run_ids: Sequence[str], by: object = LEAVING_OUT
    ) -> list[Explanation]:
        """One explanation for each run, in their order; a way is one of WAYS.

        Raises:
            InvalidFieldsError: the text is empty or too long, no runs or more than MOST_RUNS were
                chosen, or the way is none.
            NotFoundError: there is no such run.
            ConflictError: a run cannot predict, or has no gradients.
            AssetError: an adapter's files are missing or damaged.
        """
        if not isinstance(by, str) or by not in WAYS:
            refuse("by", must_be("by", f"one of {', '.join(WAYS)}", shown(by)))
        cleaned = data.check_text(text)
        if len(run_ids) > MOST_RUNS:
            allowed = f"1 to {MOST_RUNS} finished runs"
            refuse("run_ids", must_be("run_ids", allowed, f"{len(run_ids):,}"))
        return [self._once(run, cleaned, by) for run in self._predictor.finished(run_ids)]

    def _once(self, run: Run, text: str, by: str) -> Explanation:
        key = (run.run_id, text, by)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = self._going.get(key, lambda: _explained(self._predictor, run, text, by))
        with self._lock:
            self._known[key] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found


def _explained(predictor: Predictor, run: Run, text: str, by: str) -> Explanation:
    base = models.load(run.config.base_model)
    encoded = base.encode([text], run.config.max_length)
    (token_ids,), (offsets,) = encoded["input_ids"], encoded["offset_mapping"]
    read_to = max(end for _, end in offsets)
    (answer,) = predictor.predict(text, [run.run_id])  # what the card says
    label = run.config.labels.index(answer.label)
    read = [part for part in words.words(text) if part.start < read_to]
    whole = [part for part in words.sentences(text) if part.start < read_to]
    # Once for all that is asked below: an adapter's detour costs up to as much as the network.
    model: nn.Module | None = None
    if by == INTEGRATED_GRADIENTS:
        model = predictor.merged(run, in_float32=True)
    elif len(read) + len(whole) + DRAWS >= MERGED_FROM:
        model = predictor.merged(run)

    def shares(texts: Sequence[str]) -> npt.NDArray[np.float64]:
        return predictor.shares(run.run_id, texts, model=model)

    by_sentence = leaving_out(text, whole, shares, label) if len(whole) > 1 else []
    asked = _asked(read, whole, by_sentence)
    steps = gap = None
    if by == LEAVING_OUT or model is None:
        found = leaving_out(text, asked, shares, label)
    else:
        found, gap, steps = _integrated(run, model, base, token_ids, offsets, asked, label)
    before = answer.probabilities[answer.label]
    check = _checked(text, asked, found, shares, label, before)
    contributions = dict(zip(asked, found, strict=True))
    return Explanation(
        run_id=run.run_id,
        text=text,
        by=by,
        label=run.config.labels[label],
        probability=before,
        words=_told(words.words(text), contributions),
        sentences=_told(whole, dict(zip(whole, by_sentence, strict=False))),
        characters_read=read_to,
        check=check,
        is_trustworthy=check and check.beats == len(check.draws),
        steps=steps,
        gap=gap,
    )


def _told(parts: Sequence[Span], found: dict[Span, float]) -> tuple[Contribution, ...]:
    return tuple(
        Contribution(start=part.start, end=part.end, contribution=found.get(part)) for part in parts
    )


def _asked(read: list[Span], whole: list[Span], by_sentence: list[float]) -> list[Span]:
    """The words to explain: all, or those of the sentences that contribute most either way."""
    if len(read) <= MOST_WORDS:
        return read
    strongest = sorted(
        zip(whole, by_sentence, strict=False), key=lambda one: abs(one[1]), reverse=True
    )
    chosen: list[Span] = []
    for sentence, _ in strongest:
        chosen += [word for word in read if sentence.start <= word.start < sentence.end]
    return sorted((chosen or read)[:MOST_WORDS])


def _integrated(
    run: Run,
    model: nn.Module,
    base: models.Base,
    token_ids: list[int],
    offsets: list[tuple[int, int]],
    asked: list[Span],
    label: int,
) -> Integrated:
    method = METHODS[run.config.method]
    try:
        return integrated_gradients(
            model,
            base,
            token_ids,
            offsets,
            asked,
            label,
            steps_at_once=1 if method.reads_whole_batch else STEPS_AT_ONCE,
        )
    except RuntimeError as error:
        raise ConflictError(
            f"by must be {LEAVING_OUT} for {run.run_id}: what {method.label} computes has no "
            "gradient at the embeddings."
        ) from error


def _checked(
    text: str,
    asked: list[Span],
    contributions: Sequence[float],
    shares: Callable[[Sequence[str]], npt.NDArray[np.float64]],
    label: int,
    before: float,
) -> Check | None:
    """The probability without the strongest words, and without as many random ones.

    ``before`` is that with all words, as the run says it of the text alone.
    """
    count = min(STRONGEST, len(asked) // 2)
    if not count:
        return None
    order = np.argsort(-np.asarray(contributions), kind="stable")
    # The same for the same text, on every machine.
    random = np.random.default_rng(zlib.crc32(text.encode()))
    chosen = [order[:count]]
    chosen += [random.choice(len(asked), count, replace=False) for _ in range(DRAWS)]
    variants = [words.without(text, [asked[n] for n in numbers]) for numbers in chosen]
    strongest, *draws = shares(variants)[:, label].tolist()
    return Check(
        num_words=count,
        before=before,
        strongest=strongest,
        random=float(np.mean(draws)),
        draws=tuple(draws),
        beats=sum(strongest < each for each in draws),
    )
