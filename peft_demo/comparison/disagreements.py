"""Where runs disagree: the test texts that split them, and those that all get wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from peft_demo.comparison.describe import texts_of, written_as
from peft_demo.comparison.evidence import Tested, collect, found_in, same_texts, tested
from peft_demo.comparison.facts import Disagreements, SplitText
from peft_demo.comparison.texts import tested_on
from peft_demo.errors import AssetError
from peft_demo.languages import _
from peft_demo.storage import Store

EXCERPT = 220
"""Characters of a text in the list."""


def disagreements(
    store: Store,
    run_ids: Sequence[str],
    limit: int = 20,
    may_read: Callable[[str], bool] = lambda dataset: True,
) -> Disagreements:
    """The texts that split these runs, and those that all get wrong, ``limit`` of each.

    Where who asks may not read a data set's texts, what was said of them stands without them.
    """
    runs = found_in(store, run_ids)[0]
    nouns = texts_of(runs[0]) if runs else "texts"
    able = tested(collect(store, runs))
    together = same_texts(able)
    chosen = {run_id: each for run_id, each in able.items() if run_id in together}
    ids = tuple(chosen)
    if len(ids) < 2:
        problem = _("It takes two runs that were tested on the same %(texts)s.") % {
            "texts": _(nouns)
        }
        return Disagreements(run_ids=ids, problems=(problem,))
    problems = []
    left_out = [each.run.config.name for run_id, each in able.items() if run_id not in together]
    if left_out:
        words = {"texts": _(nouns), "names": ", ".join(left_out)}
        problems.append(_("Left out, for they were tested on other %(texts)s: %(names)s.") % words)
    texts: Sequence[str] = ()
    first = chosen[ids[0]].run
    if not may_read(first.config.dataset):
        words = {"texts": _(nouns), "dataset": written_as(first.config.dataset, "dataset")}
        problems.append(_("The %(texts)s of %(dataset)s are not shown to others.") % words)
    else:
        try:
            texts = tested_on(first).texts
        except AssetError as error:
            problems.append(str(error))
    return _disagreements(chosen, texts, limit, tuple(problems))


def _disagreements(
    runs: Mapping[str, Tested], texts: Sequence[str], limit: int, problems: tuple[str, ...]
) -> Disagreements:
    probabilities = np.stack([each.predictions.probabilities for each in runs.values()])
    count = np.sum([each.predictions.correct for each in runs.values()], axis=0)
    is_split = (count > 0) & (count < len(runs))
    is_lost = count == 0
    first = next(iter(runs.values()))

    def row(index: int) -> SplitText:
        shares = probabilities[:, index].astype(np.float64).round(4).tolist()
        return SplitText(
            index=index,
            excerpt=_excerpt(texts[index]) if texts else "",
            label=int(first.predictions.labels[index]),
            probabilities=dict(zip(runs, shares, strict=True)),
        )

    gap = np.ptp(probabilities, axis=0).max(axis=1)
    sureness = probabilities.max(axis=2).mean(axis=0)
    return Disagreements(
        run_ids=tuple(runs),
        names={run_id: each.facts.name for run_id, each in runs.items()},
        texts=first.facts.texts,
        labels=first.facts.labels,
        num_reviews=len(count),
        num_split=int(is_split.sum()),
        num_all_wrong=int(is_lost.sum()),
        split=tuple(map(row, _largest(gap, is_split, limit))),
        all_wrong=tuple(map(row, _largest(sureness, is_lost, limit))),
        problems=problems,
    )


def _largest(
    weight: npt.NDArray[np.float32], is_wanted: npt.NDArray[np.bool_], limit: int
) -> list[int]:
    """The places of the largest weights among those that are wanted."""
    wanted = np.flatnonzero(is_wanted)
    places: list[int] = wanted[np.argsort(-weight[wanted], kind="stable")][:limit].tolist()
    return places


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT].rsplit(' ', 1)[0]} …"
