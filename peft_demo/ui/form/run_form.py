"""The form of a new run: every control derives from the fields of runs and METHODS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from peft_demo import data, models, runs
from peft_demo.errors import PeftDemoError
from peft_demo.fields import Field, Widget
from peft_demo.methods import METHODS
from peft_demo.runs import RunConfig
from peft_demo.runs.presets import ASSIGNMENT, PRESETS, preset, recommended_id
from peft_demo.ui.html import problem, styled
from peft_demo.ui.requests import QUIET, MethodId, checked, problems_of, unchecked

PLAIN = ("learning_rate", "num_train_epochs", "num_reviews", "max_length")
"""Fields that stand open; the others wait in "More settings", rare ones of methods too."""

_FETCHED: dict[str, Callable[[str], object]] = {
    "base_model": models.load,
    "dataset": data.load,
}
"""Fields whose choice is loaded at once."""

RECOMMENDED = "recommended"
"""The preset that gives the chosen method what suits it."""


@dataclass(frozen=True)
class Slot:
    """Which setting a control holds: of all runs, or of the methods that have this field."""

    field: Field
    methods: frozenset[str] = frozenset()
    """Empty for what all runs have."""

    def counts_for(self, method_id: str) -> bool:
        """Whether a run of this method has the setting."""
        return not self.methods or method_id in self.methods


class Form:
    """The controls of a new run, and the way from their values to a RunConfig.

    Methods with the very same field share its control, so that what was chosen there stays when
    the method is switched.
    """

    def __init__(self, defaults: dict[str, str]) -> None:
        """Draw the controls into the current Blocks.

        Args:
            defaults: values for fields whose default depends on the machine.
        """
        first = next(iter(PRESETS))
        start = preset(first).config(**defaults).flat()
        self.preset = gr.Dropdown(
            [
                (PRESETS[first].label, first),
                ("Recommended for the method below", RECOMMENDED),
                *((preset(name).label, name) for name in ASSIGNMENT),
            ],
            value=first,
            label="Preset",
            info=PRESETS[first].help,
            elem_id="preset",
            filterable=False,
        )
        unchecked(self.preset)
        self._controls: dict[Slot, Any] = {}
        self._problems: dict[str, gr.HTML] = {}
        self._draw(Slot(runs.NAME), start)
        self.method = gr.Dropdown(
            [(f"{method.label} ({method.year})", method.id) for method in METHODS.values()],
            value=start["method"],
            label=runs.METHOD.label,
            info=METHODS[start["method"]].summary,
            elem_id="method",
            filterable=True,
        )
        self._controls[Slot(runs.METHOD)] = unchecked(self.method)
        own = own_slots()
        with gr.Group():
            for slot in own:
                if not slot.field.is_rare:
                    self._draw(slot, start)
        common = [Slot(field) for field in (runs.LEARNING_RATE, *runs.run_fields())]
        with gr.Group():
            for slot in common:
                if slot.field.name in PLAIN:
                    self._draw(slot, start)
                if slot.field is runs.LEARNING_RATE:
                    self.find = gr.Button("Find a learning rate", size="sm", elem_id="find-rate")
        with gr.Accordion("More settings", open=False, elem_id="more-settings"):
            more = [slot for slot in common if slot.field.name not in PLAIN]
            rare = [slot for slot in own if slot.field.is_rare]
            # The seeds of parts stand last: fewest look for them.
            for slot in sorted([*more, *rare], key=lambda slot: slot.field.name in runs.PART_SEEDS):
                self._draw(slot, start)
        self.slots = tuple(self._controls)
        self.inputs: list[Any] = list(self._controls.values())
        self._connect()

    def control(self, name: str) -> Any:
        """The control of a setting that all runs have."""
        return next(
            c for slot, c in self._controls.items() if slot.field.name == name and not slot.methods
        )

    @property
    def problems(self) -> list[gr.HTML]:
        """Where it says why a base or data set cannot be had."""
        return list(self._problems.values())

    def config(self, *values: Any) -> RunConfig:
        """The configuration that the controls' values say.

        Raises:
            InvalidFieldsError: it is not allowed, or not on this machine; see RunConfig.
        """
        config = RunConfig({slot.field.name: value for slot, value in self._chosen(values)})
        config.require_valid()
        return config

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """For each control, whether its value is allowed, and the sentence if not."""
        problems = problems_of(lambda: self.config(*values))
        chosen = {slot for slot, _ in self._chosen(values)}
        return [
            gr.validate(
                slot not in chosen or slot.field.name not in problems,
                problems.get(slot.field.name, ""),
            )
            for slot in self.slots
        ]

    def fill(self, preset_id: str, method_id: MethodId) -> list[Any]:
        """Put a preset's values into the form; base, data set and seed stay as they are."""
        is_recommended = preset_id == RECOMMENDED
        chosen = preset(recommended_id(method_id) if is_recommended else preset_id)
        values = chosen.config().flat()
        for name in {"base_model", "dataset", "seed"} - set(chosen.values):
            del values[name]
        if is_recommended:  # named after its settings, which will still change
            del values["name"]
        return [gr.update(info=chosen.help), *self.show(values)]

    def show(self, values: Mapping[str, Any]) -> list[Any]:
        """Updates of all controls for a method and some values of its flat configuration."""
        method_id = values["method"]
        updates = []
        for slot in self.slots:
            changes: dict[str, Any] = {"visible": slot.counts_for(method_id)}
            if slot.field.name in values and changes["visible"]:
                changes["value"] = slot.field.written(values[slot.field.name])
            if slot.field.name == "method":
                changes["info"] = METHODS[method_id].summary
            updates.append(gr.update(**changes))
        return updates

    def pick(self, name: str, learning_rate: str, event: gr.EventData) -> list[Any]:
        """Choose a method in the table of methods."""
        picked = event._data if isinstance(event._data, dict) else {}
        method_id = str(picked.get("method"))
        if method_id not in METHODS:
            return [gr.skip()] * len(self.inputs)
        return self.switch(method_id, name, learning_rate)

    def switch(self, method_id: MethodId, name: str, learning_rate: str) -> list[Any]:
        """Show a method's fields; name and rate follow unless the user typed them himself."""
        values: dict[str, Any] = {"method": method_id}
        rates = {runs.LEARNING_RATE.written(m.learning_rate) for m in METHODS.values()}
        if learning_rate in rates:
            values["learning_rate"] = METHODS[method_id].learning_rate
        if name in {p.label for p in PRESETS.values()}:
            values["name"] = ""  # a preset's name would belie the other method
        return self.show(values)

    def _draw(self, slot: Slot, start: Mapping[str, Any]) -> None:
        field = slot.field
        shown = slot.counts_for(start["method"])
        value = start[field.name] if shown else field.default
        owner = [method_id for method_id in METHODS if method_id in slot.methods][:1]
        control = _WIDGETS[field.widget](
            field,
            field.written(value),
            label=f"{field.label} ({field.unit})" if field.unit else field.label,
            info=field.help,
            elem_id="-".join([*owner, field.name]).replace(".", "-"),
            visible=shown,
        )
        self._controls[slot] = unchecked(control)
        if field.name in _FETCHED:
            place = f"{field.name}-problem".replace("_", "-")
            self._problems[field.name] = styled("", visible=False, elem_id=place)

    def _chosen(self, values: tuple[Any, ...]) -> list[tuple[Slot, Any]]:
        """The settings that count: those of all runs and of the chosen method."""
        pairs = list(zip(self.slots, values, strict=True))
        method = next(value for slot, value in pairs if slot.field.name == "method")
        method_id = method if isinstance(method, str) else ""
        return [(slot, value) for slot, value in pairs if slot.counts_for(method_id)]

    def _connect(self) -> None:
        for name, load in _FETCHED.items():
            control = self.control(name)
            # Not "input", which a dropdown sends a second time when it is left.
            control.select(
                partial(_fetch, name, load),
                control,
                [control, self._problems[name]],
                concurrency_limit=8,
                api_visibility="private",
            )
        self.preset.input(
            checked(self.fill),
            [self.preset, self.method],
            [self.preset, *self.inputs],
            **QUIET,
        )
        self.method.select(
            checked(self.switch),
            [self.method, self.control("name"), self.control("learning_rate")],
            self.inputs,
            **QUIET,
        )


def own_slots() -> list[Slot]:
    """The methods' own settings, each different field once; choices of modules come last."""
    owners: dict[Field, set[str]] = {}
    for method in METHODS.values():
        for field in method.fields:
            owners.setdefault(field, set()).add(method.id)
    slots = [Slot(field, frozenset(methods)) for field, methods in owners.items()]
    return sorted(slots, key=lambda slot: slot.field.widget == "checkboxes")


def _fetch(name: str, load: Callable[[str], object], chosen: str) -> list[Any]:
    """Load a base or data set as soon as it is chosen; where it cannot be had, say so and go back.

    It may have to come from the Hub, which is better known before a run waits for it. Answers for
    the control and the place of its sentence.
    """
    field = runs.run_field(name)
    try:
        load(str(field.check(chosen)))
    except PeftDemoError as error:
        return [gr.update(value=field.default), gr.update(value=problem(error), visible=True)]
    return [gr.skip(), gr.update(value="", visible=False)]


def _dropdown(field: Any, value: Any, **common: Any) -> gr.Dropdown:
    labels = {row.id: row.label for row in models.BASES.values()}
    labels |= {row.id: row.label for row in data.DATASETS.values()}
    choices = [(labels.get(choice, choice), choice) for choice in field.choices]
    return gr.Dropdown(choices, value=value, filterable=False, **common)


_WIDGETS: dict[Widget, Callable[..., Any]] = {
    "slider": lambda field, value, **common: gr.Slider(
        field.minimum, field.maximum, value, step=field.step, **common
    ),
    "number": lambda _, value, **common: gr.Number(value, precision=0, **common),
    "text": lambda _, value, **common: gr.Textbox(value, max_lines=1, **common),
    "dropdown": _dropdown,
    "checkbox": lambda _, value, **common: gr.Checkbox(value, **common),
    "checkboxes": lambda field, value, **common: gr.CheckboxGroup(
        list(field.choices), value=list(value), **common
    ),
}
