"""The typed endpoints about texts of one's own: the same verbs as the command line's."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from peft_demo.comparison import Looking
from peft_demo.ui.own_data import OwnData
from peft_demo.ui.requests import RunId, Values, checked
from peft_demo.ui.services import Services
from peft_demo.ui.uploads import OptionalUpload, Upload, source_in


def add_data_endpoints(services: Services) -> None:
    """Add the endpoints to the current Blocks."""
    data = OwnData(services)

    def add_data(
        file: Upload,
        name: str = "",
        text_column: str = "",
        label_column: str = "",
        label_names: Values = {},  # noqa: B006
        test: OptionalUpload = None,
        only_test: bool = False,
        is_listed: bool = True,
    ) -> dict[str, Any]:
        """Read a file of labelled texts, keep it for runs, and say what is in it.

        Args:
            file: CSV, TSV, JSON Lines, Parquet or lines such as "label: text".
            name: how to call it; as the file if it is empty.
            text_column: where the texts stand; guessed if it is empty, and so is the other.
            label_column: where the labels stand.
            label_names: what to call labels, such as {"0": "negative"}.
            test: a file of texts to test on; some are split off if there is none.
            only_test: whether all texts are to test on, and none to learn from.
            is_listed: whether others see it, where the host lets them.
        """
        prepared = data.read(
            source_in(file),
            source_in(test) if test else None,
            name=name,
            text_column=text_column or None,
            label_column=label_column or None,
            label_names={label: str(value) for label, value in label_names.items()},
            only_test=only_test,
        )
        return data.keep(prepared, is_listed=is_listed)

    def add_data_from_hub(
        repository: str,
        config: str = "",
        split: str = "",
        revision: str = "",
        test_split: str = "",
        name: str = "",
        text_column: str = "",
        label_column: str = "",
        label_names: Values = {},  # noqa: B006
        only_test: bool = False,
        is_listed: bool = True,
    ) -> dict[str, Any]:
        """Read a data set of the Hugging Face Hub, keep its texts, and say what is in them.

        Args:
            repository: its id, such as fancyzhx/ag_news, or a link to it.
            config: its configuration; its only or default one if it is empty.
            split: train if it is empty.
            revision: a commit, tag or branch; the newest commit if it is empty.
            test_split: a split to test on; some texts are split off if it is empty.
            name: as for add_data, as are all others.
            text_column: see there.
            label_column: see there.
            label_names: see there.
            only_test: see there.
            is_listed: see there.
        """
        prepared = data.read(
            *data.of_hub(
                repository=repository,
                config=config,
                split=split,
                revision=revision,
                test_split=test_split,
            ),
            name=name,
            text_column=text_column or None,
            label_column=label_column or None,
            label_names={label: str(value) for label, value in label_names.items()},
            only_test=only_test,
        )
        return data.keep(prepared, is_listed=is_listed)

    def list_data() -> list[dict[str, Any]]:
        """Texts that were added, one's own first; others' as far as the host shows them."""
        return data.told()

    def show_data(dataset: str) -> dict[str, Any]:
        """What was found in texts when they were added.

        Args:
            dataset: its id, such as own-0123456789ab.
        """
        return json.loads(data.report(dataset).model_dump_json())

    def remove_data(dataset: str) -> str:
        """Delete texts of one's own for good; runs that learned from them stay. Returns the id."""
        services.changes.remove_dataset(dataset)
        return dataset

    def evaluate(run_id: RunId, dataset: str) -> dict[str, Any]:
        """Test a finished run on the test texts of another data set; compare has it as a set.

        Args:
            run_id: of a run of one's own.
            dataset: the id of a data set with the labels that the run learned.
        """
        return json.loads(data.evaluate(run_id, dataset).model_dump_json())

    def list_texts(
        source: str, part: str = "test", search: str = "", order: str = "given", page: int = 1
    ) -> dict[str, Any]:
        """Twenty texts of a run or a data set as the model sees them, with the run's predictions.

        Args:
            source: the id of a run or a data set.
            part: training, validation, test, or the data set that the run was tested on later.
            search: words that a text must have.
            order: given, mistakes (the surest first), unsure, shortest or longest.
            page: which twenty, from 1.
        """
        asked = Looking(source=source, part=part, search=search, order=order, page=page)
        return data.look(asked).model_dump(mode="json")

    every = (add_data, add_data_from_hub, list_data, show_data, remove_data, evaluate, list_texts)
    for function in every:
        gr.api(checked(function), api_name=function.__name__, concurrency_limit=2)
