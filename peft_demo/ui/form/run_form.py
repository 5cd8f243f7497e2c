"""The form of a new run: every control derives from the fields of runs and METHODS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from peft_demo import data, models, runs
from peft_demo.errors import ConflictError, InvalidFieldsError
from peft_demo.fields import Field, Modules, Widget
from peft_demo.languages import _
from peft_demo.methods import METHODS
from peft_demo.methods.method import LAYERS
from peft_demo.runs import RunConfig
from peft_demo.runs.footprint import NOTHING
from peft_demo.runs.presets import ASSIGNMENT, PRESETS, preset
from peft_demo.runs.run_fields import method_field
from peft_demo.ui.class_form import ClassForm, stands_open
from peft_demo.ui.form import base_models
from peft_demo.ui.form.base_models import AddedBases
from peft_demo.ui.form.chosen_preset import RECOMMENDED, blocks_for, chosen_preset, values_of
from peft_demo.ui.form.data_sets import fewer_texts, fitting, learnable
from peft_demo.ui.form.fetching import FETCHED, fetch
from peft_demo.ui.html import render, styled
from peft_demo.ui.requests import QUIET, MethodId, Values, checked, problems_of, unchecked

if TYPE_CHECKING:
    from peft_demo.ui.changes import Changes


@dataclass(frozen=True)
class Slot:
    """Which setting a control holds: of all runs, or of the methods that have this field."""

    field: Field
    methods: frozenset[str] = frozenset()
    """Empty for what all runs have."""

    @property
    def element(self) -> str:
        """The id of its control in the page."""
        owner = [method_id for method_id in METHODS if method_id in self.methods][:1]
        return "-".join([*owner, self.field.name]).replace(".", "-")

    @property
    def is_plain(self) -> bool:
        """Whether it stands open: of a method's own settings one of its sizes."""
        return stands_open(self.field, (self.field,) if self.methods else ())

    def counts_for(self, method_id: object) -> bool:
        """Whether a run of this method has the setting; a client may name anything."""
        return not self.methods or method_id in list(self.methods)


class Form:
    """The controls of a new run, and the way from their values to a RunConfig.

    Methods with the very same field share its control, so that what was chosen there stays when
    the method is switched.
    """

    def __init__(self, defaults: dict[str, str], changes: Changes | None = None) -> None:
        """Draw the controls into the current Blocks.

        Args:
            defaults: values for fields whose default depends on the machine.
            changes: says what who fills it in may queue; None where nothing is queued.
        """
        self._changes = changes
        self._added: AddedBases | None = None
        first = next(iter(PRESETS))
        start = preset(first).config(**defaults, name="").flat() | {"name": ""}
        self.preset = gr.Dropdown(
            [
                (_(PRESETS[first].label), first),
                (_("Recommended for the method below"), RECOMMENDED),
                *((_(preset(name).label), name) for name in ASSIGNMENT),
            ],
            value=first,
            label=_("Preset"),
            info=_(PRESETS[first].help),
            elem_id="preset",
            filterable=False,
        )
        unchecked(self.preset)
        self.changed = styled("", elem_id="preset-changed")
        self._controls: dict[Slot, Any] = {}
        self._problems: dict[str, gr.HTML] = {}
        self.method = gr.Dropdown(
            [(f"{_(method.label)} ({method.year})", method.id) for method in METHODS.values()],
            value=start["method"],
            label=_(runs.METHOD.label),
            info=_(METHODS[start["method"]].summary),
            elem_id="method",
            filterable=True,
        )
        self._controls[Slot(runs.METHOD)] = unchecked(self.method)
        self._method_before = gr.Textbox(start["method"], visible=False)
        self.switched = styled("", elem_id="method-switched")
        common = (runs.LEARNING_RATE, *runs.run_fields(), runs.NAME)
        slots = [*own_slots(), *map(Slot, common)]
        for slot in slots:
            if slot.is_plain:
                self._draw(slot, start)
            if slot.field is runs.LEARNING_RATE:
                self.find = gr.Button(_("Find a learning rate"), size="sm", elem_id="find-rate")
        with gr.Accordion(_("More settings"), open=False, elem_id="more-settings"):
            for slot in sorted((slot for slot in slots if not slot.is_plain), key=_rareness):
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
        config = RunConfig(self._chosen(values))
        config.require_valid()
        return config

    def validate(
        self, *values: Any, kind: runs.RunKind = runs.RunKind.TRAINING
    ) -> list[dict[str, Any]]:
        """For each control, whether its value is allowed, and the sentence if not."""
        return self.told(
            values, problems_of(lambda: self.require_allowed([self.config(*values)], kind))
        )

    def told(self, values: Sequence[Any], problems: Mapping[str, str]) -> list[dict[str, Any]]:
        """Each sentence at its control, but for those that the class does not see."""
        method_id = self._chosen(values)["method"]
        limited = self.class_form
        return [
            gr.validate(
                not slot.counts_for(method_id)
                or slot.field.name not in problems
                or bool(limited and limited.hides(str(method_id), slot.field.name)),
                problems.get(slot.field.name, ""),
            )
            for slot in self.slots
        ]

    def require_allowed(
        self, configs: Sequence[RunConfig], kind: runs.RunKind = runs.RunKind.TRAINING
    ) -> None:
        """Refuse what who fills it in may not queue, or this machine has no memory for.

        See ``Changes``; whether there is room in the queue is not asked.

        Raises:
            InvalidFieldsError: with a sentence for each field.
        """
        for config in configs:
            config.require_startable(self._changes.measured(config) if self._changes else NOTHING)
        if self._changes:
            with suppress(ConflictError):
                self._changes.require_allowed(configs, kind)

    @property
    def class_form(self) -> ClassForm | None:
        """What the class's page leaves of it to who fills it in; None for all of it."""
        return self._changes.class_form if self._changes else None

    def bases(self) -> Any:
        """The list of bases as it is now: others may have been added since the page was drawn."""
        return gr.update(choices=base_models.choices())

    def fill(
        self, preset_id: str, method_id: MethodId, base: str, dataset: Any = None
    ) -> list[Any]:
        """Put a preset's values in, no more texts than there are; base, data and seed stay."""
        chosen = chosen_preset(preset_id, method_id)
        values = values_of(chosen, base)
        fewer = {} if "dataset" in values else fewer_texts(values, dataset)
        told = _("Fewer texts here: the data set has no more.") if fewer else ""
        info = f"{_(chosen.help)} {told}".rstrip()
        # The run is named after its settings, which will still change.
        return [gr.update(info=info), *self.show({**values, **fewer, "name": ""})]

    def changes(self, preset_id: str, *values: Any) -> str:
        """Which settings are no longer the preset's, in words; empty if all are."""
        try:
            now = self.config(*values).flat()
        except InvalidFieldsError:
            return ""  # said at its field
        told = values_of(chosen_preset(preset_id, now["method"]), now["base_model"])
        labels = {slot.field.name: _(slot.field.label) for slot in self.slots}
        labels["method"] = _(runs.METHOD.label)
        names = [name for name, value in told.items() if now.get(name, value) != value]
        return render("preset_changed", labels=[labels[name] for name in names])

    def show(self, values: Mapping[str, Any]) -> list[Any]:
        """Updates of all controls for a method and some values of its flat configuration."""
        fields = {slot.field.name: slot.field for slot in self.slots}
        written = {name: fields[name].written(value) for name, value in values.items()}
        return self._updates(values["method"], written)

    def _updates(self, method_id: str, written: Mapping[str, Any]) -> list[Any]:
        updates = []
        for slot in self.slots:
            changes: dict[str, Any] = {"visible": slot.counts_for(method_id)}
            if slot.field.name in written and changes["visible"]:
                changes["value"] = written[slot.field.name]
            if isinstance(slot.field, Modules) and (base := written.get("base_model")):
                changes["choices"] = base_models.labelled(slot.field, base)
                if "value" in changes:
                    changes["value"] = base_models.in_form(slot.field, changes["value"], base)
            if slot.field.name == "base_model":
                changes["choices"] = base_models.choices()
            if slot.field.name == "dataset" and "value" in changes:
                changes["choices"] = learnable(self._changes, changes["value"])
            if slot.field.name == "method":
                changes["info"] = _(METHODS[method_id].summary)
            updates.append(gr.update(**changes))
        return updates

    def follow(self, preset_id: str | None, method_id: MethodId, base: str, blocks: str) -> Any:
        """Put the preset's blocks of another base where its own stand; a user's stay."""
        found = blocks_for(preset_id or "", method_id, base, blocks)
        return gr.skip() if found is None else found

    def pick(self, event: gr.EventData, was: str, *values: Any) -> list[Any]:
        """Choose a method in the table of methods; see ``switch``."""
        picked = event._data if isinstance(event._data, dict) else {}
        method_id = str(picked.get("method"))
        if method_id not in METHODS:
            return [gr.skip()] * (len(self.inputs) + 1)
        return self.switch(was, *self._with(values, method=method_id))

    def switch(self, was: str, *values: Any) -> list[Any]:
        """Show a method's fields with its targets and its measured rate.

        Args:
            was: the method before.
            values: of all controls, with the new method.
        """
        method_id = str(method_field().check(self._chosen(values, "")["method"]))
        method = METHODS[method_id]
        loaded = {field.name: field.default for field in method.fields if field.is_list}
        loaded |= {"method": method_id, "learning_rate": method.learning_rate}
        if limited := self.class_form:
            loaded |= {**limited.kept(method_id), "method": method_id}
        before, after = self._chosen(values, was), self._chosen(values, method_id)
        fields = {slot.field.name: slot.field for slot in self.slots if slot.counts_for(method_id)}
        after |= {name: fields[name].written(value) for name, value in loaded.items()}
        names = [n for n in after if n != "method" and n in before and _differ(before[n], after[n])]
        undo = {"method": was, **{name: before[name] for name in names}}
        note = render("switched", labels=[_(fields[name].label) for name in names], undo=undo)
        return [note if was != method_id else "", *self.show(loaded)]

    def undo(self, values: Values) -> list[Any]:
        """Put back what ``switch`` changed, as it stood there, allowed or not."""
        method_id = str(method_field().check(values.get("method")))
        return ["", *self._updates(method_id, values)]

    def _draw(self, slot: Slot, start: Mapping[str, Any]) -> None:
        field = slot.field
        shown = slot.counts_for(start["method"])
        value = start[field.name] if shown else field.default
        control = _WIDGETS[field.widget](
            field,
            field.written(value),
            label=f"{_(field.label)} ({_(field.unit)})" if field.unit else _(field.label),
            info=_(field.help),
            elem_id=slot.element,
            visible=shown,
        )
        self._controls[slot] = unchecked(control)
        if field.name in FETCHED:
            place = f"{field.name}-problem".replace("_", "-")
            self._problems[field.name] = styled("", visible=False, elem_id=place)
        if field.name == "base_model" and self._changes:
            self._added = AddedBases(self._changes.add_base)

    @property
    def scales(self) -> dict[str, dict[str, Any]]:
        """What the sliders need to know, by the ids of their controls."""
        return {slot.element: slot.field.scale for slot in self.slots if slot.field.scale}

    def _chosen(self, values: Sequence[Any], method_id: str | None = None) -> dict[str, Any]:
        """The settings that count, by name: of all runs and of a method, or the chosen one."""
        pairs = list(zip(self.slots, values, strict=True))
        if method_id is None:
            method = next(value for slot, value in pairs if slot.field.name == "method")
            method_id = method if isinstance(method, str) else ""
        base = next((value for slot, value in pairs if slot.field.name == "base_model"), None)
        return {
            slot.field.name: base_models.in_form(slot.field, value, base)
            if isinstance(slot.field, Modules) and isinstance(value, list)
            else value
            for slot, value in pairs
            if slot.counts_for(method_id)
        }

    def _with(self, values: Sequence[Any], **changed: Any) -> list[Any]:
        pairs = zip(self.slots, values, strict=True)
        return [changed.get(slot.field.name, value) for slot, value in pairs]

    @property
    def switching(self) -> tuple[list[Any], list[Any]]:
        """Inputs and outputs of ``switch``."""
        return [self._method_before, *self.inputs], [self.switched, *self.inputs]

    def _connect(self) -> None:
        base = self.control("base_model")
        of_preset = [self.preset, self.method, base]
        of_name = [(slot.field.name, control) for slot, control in self._controls.items()]
        (blocks,) = (control for name, control in of_name if name == LAYERS.name)
        chosen_base = [base.select]
        if self._added:
            boxes = [
                (slot.field, control)
                for slot, control in self._controls.items()
                if isinstance(slot.field, Modules)
            ]
            chosen_base.append(self._added.connect(base, boxes))
        for event in chosen_base:
            event(checked(self.follow), [*of_preset, blocks], blocks, **QUIET)
        for name, load in FETCHED.items():
            control = self.control(name)
            # Not "input", which a dropdown sends a second time when it is left.
            control.select(
                partial(fetch, name, load),
                control,
                [control, self._problems[name]],
                concurrency_limit=8,
                api_visibility="private",
            )
        numbers = [self.control(name) for name in ("num_reviews", "num_test_reviews")]
        dataset = self.control("dataset")
        dataset.select(checked(fitting), [dataset, *numbers], numbers, **QUIET)
        # Also the one that is chosen already: then its values come back.
        self.preset.select(
            checked(self.fill),
            [*of_preset, dataset],
            [self.preset, *self.inputs],
            **QUIET,
        )
        self.method.select(self.switch, *self.switching, **QUIET)
        # By then a switch has been told the method before.
        self.method.change(lambda chosen: chosen, self.method, self._method_before, **QUIET)


def own_slots() -> list[Slot]:
    """The methods' own settings, each different field once; choices of modules come last."""
    owners: dict[Field, set[str]] = {}
    for method in METHODS.values():
        for field in method.fields:
            owners.setdefault(field, set()).add(method.id)
    slots = [Slot(field, frozenset(methods)) for field, methods in owners.items()]
    return sorted(slots, key=lambda slot: slot.field.widget == "checkboxes")


def _rareness(slot: Slot) -> tuple[bool, bool]:
    """Own settings that are not rare stand first, seeds of parts last: fewest look for them."""
    return slot.field.name in runs.PART_SEEDS, slot.field.is_rare or not slot.methods


def _differ(one: Any, other: Any) -> bool:
    """Whether two controls' values differ; a browser sends lists for tuples."""
    return [*one] != [*other] if isinstance(one, (list, tuple)) else str(one) != str(other)


def _dropdown(field: Any, value: Any, **common: Any) -> gr.Dropdown:
    labels = {row.id: _(row.label) for row in models.BASES.values()}
    labels |= {row.id: _(row.label) for row in data.DATASETS.values()}
    choices = [(labels.get(choice, choice), choice) for choice in field.choices]
    return gr.Dropdown(choices, value=value, filterable=False, **common)


_WIDGETS: dict[Widget, Callable[..., Any]] = {
    "slider": lambda field, value, **common: gr.Number(value, step=field.step, **common),
    "number": lambda _, value, **common: gr.Number(value, precision=0, **common),
    "text": lambda _, value, **common: gr.Textbox(value, max_lines=1, **common),
    "dropdown": _dropdown,
    "checkbox": lambda _, value, **common: gr.Checkbox(value, **common),
    "checkboxes": lambda field, value, **common: gr.CheckboxGroup(
        list(field.choices), value=list(value), **common
    ),
}
