"""The base model in the form: what it calls its modules, and how others are added to the list.

The form's own names for modules are those of ``FAMILY``; their labels are the chosen base's, so
that presets, links and a switch of methods need not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import gradio as gr

from peft_demo.errors import PeftDemoError
from peft_demo.fields import Modules
from peft_demo.languages import _
from peft_demo.models import BASES, FAMILY, Architecture, Pretrained
from peft_demo.ui.downloads import told_meanwhile
from peft_demo.ui.html import problem, styled
from peft_demo.ui.requests import QUIET


def labelled(field: Modules, base_id: object) -> list[tuple[str, str]]:
    """A field's choices, each as the base calls it and as the form does.

    Where one module of the base does what several do elsewhere, it has the first one's name.
    """
    family, found = _family(base_id), dict[str, str]()
    for module in field.choices:
        for label in FAMILY.translated((module,), family):
            found.setdefault(label, module)
    return [*found.items()]


def in_form(field: Modules, value: Any, base_id: object) -> list[str]:
    """The form's names for modules that may have the base's."""
    family = _family(base_id)
    own = dict(labelled(field, base_id))
    names = [own.get(name, name) for name in value] if family != FAMILY else [*value]
    # What is no module at all is the field's to refuse.
    return [name for name in names if name in own.values() or name not in field.choices]


def choices() -> list[tuple[str, str]]:
    """The bases that there are, with their labels."""
    return [(_(row.label), row.id) for row in BASES.values()]


class AddedBases:
    """A line below the list of bases, in which an encoder of the Hub is named.

    Args:
        add: lets runs start from it.
    """

    def __init__(self, add: Callable[[str], Pretrained]) -> None:
        self._add = add
        self._repository = gr.Textbox(
            label=_("Another base model"),
            info=_(
                "An encoder of the Hugging Face Hub by its id, such as "
                "google-bert/bert-base-cased: BERT, RoBERTa, ALBERT, ELECTRA, MPNet, DeBERTa-v2 or "
                "ModernBERT. It is fetched and tried out, which may take minutes. Learning rates "
                "were measured on the built-in base; on another they are a start."
            ),
            max_lines=1,
            elem_id="add-base",
        )
        self._button = gr.Button(_("Add it"), size="sm", elem_id="add-base-button")
        self._problem = styled("", visible=False, elem_id="add-base-problem")

    def connect(self, control: Any, modules: Sequence[tuple[Modules, Any]]) -> Any:
        """Let it choose what was added, with the labels of its modules; answers the event then."""
        boxes = [box for _field, box in modules]

        def add(repository: str) -> Iterator[list[Any]]:
            yield from told_meanwhile(partial(added, repository), meanwhile)

        def meanwhile(told: str) -> list[Any]:
            shown = gr.update(value=told, visible=True)
            return [gr.skip(), gr.skip(), shown, *[gr.skip()] * len(boxes)]

        def added(repository: str) -> list[Any]:
            try:
                row = self._add(repository)
            except PeftDemoError as error:
                told = gr.update(value=problem(error), visible=True)
                return [gr.skip(), gr.skip(), told, *[gr.skip()] * len(boxes)]
            chosen = gr.update(choices=choices(), value=row.id)
            gone = gr.update(value="", visible=False)
            return [chosen, "", gone, *relabel(row.id)]

        def relabel(base_id: str) -> list[Any]:
            return [gr.update(choices=labelled(field, base_id)) for field, _box in modules]

        control.select(relabel, control, boxes, **QUIET)
        return self._button.click(
            add,
            self._repository,
            [control, self._repository, self._problem, *boxes],
            **QUIET,
        ).success


def _family(base_id: object) -> Architecture:
    row = BASES.get(base_id) if isinstance(base_id, str) else None
    return row.architecture if row else FAMILY
