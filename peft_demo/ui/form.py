"""The form of a new run: every control derives from the fields of runs and METHODS."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from peft_demo import runs
from peft_demo.errors import InvalidFieldsError, NotFoundError, PeftDemoError
from peft_demo.fields import Field
from peft_demo.methods import METHODS
from peft_demo.presets import PRESETS, preset
from peft_demo.runs import RunConfig

PLAIN = ("learning_rate", "num_train_epochs", "num_reviews", "max_length")
"""Fields that stand open; the others wait in "More settings"."""


class Form:
    """The controls of a new run, and the way from their values to a RunConfig."""

    def __init__(self, defaults: dict[str, str]) -> None:
        """Draw the controls into the current Blocks.

        Args:
            defaults: values for fields whose default depends on the machine.
        """
        first = next(iter(PRESETS))
        start = preset(first).config(**defaults).flat()
        self.preset = gr.Dropdown(
            [(p.label, p.id) for p in PRESETS.values()],
            value=first,
            label="Preset",
            info=PRESETS[first].help,
            elem_id="preset",
            filterable=False,
        )
        self.name = gr.Textbox(
            start["name"], label=runs.NAME.label, info=runs.NAME.help, elem_id="name", max_lines=1
        )
        self.method = gr.Dropdown(
            [(method.label, method.id) for method in METHODS.values()],
            value=start["method"],
            label=runs.METHOD.label,
            info=METHODS[start["method"]].summary,
            elem_id="method",
            filterable=False,
        )
        self._groups: dict[str, gr.Group] = {}
        self._own: dict[str, dict[str, Any]] = {}
        for method in METHODS.values():
            with gr.Group(visible=method.id == start["method"]) as group:
                self._own[method.id] = {
                    field.name: _control(
                        field,
                        start[field.name] if method.id == start["method"] else field.default,
                        f"{method.id}-{field.name}",
                    )
                    for field in method.fields
                }
            self._groups[method.id] = group
        common = (runs.LEARNING_RATE, *runs.RUN_FIELDS)
        self._common: dict[str, Any] = {}
        with gr.Group():
            for field in common:
                if field.name in PLAIN:
                    self._common[field.name] = _control(field, start[field.name], field.name)
        with gr.Accordion("More settings", open=False, elem_id="more-settings"):
            for field in common:
                if field.name not in PLAIN:
                    self._common[field.name] = _control(field, start[field.name], field.name)
        self.inputs: list[Any] = [
            self.name,
            self.method,
            *self._common.values(),
            *(control for own in self._own.values() for control in own.values()),
        ]
        self._connect()

    def config(self, *values: Any) -> RunConfig:
        """The configuration that the controls' values say.

        Raises:
            InvalidFieldsError: see RunConfig.
        """
        return RunConfig({name: value for (_, name), value in self._chosen(values)})

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """For each control, whether its value is allowed, and the sentence if not."""
        problems: dict[str, str] = {}
        try:
            self.config(*values)
        except InvalidFieldsError as error:
            problems = error.problems
        chosen = {key for key, _ in self._chosen(values)}
        return [
            gr.validate(key not in chosen or key[1] not in problems, problems.get(key[1], ""))
            for key in self.keys
        ]

    @property
    def keys(self) -> list[tuple[str, str]]:
        """(method, field) of each input; the method is empty for fields that all runs have."""
        common = [("", "name"), ("", "method"), *(("", name) for name in self._common)]
        return [*common, *((m, name) for m, own in self._own.items() for name in own)]

    def _chosen(self, values: tuple[Any, ...]) -> list[tuple[tuple[str, str], Any]]:
        """The inputs that count: those of all runs and of the chosen method."""
        pairs = list(zip(self.keys, values, strict=True))
        method = dict(pairs)["", "method"]
        return [(key, value) for key, value in pairs if key[0] in ("", method)]

    def _connect(self) -> None:
        groups = list(self._groups.values())
        for name, load in (("base_model", _load_base), ("dataset", _load_reviews)):
            # Not "input", which a dropdown sends a second time when it is left.
            self._common[name].select(
                partial(_fetch, name, load),
                self._common[name],
                self._common[name],
                show_progress="full",
                concurrency_limit=8,
                api_visibility="private",
            )
        self.preset.input(
            self.fill,
            self.preset,
            [self.preset, *self.inputs, *groups],
            show_progress="hidden",
            api_visibility="private",
        )
        self.method.input(
            self.switch,
            [self.method, self._common["learning_rate"]],
            [self.method, self._common["learning_rate"], *groups],
            show_progress="hidden",
            api_visibility="private",
        )

    def fill(self, preset_id: str) -> list[Any]:
        """Put a preset's values into the form; base, data set and seed stay as they are."""
        try:
            chosen = preset(preset_id)
        except NotFoundError as error:
            raise gr.Error(str(error)) from error
        values = chosen.config().flat()
        kept = {"base_model", "dataset", "seed"} - set(chosen.values)
        updates: list[Any] = [gr.update(info=chosen.help)]
        for method_id, name in self.keys:
            if method_id not in ("", values["method"]) or name in kept:
                updates.append(gr.skip())
            elif name == "method":
                updates.append(gr.update(value=values["method"], info=self._summary(values)))
            else:
                updates.append(gr.update(value=_shown(name, values[name])))
        return [*updates, *self._visibility(values["method"])]

    def switch(self, method_id: str, learning_rate: str) -> list[Any]:
        """Show a method's fields, and its learning rate unless the user typed one himself."""
        method = METHODS[method_id]
        recommended = {_shown("learning_rate", m.learning_rate) for m in METHODS.values()}
        rate = gr.skip()
        if learning_rate in recommended:
            rate = gr.update(value=_shown("learning_rate", method.learning_rate))
        return [gr.update(info=method.summary), rate, *self._visibility(method_id)]

    def _visibility(self, method_id: str) -> list[Any]:
        return [gr.update(visible=own == method_id) for own in self._groups]

    @staticmethod
    def _summary(values: dict[str, Any]) -> str:
        return METHODS[values["method"]].summary


def _fetch(name: str, load: Callable[[str], object], chosen: str) -> Any:
    """Load a base or data set as soon as it is chosen; where it cannot be had, say so and go back.

    It may have to come from the Hub, which is better known before a run waits for it.
    """
    field = next(field for field in runs.RUN_FIELDS if field.name == name)
    try:
        load(chosen)
    except PeftDemoError as error:
        gr.Warning(str(error), duration=None)
        return gr.update(value=field.default, info=f"{error} {field.help}")
    return gr.update(info=field.help)


def _load_base(base_id: str) -> None:
    from peft_demo import bases

    bases.load(base_id)


def _load_reviews(dataset: str) -> None:
    from peft_demo import reviews

    reviews.load(dataset)


def _control(field: Field, value: Any, elem_id: str) -> Any:
    """The Gradio control of one field."""
    unit = f" ({field.unit})" if field.unit else ""
    common: dict[str, Any] = {
        "label": field.label + unit,
        "info": field.help,
        "elem_id": elem_id.replace(".", "-"),
    }
    if field.kind == "choice":
        labels = {**runs.BASE_MODELS, **runs.DATASETS}
        choices = [(labels.get(choice, choice), choice) for choice in field.choices]
        return gr.Dropdown(choices, value=value, filterable=False, **common)
    if field.kind == "modules":
        return gr.CheckboxGroup(list(field.choices), value=list(value), **common)
    if field.kind == "number" and field.widget == "box":
        # A text box, because 2e-5 is how such numbers are written.
        return gr.Textbox(_shown(field.name, value), max_lines=1, **common)
    if field.widget == "box":
        return gr.Number(value, precision=0, **common)
    slider = gr.Slider(field.minimum or 0, field.maximum or 1, value, step=field.step, **common)
    # The field's own check speaks, and its sentence then stands beside the slider.
    slider.preprocess = lambda payload: payload  # type: ignore[method-assign]
    return slider


def _shown(name: str, value: Any) -> Any:
    return f"{value:g}" if name == "learning_rate" else value
