"""Answers: what adapters make of one review, as a card each and as a vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from peft_demo.comparison.describe import texts_of, with_epochs
from peft_demo.data.own import FEWEST_TEXTS
from peft_demo.errors import AssetError
from peft_demo.formats import milliseconds, whole
from peft_demo.languages import _, gettext_noop, told
from peft_demo.runs import Run
from peft_demo.storage.fooled import FoolingText
from peft_demo.ui.html import render
from peft_demo.ui.what_if import Edited

if TYPE_CHECKING:
    from peft_demo.inference import Prediction

UNDECIDED = gettext_noop("undecided")

BEFORE_TRAINING = "before_training"
"""What stands among the ids of chosen runs for what all of them began with."""


@dataclass(frozen=True)
class Answer:
    """A prediction of a run, and whether it counts as a vote."""

    prediction: Prediction
    run: Run

    @property
    def doubt(self) -> str:
        """Why it is no vote, or an empty text.

        Its two likeliest labels are less than ``inference.CLOSE`` apart, or the interval of its
        run's test accuracy holds that of guessing: 1 / labels, which is the share of the largest
        label as well, for test texts are as many of each.
        """
        if self.prediction.is_close:
            return _("Its two likeliest labels are about as likely.")
        if self.is_of_guesser:
            return _("On its test %(texts)s it cannot be told from guessing.") % {
                "texts": _(texts_of(self.run))
            }
        return ""

    @property
    def is_of_guesser(self) -> bool:
        """Whether the run may be no better than guessing, by its test texts."""
        if self.run.result is None:
            return False
        low, high = self.run.result.test_interval
        return low <= 1 / len(self.prediction.probabilities) <= high

    @property
    def says(self) -> str:
        """Its label if it is a vote."""
        return UNDECIDED if self.doubt else self.prediction.label

    @property
    def notes(self) -> list[str]:
        """How far it can be trusted, and what it took."""
        given, notes = self.prediction, []
        if given.doubt:
            notes.append(told(given.doubt))
        if given.unknown_tokens:
            values = {"count": whole(given.unknown_tokens), "read": whole(given.tokens_read)}
            notes.append(_("%(count)s of %(read)s tokens are unknown to the base model") % values)
        notes.append(milliseconds(given.milliseconds))
        values = {"read": whole(given.tokens_read), "total": whole(given.tokens_total)}
        notes.append(_("read %(read)s of %(total)s tokens") % values)
        return notes


@dataclass(frozen=True)
class Start:
    """What some of the chosen runs began with: they say the same."""

    prediction: Prediction
    runs: list[Run]

    @property
    def says(self) -> str:
        """Its label, if it has any leaning."""
        return UNDECIDED if self.prediction.is_close else self.prediction.label

    @property
    def eval_accuracy(self) -> float | None:
        """Of the validation before the training, where it was measured and the same for all."""
        before = [run.before_training for run in self.runs]
        measured = {each.eval_accuracy if each else None for each in before}
        return measured.pop() if len(measured) == 1 else None


def starts(before: Mapping[str, Prediction | AssetError], runs: Mapping[str, Run]) -> list[Start]:
    """What runs began with, those that answer alike together."""
    alike: dict[object, Start] = {}
    for run_id, found in before.items():
        if not isinstance(found, AssetError):
            key = (found.tokens_read, *found.probabilities.items())
            alike.setdefault(key, Start(found, [])).runs.append(runs[run_id])
    return [*alike.values()]


def cards(
    review: str,
    answered: Mapping[str, Prediction | AssetError],
    runs: Mapping[str, Run],
    truth: str = "",
    before: Mapping[str, Prediction | AssetError] | None = None,
    edited: Edited | None = None,
    kept: Sequence[FoolingText] = (),
    watched: Sequence[str] = (),
    challenges: bool = False,
) -> str:
    """What runs answered as HTML: the vote, a card each, and what was read.

    Args:
        review: as the adapters got it.
        answered: a prediction, or why there is none, by the ids of one or more runs.
        runs: by their ids.
        truth: the right label, if it was said.
        before: the same of what the runs began with, if it was asked for; no votes.
        edited: how far the answers moved from those to a pinned review.
        kept: what who asks has kept of reviews that fool.
        watched: what who asks watches while runs train.
        challenges: whether he wants his next runs challenged.
    """
    before = before or {}
    untold = {told(str(error)) for error in before.values() if isinstance(error, AssetError)}
    predictions = [given for given in answered.values() if not isinstance(given, AssetError)]
    faults = {run_id: told(str(e)) for run_id, e in answered.items() if isinstance(e, AssetError)}
    answers = [Answer(prediction, runs[prediction.run_id]) for prediction in predictions]
    # In the order of the cards' bars, the last label first.
    labels = dict.fromkeys(label for p in predictions for label in reversed(p.probabilities))
    votes = Counter(answer.says for answer in answers)
    truth = truth if truth in labels else ""
    return render(
        "cards",
        review=review,
        fooled=_fooled(answers, truth),
        kept=kept,
        watched=watched,
        challenges=challenges,
        fewest=FEWEST_TEXTS,
        answers=answers,
        edited=edited,
        tried=edited and edited.told([*answered], truth, runs),
        starts=starts(before, runs),
        untold=sorted(untold - {*faults.values()}),
        faults=[(runs[run_id], sentence) for run_id, sentence in faults.items()],
        votes={label: votes[label] for label in labels if votes[label]},
        num_undecided=votes[UNDECIDED],
        truth=truth,
        texts_of=texts_of,
        with_epochs=with_epochs,
        pieces=_pieces(review, predictions),
    )


def _fooled(answers: Sequence[Answer], truth: str) -> Answer | None:
    """The answer of the run with the best test accuracy, if it is sure and not true."""
    tested = [answer for answer in answers if answer.run.result]
    best = max(tested, key=_test_accuracy, default=None)
    return best if truth and best and best.says not in (truth, UNDECIDED) else None


def _test_accuracy(answer: Answer) -> float:
    return answer.run.result.test_accuracy if answer.run.result else 0.0


def _pieces(review: str, predictions: Sequence[Prediction]) -> list[str]:
    """The review in parts: read by all, by ever fewer, by none; empty if all read all of it."""
    if all(p.tokens_read == p.tokens_total for p in predictions):
        return []
    ends = sorted({prediction.characters_read for prediction in predictions})
    return [review[start:end] for start, end in pairwise([0, *ends, len(review)])]
