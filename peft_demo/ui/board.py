"""The live board's server side: what changed since the version a browser has seen, as JSON.

Each run's JSON is built once for a version of it and shared by all viewers; a poll that finds
nothing new answers None.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from peft_demo import evaluation, statistics
from peft_demo.errors import PeftDemoError
from peft_demo.methods import METHODS
from peft_demo.runs import Run, RunKind, RunStatus
from peft_demo.ui.services import Services

CURVE_POINTS = 200
"""Most points of a loss curve that are sent; more steps are averaged."""


class Board:
    """Answers the browsers' polls and buttons."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._summaries: dict[str, tuple[int, dict[str, Any]]] = {}
        self._curves: dict[str, tuple[int, dict[str, Any]]] = {}
        self._correct: dict[str, Any] = {}

    def poll(self, request: dict[str, Any]) -> str | None:
        """What is new for a browser, or None.

        Args:
            request: ``since``, the version it has seen; ``models`` and ``problem``, the texts
                that it shows; ``shown``, ids of the runs in its charts; ``curves``, those whose
                curves it lacks.
        """
        store, warm_up = self._services.store, self._services.warm_up
        since = int(request.get("since", -1))
        wanted = [str(run_id) for run_id in request.get("curves", ())]
        seen = (since, request.get("models"), request.get("problem") or None)
        try:
            version, problem = store.version, store.problem
            if (version, warm_up.text, problem) == seen and not wanted:
                return None
            # A version that went back is another store: all of it is new.
            changed = store.runs(since if since <= version else -1) if version != since else []
            ids = store.ids()
            # A browser that shows a run's curves needs them again whenever the run changes.
            shown = {str(run_id) for run_id in request.get("shown", ())}
            wanted += [run.run_id for run in changed if run.run_id in shown]
            curves = {run_id: self._curve(run_id) for run_id in wanted if run_id in ids}
        except PeftDemoError as error:
            version, changed, ids, curves, problem = since, [], None, {}, str(error)
            if (version, warm_up.text, problem) == seen:
                return None
        answer = {
            "version": version,
            "models": {"state": warm_up.state, "text": warm_up.text},
            "problem": problem,
            "ids": ids,
            "runs": [self._summary(run) for run in changed],
            "curves": curves,
        }
        return json.dumps(answer, separators=(",", ":"))

    def act(self, request: dict[str, Any]) -> str:
        """Stop or delete a run; answers an error's sentence or an empty text."""
        run_id, action = str(request.get("run_id")), request.get("action")
        try:
            if action == "stop":
                self._services.engine.cancel(run_id)
            elif action == "delete":
                self._services.delete(run_id)
            else:
                return f"action must be stop or delete, got {action}."
        except PeftDemoError as error:
            return str(error)
        return ""

    def details(self, request: dict[str, Any]) -> str:
        """Everything about one run, as JSON, or {"error": sentence}."""
        try:
            run = self._services.store.get(str(request.get("run_id")))
        except PeftDemoError as error:
            return json.dumps({"error": str(error)})
        if run.kind is not RunKind.IMPORTED:
            return run.model_dump_json()
        # Nobody here knows how it was trained, so nothing is claimed about that.
        facts = json.loads(run.model_dump_json())
        own = {field.name for field in METHODS[run.config.method].fields}
        told = {"name", "base_model", "dataset", "method", "max_length", "num_test_reviews", *own}
        facts["config"] = {key: facts["config"][key] for key in facts["config"] if key in told}
        return json.dumps(facts)

    def verdict(self, request: dict[str, Any]) -> str:
        """What the test results of the selected runs can tell, in words."""
        store = self._services.store
        try:
            chosen = [store.get(str(run_id)) for run_id in request.get("run_ids", ())]
            finished = [run for run in chosen if run.result is not None]
            sets = {run.result.test_set for run in finished if run.result}
            if len(finished) < 2:
                return ""
            if len(sets) > 1:
                return (
                    "The selected runs were tested on different reviews, so their accuracies "
                    "cannot be compared directly."
                )
            facts = statistics.compare({run.run_id: self._hits(run) for run in finished})
        except (PeftDemoError, OSError, ValueError):
            return ""
        return verdict_in_words(facts, {run.run_id: run.config.name for run in finished})

    def _summary(self, run: Run) -> dict[str, Any]:
        known = self._summaries.get(run.run_id)
        if known is None or known[0] != run.version:
            known = (run.version, summary(run))
            self._summaries[run.run_id] = known
        return known[1]

    def _curve(self, run_id: str) -> dict[str, Any]:
        store = self._services.store
        run = store.get(run_id)
        known = self._curves.get(run_id)
        if known is None or known[0] != run.version:
            steps = store.steps(run_id)
            known = (
                run.version,
                {
                    "epochs": [epoch.epoch for epoch in run.epochs],
                    "eval_accuracy": [round(epoch.eval_accuracy, 4) for epoch in run.epochs],
                    "eval_loss": [round(epoch.eval_loss, 4) for epoch in run.epochs],
                    **thinned([s.step for s in steps], [s.loss for s in steps]),
                },
            )
            self._curves[run_id] = known
        return known[1]

    def _hits(self, run: Run) -> Any:
        """Whether the run was right on each test review, shape (reviews,)."""
        if run.run_id not in self._correct:
            folder = self._services.store.folder_of(run.run_id)
            self._correct[run.run_id] = evaluation.Predictions.load(folder).correct
        return self._correct[run.run_id]


def summary(run: Run) -> dict[str, Any]:
    """What cards and table show of a run."""
    config, result = run.config, run.result
    last = run.epochs[-1] if run.epochs else None
    return {
        "id": run.run_id,
        "kind": str(run.kind),
        "name": config.name,
        "summary": _what(run),
        "method": _method_label(run),
        "status": str(run.status),
        "reference": run.is_reference,
        "owner": run.owner,
        "created": run.created_at.isoformat(),
        "queue": run.queue_position,
        "phase": run.progress.phase,
        "step": run.progress.step,
        "max_steps": run.progress.max_steps,
        "rate": run.progress.samples_per_second,
        "left": run.progress.seconds_left if run.status is RunStatus.RUNNING else None,
        "learning_rate": run.progress.learning_rate,
        "epoch": len(run.epochs),
        "max_epochs": config.num_train_epochs,
        "eval_accuracy": last and last.eval_accuracy,
        "eval_loss": last and last.eval_loss,
        "num_validation": config.num_validation_reviews,
        "num_train": config.num_train_reviews,
        "error": run.error,
        "test": result
        and {
            "accuracy": result.test_accuracy,
            "low": result.test_interval[0],
            "high": result.test_interval[1],
            "reviews": result.num_test_reviews,
            "loss": result.test_loss,
        },
        "adapter_parameters": result and result.num_adapter_parameters,
        "head_parameters": result and result.num_head_parameters,
        "bytes": result and result.file_bytes,
        "saved_as": result and result.saved_as,
        "seconds": result and result.seconds,
        "range": run.range_test
        and {
            "suggestion": run.range_test.suggestion and float(f"{run.range_test.suggestion:.2g}"),
            "is_sure": run.range_test.is_sure,
        },
    }


def _what(run: Run) -> str:
    """What the run is, in a few words."""
    if run.kind is RunKind.IMPORTED:
        return f"{_method_label(run)} · imported adapter"
    if run.kind is RunKind.RANGE_TEST:
        return f"Learning-rate range test · {run.config.summary}"
    return run.config.summary


def _method_label(run: Run) -> str:
    method = run.config.method
    return METHODS[method].label if method in METHODS else method


def thinned(steps: list[int], losses: list[float]) -> dict[str, list[float]]:
    """At most CURVE_POINTS points: neighbouring steps averaged, at the last of their steps."""
    width = -(-len(steps) // CURVE_POINTS) or 1
    return {
        "steps": [steps[min(i + width, len(steps)) - 1] for i in range(0, len(steps), width)],
        "loss": [
            round(float(np.mean(losses[i : i + width])), 4) for i in range(0, len(losses), width)
        ],
    }


def verdict_in_words(facts: statistics.Comparison, names: dict[str, str]) -> str:
    """What a comparison can tell, for a student to read aloud."""
    reviews = f"the same {facts.num_reviews:,} test reviews"
    if not facts.different_pairs:
        p = f"{facts.smallest_p:.2g}" if facts.smallest_p >= 0.001 else "< 0.001"
        return (
            f"No difference between the {len(facts.runs)} selected runs is shown on {reviews} "
            f"(smallest p = {p}, exact McNemar test, Holm-corrected)."
        )
    best = facts.runs[0]
    beaten = [worse for better, worse in facts.different_pairs if better == best]
    every = len(beaten) == len(facts.runs) - 1
    losers = "every other selected run" if every else _listed([names[run] for run in beaten])
    sentences = [f"On {reviews}, {names[best]} is better than {losers}."]
    if not beaten:
        sentences = [f"On {reviews}, {names[best]} did best, but is not shown to be better."]
    alike = [_listed([names[run] for run in group]) for group in facts.alike if len(group) > 1]
    if alike:
        sentences.append(f"No difference is shown between {'; nor between '.join(alike)}.")
    return " ".join(sentences) + " (Exact McNemar tests at 5 %, Holm-corrected.)"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
