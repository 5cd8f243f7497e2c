"""Where runs disagree: the test texts that split them, and those that all get wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from peft_demo import data
from peft_demo.comparison.compare import same_texts
from peft_demo.comparison.describe import label_names, texts_of
from peft_demo.comparison.evidence import Evidence
from peft_demo.comparison.facts import Disagreements, SplitText
from peft_demo.errors import AssetError, NotFoundError
from peft_demo.runs import Run
from peft_demo.storage import Store

EXCERPT = 220
"""Characters of a text in the list."""


def disagreements(
    store: Store, run_ids: Sequence[str], limit: int = 20, evidence: Evidence | None = None
) -> Disagreements:
    """The texts that split these runs, and those that all get wrong, ``limit`` of each."""
    evidence = evidence or Evidence(store)
    runs, problems = [], []
    for run_id in run_ids:
        try:
            runs.append(store.get(run_id))
        except NotFoundError:
            continue
    nouns = texts_of(runs[0]) if runs else "texts"
    found = {r.run_id: p for r in runs if r.result and (p := evidence.predictions(r)) is not None}
    together = same_texts([run for run in runs if run.run_id in found], evidence)
    left_out = [run.config.name for run in runs if run.run_id in found.keys() - together]
    if left_out:
        problems.append(f"Left out, for they were tested on other {nouns}: {', '.join(left_out)}.")
    chosen = [run for run in runs if run.run_id in together]
    if len(chosen) < 2:
        return Disagreements(
            run_ids=tuple(run.run_id for run in chosen),
            labels=(),
            num_reviews=0,
            num_split=0,
            num_all_wrong=0,
            split=(),
            all_wrong=(),
            problems=(f"It takes two runs that were tested on the same {nouns}.",),
        )
    probabilities = np.stack([found[run.run_id].probabilities for run in chosen])
    labels = found[chosen[0].run_id].labels
    correct = np.stack([found[run.run_id].correct for run in chosen])
    count = correct.sum(axis=0)
    is_split = (count > 0) & (count < len(chosen))
    is_lost = count == 0
    gap = np.ptp(probabilities, axis=0).max(axis=1)
    sureness = probabilities.max(axis=2).mean(axis=0)
    texts, problem = _texts(chosen[0]) if evidence.is_test else ((), ())
    rows = _Rows(chosen, probabilities, labels, texts)
    return Disagreements(
        run_ids=tuple(run.run_id for run in chosen),
        labels=label_names(chosen[0], probabilities.shape[2]),
        num_reviews=len(labels),
        num_split=int(is_split.sum()),
        num_all_wrong=int(is_lost.sum()),
        split=rows.first(is_split, gap, limit),
        all_wrong=rows.first(is_lost, sureness, limit),
        problems=(*problems, *problem),
    )


def text_at(store: Store, run_id: str, index: int) -> str:
    """The test text of a run at that place.

    Raises:
        NotFoundError: there is no such run or place.
        AssetError: the texts that it was tested on are not here.
    """
    run = store.get(run_id)
    texts, problem = _texts(run)
    if problem:
        raise AssetError(problem[0])
    if not 0 <= index < len(texts):
        raise NotFoundError(f"index must be between 0 and {len(texts) - 1:,}, got {index}.")
    return texts[index]


class _Rows:
    def __init__(
        self,
        runs: Sequence[Run],
        probabilities: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int8],
        texts: Sequence[str],
    ) -> None:
        self._ids = [run.run_id for run in runs]
        self._probabilities, self._labels, self._texts = probabilities, labels, texts

    def first(
        self, is_wanted: npt.NDArray[np.bool_], weight: npt.NDArray[np.float32], limit: int
    ) -> tuple[SplitText, ...]:
        wanted = np.flatnonzero(is_wanted)
        order = wanted[np.argsort(-weight[wanted], kind="stable")][:limit]
        return tuple(self._row(int(index)) for index in order)

    def _row(self, index: int) -> SplitText:
        text = self._texts[index] if self._texts else ""
        cut = text if len(text) <= EXCERPT else f"{text[:EXCERPT].rsplit(' ', 1)[0]} …"
        given = zip(self._ids, self._probabilities[:, index].tolist(), strict=True)
        return SplitText(
            index=index,
            excerpt=cut,
            label=int(self._labels[index]),
            probabilities={run_id: tuple(round(p, 4) for p in shares) for run_id, shares in given},
        )


def _texts(run: Run) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts that a run was tested on, or why they cannot be shown."""
    assert run.result is not None
    if run.config.dataset not in data.DATASETS:
        return (), (f"{run.config.name} cannot be shown beside its texts: {run.problem}",)
    try:
        pool = data.load(run.config.dataset).test
    except AssetError as error:
        return (), (str(error),)
    tested = pool.take(range(min(run.result.num_test_reviews, len(pool))))
    if tested.fingerprint != run.result.test_set:
        return (), (f"The {texts_of(run)} here are not those that the runs were tested on.",)
    return tested.texts, ()
