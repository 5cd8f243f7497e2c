"""Services: what the page's handlers work with, and the warm-up that loads it in the background."""

from __future__ import annotations

import gc
import logging
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from peft_demo import data, models, settings
from peft_demo.errors import PeftDemoError
from peft_demo.execution import Engine, preferred
from peft_demo.execution.executors.hub_jobs import Agreements
from peft_demo.execution.executors.zero_gpu import is_refusal, on_this_space
from peft_demo.languages import gettext_noop, told
from peft_demo.runs import Run, RunKind, RunStatus
from peft_demo.storage import Store, bucket
from peft_demo.storage.bucket import Keeper
from peft_demo.ui.adoption import Adoption
from peft_demo.ui.baseline_worker import BaselineWorker
from peft_demo.ui.challenge_worker import ChallengeWorker
from peft_demo.ui.changes import Changes
from peft_demo.ui.signing import Signatures
from peft_demo.ui.turns import Turns, somebody_waits

if TYPE_CHECKING:
    from peft_demo.adapters.importing import Repository
    from peft_demo.inference import Explainer, Insides, Maps, Mixes, Predictor, Strengths
    from peft_demo.runs.search import Search

logger = logging.getLogger(__name__)


@dataclass
class WarmUp:
    """How far the models are; the page shows it."""

    state: Literal["loading", "ready", "failed"] = "loading"
    text: str = gettext_noop("Loading the models …")
    """In English."""
    time: str = ""
    """How long it took, once it is ready."""

    @property
    def words(self) -> str:
        """What the page says, in the current language."""
        return f"{told(self.text)} {self.time}".strip()


class Services:
    """Store, engine and predictor of one server."""

    def __init__(self) -> None:
        self._keeper: Keeper | None = None
        if kept := settings.bucket():
            bucket.restore(settings.home(), kept)
        self.store = Store(settings.home(), settings.ADAPTERS)
        if kept:
            self._keeper = Keeper(self.store, kept)
        # Made at once where the platform wants to know of it before the page is served.
        self.zero_gpu = on_this_space(self._refused()) if settings.is_zero_gpu() else None
        self.agreements = Agreements()
        self.engine = Engine(
            self.store, lambda: self.zero_gpu or preferred(), own=self.agreements.holding
        )
        self.changes = Changes(self.store, self.engine, self._forget)
        self.adoption = Adoption(self.store, self.changes)
        self.signatures = Signatures(settings.home())
        self.baselines = BaselineWorker(self.store)
        self.challenges = ChallengeWorker(self.store, lambda: self.predictor)
        self.warm_up = WarmUp()
        self._predictor: Predictor | None = None
        self._turns = Turns()
        self._lock = threading.Lock()
        self._warming: threading.Thread | None = None

    def start(self) -> None:
        """Begin to load the models and to train what is queued; returns at once."""
        if self._keeper:
            self._keeper.start()
        self._warming = threading.Thread(target=self._start, name="warm-up", daemon=True)
        self._warming.start()

    def close(self) -> None:
        """Stop training and let go of the store."""
        self.challenges.close()
        self.engine.close()
        if self._keeper:
            self._keeper.close()
        self.store.close()

    @property
    def predictor(self) -> Predictor:
        """Made at first use, because it brings torch along."""
        with self._lock:
            if self._predictor is None:
                from peft_demo.inference import Predictor

                self._predictor = Predictor(self.store, self._turns.one, somebody_waits)
            return self._predictor

    @cached_property
    def explainer(self) -> Explainer:
        """Made at first use likewise."""
        from peft_demo.inference import Explainer

        return Explainer(self.predictor)

    @cached_property
    def insides(self) -> Insides:
        """Likewise."""
        from peft_demo.inference import Insides

        return Insides(self.store, self.predictor)

    @cached_property
    def maps(self) -> Maps:
        """Likewise."""
        from peft_demo.inference import Maps

        return Maps(self.store, self.predictor)

    @cached_property
    def mixes(self) -> Mixes:
        """Likewise."""
        from peft_demo.inference import Mixes

        return Mixes(self.store, self.predictor)

    @cached_property
    def strengths(self) -> Strengths:
        """Likewise."""
        from peft_demo.inference import Strengths

        return Strengths(self.store, self.predictor)

    def plan_search(self, values: Mapping[str, object], **asked: Any) -> Search:
        """What a search will do for who acts, if it can be done; see ``planning``."""
        from peft_demo.execution.searching.planning import plan_search  # loads torch

        most = None if self.changes.teachers.is_one() else self.store.classroom().most("waiting")
        slots = self.engine.slots
        return plan_search(values, runs=self.known_runs(), slots=slots, most_waiting=most, **asked)

    def import_from_hub(self, repository: str, **said: Any) -> Run:
        """The same for one on the Hub that everybody may read: not by the server's own rights."""
        from peft_demo.adapters import importing

        self.changes.require_somebody()
        return self.import_adapter(importing.repository_in(repository), **said)

    def import_adapter(self, source: Path | Sequence[Path] | Repository, **said: Any) -> Run:
        """Queue an adapter that was trained elsewhere for its test; see ``importing.bring``."""
        from peft_demo.adapters import importing

        # On the store's own disk, so that it can be renamed into its place.
        self.store.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.store.folder, prefix=".import-") as scratch:
            files, config = importing.bring(source, Path(scratch), **said)
            return self.changes.submit(config, RunKind.IMPORTED, files)

    def swap_labels(self, run_id: str) -> Run:
        """Queue an imported adapter again, its labels swapped; see ``importing.swap``."""
        from peft_demo.adapters import importing

        run = self.store.get(run_id)
        with tempfile.TemporaryDirectory(dir=self.store.folder, prefix=".import-") as scratch:
            folder = self.store.folder_of(run_id)
            files, config = importing.swap(run, folder, Path(scratch))
            return self.changes.submit(config, RunKind.IMPORTED, files)

    def save_mix(
        self,
        run_ids: Sequence[str],
        weights: Sequence[object],
        combination: object,
        density: object,
        name: object,
    ) -> Run:
        """Queue the mix of finished runs for its test, as a run of its own; see ``mixture``."""
        from peft_demo.inference import mixture

        self.changes.require_somebody()
        with tempfile.TemporaryDirectory(dir=self.store.folder, prefix=".import-") as scratch:
            asked = (run_ids, weights, combination, density, name)
            files, config = mixture(self.store, self.predictor, Path(scratch), *asked)
            return self.changes.submit(config, RunKind.MIXED, files)

    def runs(self) -> dict[str, Run]:
        """All runs by their ids, newest first, the reference runs last."""
        return {run.run_id: run for run in self.store.runs()}

    def known_runs(self) -> list[Run]:
        """All runs, for what can do without: the header says what is wrong with the store."""
        try:
            return self.store.runs()
        except PeftDemoError:
            return []

    def _refused(self) -> list[str]:
        """The folders of the runs that got no GPU, and wait for being resumed without one."""
        return [
            self.store.partial_folder_of(run.run_id).name
            for run in self.known_runs()
            if run.status is RunStatus.INTERRUPTED and is_refusal(run.error)
        ]

    def _forget(self, run_id: str) -> None:
        if self._predictor is not None:
            self._predictor.forget(run_id)

    def _start(self) -> None:
        started = time.perf_counter()
        try:
            self._load()
        except PeftDemoError as error:
            self.warm_up.state, self.warm_up.text = "failed", str(error)
        except Exception as error:
            logger.exception("The models could not be loaded")
            self.warm_up.state, self.warm_up.text = "failed", f"Loading failed: {error}"
        else:
            self.warm_up.state = "ready"
            self.warm_up.time = f"{time.perf_counter() - started:.0f} s"
            self.warm_up.text = gettext_noop("Models ready after")
        if not gc.isenabled():
            # What is loaded stays: to look through it again and again would take 0.3 s each time.
            gc.freeze()
            gc.enable()
        # Queued runs say for themselves why they fail, so training begins in any case.
        self.engine.start()
        self.challenges.start()
        self.adoption.tell()

    def _load(self) -> None:
        # In this order: what the first visitor is likely to need first.
        self.warm_up.text = gettext_noop("Starting torch …")
        import peft_demo.inference
        import peft_demo.libraries

        self.warm_up.text = gettext_noop("Loading the base model …")
        models.load(models.BUILTIN_BASE)
        self.warm_up.text = gettext_noop("Loading the reference adapters …")
        for run in self.store.runs():
            if run.is_reference:
                self.predictor.model(run)
        self.warm_up.text = gettext_noop("Loading the reviews …")
        data.load(data.DEFAULT_DATASET)
        import peft_demo.training.loop  # noqa: F401
