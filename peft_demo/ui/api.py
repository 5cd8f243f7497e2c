"""The typed endpoints for gradio_client: the same verbs as the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

from peft_demo import comparison, lessons
from peft_demo.comparison.diagnosis import diagnose
from peft_demo.data import DEFAULT_DATASET
from peft_demo.lessons import lesson_plan
from peft_demo.models import BASES, told
from peft_demo.runs import Run, RunConfig, RunGroup, RunKind, reading, sweeps
from peft_demo.runs.schema import describe_methods
from peft_demo.statistics import MARGIN, TEST_SET
from peft_demo.ui.identity import acting, public
from peft_demo.ui.requests import (
    GroupId,
    Margin,
    Ordinal,
    Repeats,
    RunId,
    RunIdList,
    Values,
    checked,
)
from peft_demo.ui.services import Services
from peft_demo.ui.uploads import Upload
from peft_demo.ui.waiting import ANSWERED_AT_ONCE


def add_endpoints(services: Services) -> None:
    """Add the endpoints to the current Blocks."""

    def submit_run(config: Values) -> dict[str, Any]:
        """Queue a run and return it at once.

        Args:
            config: one flat mapping, such as {"method": "lora", "r": 8, "learning_rate": 0.001};
                what is left out takes its default. list_methods gives the schema of each method.
        """
        return public(services.changes.submit(RunConfig(config)))

    def submit_sweep(config: Values, axes: Values, repeats: Repeats, race: bool) -> dict[str, Any]:
        """Queue every combination of some fields' values as one group, and return at once.

        Args:
            config: what all have in common, as for submit_run.
            axes: the swept fields with their values, such as {"r": [1, 4, 16]}; may be empty.
            repeats: 1 to 16 seeds for each combination.
            race: train up to 8 runs in turns, so that their curves grow together.
        """
        planned = sweeps.plan(config, axes, repeats=repeats, race=race)
        return _group(*services.changes.submit_plan(planned))

    def submit_lesson(lesson: str, plan: str = "") -> dict[str, Any]:
        """Queue the runs of a lesson as one group, and return at once.

        Args:
            lesson: its id, such as better.
            plan: which of its plans; the first if it is empty.
        """
        planned = lesson_plan(lesson, plan or None, acting().owner)
        return _group(*services.changes.submit_plan(planned))

    def get_group(group_id: GroupId) -> dict[str, Any]:
        """A group that was queued together, with its runs."""
        return _group(*services.store.group(group_id))

    def list_runs() -> list[dict[str, Any]]:
        """All runs, newest first, the reference runs last."""
        return [public(run) for run in services.store.runs()]

    def get_run(run_id: RunId) -> dict[str, Any]:
        """One run with its configuration, state, progress, epochs, result and diagnosis."""
        run = services.store.get(run_id)
        found = diagnose(run, services.store.runs())
        return {**public(run), "diagnosis": found and found.model_dump()}

    def cancel_run(run_id: RunId, keep: bool = False) -> dict[str, Any]:
        """Stop a running run within one step, or take a waiting one out of the queue.

        Args:
            run_id: of a run that is not over.
            keep: test and save its last whole epoch: the run ends completed, as stopped_early.
        """
        changes = services.changes
        return public(*(changes.keep if keep else changes.stop)(run_id))

    def resume_run(run_id: RunId) -> dict[str, Any]:
        """Go on with a run that was stopped or interrupted, from its last checkpoint."""
        return public(*services.changes.resume(run_id))

    def delete_run(run_id: RunId) -> str:
        """Remove a run that is over, with its files; returns its id.

        restore_run brings it back within an hour.
        """
        services.changes.delete(run_id)
        return run_id

    def restore_run(run_id: RunId) -> dict[str, Any]:
        """Bring back a run that was deleted less than an hour ago."""
        services.changes.restore(run_id)
        return public(services.store.get(run_id))

    def annotate_run(run_id: RunId, changes: Values) -> dict[str, Any]:
        """Write onto a run what people remember it by; returns the run.

        Args:
            run_id: of any run but a reference.
            changes: any of name (at most 80 characters), tags (at most 10, each 1 to 30
                characters), note (at most 2,000 characters) and is_starred; the rest stays.
        """
        return public(services.changes.annotate(run_id, **changes))

    def list_unrecorded() -> list[dict[str, Any]]:
        """Folders of runs that no record knows of, and what is whole in each; teachers only."""
        return [one.model_dump() for one in services.adoption.found()]

    def adopt_folders(folders: list[str]) -> dict[str, Any]:
        """Queue such folders' adapters for their tests, as runs of one's own; teachers only.

        Args:
            folders: names as list_unrecorded gave them; of none, the first 20 are adopted.
        """
        runs, problems = services.adoption.adopt(folders)
        return {"runs": [public(run) for run in runs], "problems": problems}

    def unadopt_folders() -> int:
        """Put back what was adopted within the hour; answers how many runs still stop first."""
        return services.adoption.undo()

    def swap_labels(run_id: RunId) -> dict[str, Any]:
        """Queue an imported adapter's test again, as a run of its own, its two labels swapped."""
        return public(services.swap_labels(run_id))

    def predict(
        text: str, run_ids: RunIdList, before_training: bool = False
    ) -> list[dict[str, Any]]:
        """What finished runs make of a text: label, probabilities and milliseconds of each.

        Args:
            text: what they read.
            run_ids: of finished runs.
            before_training: ask what each began with instead: the base with its untrained head.
        """
        asked = services.predictor.predict(text, run_ids, before_training=before_training)
        return [prediction.model_dump() for prediction in asked]

    def predict_reviews(reviews: list[str], run_ids: RunIdList) -> dict[str, Any]:
        """How likely finished runs find the labels of each of many texts, from 0 to 1.

        Args:
            reviews: 1 to 1,000 texts.
            run_ids: of finished runs. The answer has a list for each: of two labels the
                second's probabilities, such as positive's; of more, a list for each label.
        """
        found = services.predictor.predict_many(reviews, run_ids)
        return {run_id: _by_label(services, run_id, found[run_id]) for run_id in found}

    def count(config: Values) -> dict[str, Any]:
        """What a configuration would train and store, without training it."""
        from peft_demo.adapters.forecast import forecast

        return forecast(RunConfig(config), services.store.runs()).plain()

    def find_learning_rate(config: Values) -> dict[str, Any]:
        """Queue a learning-rate range test; get_run then tells its suggestion as range_test."""
        return public(services.changes.submit(RunConfig(config), RunKind.RANGE_TEST))

    def read_config(text: str, choice: Ordinal = None) -> dict[str, Any]:
        """Read a script, notebook or adapter_config.json: its values, and notes on the rest.

        Args:
            text: such as LoraConfig(r=8, target_modules=["q_lin"]); it is never executed.
            choice: which of the text's configurations is meant, counted from 1, if it has several.
        """
        imported = reading.read(text, choice=choice)
        return {"values": RunConfig(imported.values).flat(), "notes": list(imported.notes)}

    def import_adapter(
        file: Upload,
        name: str = "",
        dataset: str = DEFAULT_DATASET,
        adapter: str = "",
        base_model: str = "",
        max_length: int = 0,
        swap_labels: bool = False,
    ) -> dict[str, Any]:
        """Queue the test of an adapter that was trained elsewhere, and return its run at once.

        Args:
            file: a zip with its adapter_config.json and adapter_model.safetensors.
            name: how to call it; as the file if it is empty.
            dataset: what to test it on; it must have learned the labels of this.
            adapter: which of several in the zip, such as checkpoint-50; "." is the top.
            base_model: what it was trained on, where its file names a folder or nothing.
            max_length: tokens of each text that it was trained with; 0 for what its files say.
            swap_labels: whether it has the two labels the other way round.
        """
        run = services.import_adapter(
            Path(file["path"]),
            name=name,
            dataset=dataset,
            adapter=adapter,
            base_model=base_model,
            max_length=max_length or None,
            swap_labels=swap_labels,
        )
        return public(run)

    def import_from_hub(
        repository: str,
        name: str = "",
        dataset: str = DEFAULT_DATASET,
        adapter: str = "",
        base_model: str = "",
        max_length: int = 0,
        swap_labels: bool = False,
    ) -> dict[str, Any]:
        """Queue the test of a public adapter on the Hugging Face Hub, and return its run at once.

        Args:
            repository: its id, such as somebody/name, perhaps with @ and a revision; or a link.
            name: as for import_adapter, as are all others.
            dataset: see there.
            adapter: see there.
            base_model: see there.
            max_length: see there.
            swap_labels: see there.
        """
        run = services.import_from_hub(
            repository,
            name=name,
            dataset=dataset,
            adapter=adapter,
            base_model=base_model,
            max_length=max_length or None,
            swap_labels=swap_labels,
        )
        return public(run)

    def export_code(config: Values, kind: str) -> str:
        """A configuration as a script on plain transformers and peft, or as a notebook.

        Args:
            config: as for submit_run.
            kind: "script" or "notebook".
        """
        from peft_demo.export import code

        return code.export(RunConfig(config), kind)

    def compare(
        run_ids: RunIdList, evaluation_set: str = TEST_SET, margin: Margin = MARGIN
    ) -> dict[str, Any]:
        """What 2 to 8 runs' results can tell: verdicts, scores, pairs, baselines, frontiers.

        The first time for some texts, computing the text baselines takes seconds.

        Args:
            run_ids: of finished runs.
            evaluation_set: what they are compared on; "test" is what every run is tested on.
            margin: points of accuracy within which they are practically equal, 0.1 to 20.
        """
        wanted = comparison.check_run_ids(services.store, run_ids)
        found = comparison.compare(
            services.store, wanted, evaluation_set=evaluation_set, margin=margin
        )
        return json.loads(found.model_dump_json())

    def report(run_ids: RunIdList, author: str = "", notes: str = "") -> str:
        """1 to 8 runs as one self-contained HTML page to hand in: the text of its file.

        Args:
            run_ids: of any runs; verdicts and charts are of those that are finished.
            author: who hands it in, at most 80 characters.
            notes: at most 10,000 characters.
        """
        from peft_demo.export import report

        return report.report(services.store, run_ids, author=author, notes=notes)

    def set_challenge(title: str, limits: Values) -> dict[str, Any]:
        """Set a challenge for a class; a run enters it by its challenge_id as a tag.

        Args:
            title: 1 to 80 characters.
            limits: the most that a run may have, of num_adapter_parameters, num_reviews, minutes.
        """
        made = services.changes.add_challenge(title, limits)
        return made.model_dump(mode="json")

    def challenge_board(challenge_id: str) -> dict[str, Any]:
        """A challenge's entries, the best first: those that tests cannot tell apart share a place.

        Args:
            challenge_id: as set_challenge gave it.
        """
        from peft_demo.comparison.challenge import board

        return board(services.store, challenge_id).model_dump(mode="json")

    def push_run(
        run_id: RunId, repository: str, token: str, private: bool = False, replace: bool = False
    ) -> str:
        """Put a finished run into a model repository of the Hugging Face Hub; returns its address.

        Args:
            run_id: of a finished run.
            repository: such as somebody/my-adapter.
            token: the Hub's, of an account that may write there; it is kept nowhere.
            private: whether others may not see a new repository.
            replace: whether it may be there already; files of the same names are replaced.
        """
        from peft_demo.export.push import push

        return push(services.store, run_id, repository, token, private=private, replace=replace)

    def list_methods() -> list[dict[str, Any]]:
        """Every method with its fields, limits, defaults and the JSON schema of its runs."""
        return describe_methods()

    def list_bases() -> list[dict[str, Any]]:
        """Every base model with its family, measures and the names of its target modules."""
        return [told(row) for row in BASES.values()]

    def add_base(repository: str) -> dict[str, Any]:
        """Let runs start from an encoder of the Hugging Face Hub, once it has been proven to load.

        Args:
            repository: owner/name, or its address. Teachers only, where there are any.
        """
        return told(services.changes.add_base(repository))

    def list_lessons() -> list[dict[str, Any]]:
        """Every lesson with its goal, minutes, notes for teachers and link."""
        return lessons.listed()

    for function in (
        submit_run,
        submit_sweep,
        submit_lesson,
        get_group,
        list_runs,
        get_run,
        cancel_run,
        resume_run,
        delete_run,
        restore_run,
        annotate_run,
        swap_labels,
        list_unrecorded,
        adopt_folders,
        unadopt_folders,
        predict,
        predict_reviews,
        list_methods,
        list_lessons,
        list_bases,
        add_base,
        count,
        read_config,
        import_adapter,
        import_from_hub,
        export_code,
        push_run,
        find_learning_rate,
        compare,
        report,
        set_challenge,
        challenge_board,
    ):
        most = ANSWERED_AT_ONCE if function is predict else 8
        gr.api(checked(function), api_name=function.__name__, concurrency_limit=most)


def _by_label(services: Services, run_id: str, shares: Any) -> Any:
    labels = services.store.get(run_id).config.labels
    if len(labels) == 2:
        return shares[:, 1].tolist()
    return dict(zip(labels, shares.T.tolist(), strict=True))


def _group(group: RunGroup, queued: list[Run]) -> dict[str, Any]:
    return {**public(group), "runs": [public(run) for run in queued]}
