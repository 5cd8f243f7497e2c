"""The form's part for several runs at once: repeats, swept fields, races."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import gradio as gr
import pydantic

from peft_demo import formats, runs
from peft_demo.comparison import confounding
from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Field
from peft_demo.languages import _, gettext_noop
from peft_demo.runs import sweeps
from peft_demo.runs.questions import Question
from peft_demo.runs.sweeps import Plan
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.form.suggested import chip, suggested
from peft_demo.ui.formats import duration
from peft_demo.ui.html import refused, render, styled
from peft_demo.ui.requests import QUIET, MethodId, checked, problems_of, unchecked
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from peft_demo.runs import RunConfig

MOST_NAMED = 8
"""Runs that are named before they are queued."""

QUEUE = gettext_noop("Queue them all")

TYPED = gettext_noop("Choose or type values, each with Enter.")

Chips: TypeAlias = Annotated[
    list[str] | None, pydantic.Field(description="a list of values, each as a text")
]


def empty() -> str:
    """What stands there before anything is asked for."""
    return render("no_sweep")


class SweepForm:
    """The controls, and the way from them to a Plan."""

    def __init__(self, services: Services, form: Form) -> None:
        """Draw the controls into the current Blocks."""
        self._services = services
        self._form = form
        first = str(form.method.value)
        self.place = gr.Accordion(_("Repeats, sweeps and races"), open=False, elem_id="several")
        with self.place:
            self._repeats = gr.Number(
                1,
                label=_(sweeps.REPEATS.label),
                info=_(sweeps.REPEATS.help),
                elem_id="repeats",
            )
            unchecked(self._repeats)
            self._told = [_place("repeats")]
            self._axes = [self._axis(number, first) for number in range(sweeps.MOST_AXES)]
            self._race = gr.Checkbox(
                False,
                label=_("Race"),
                info=_(
                    "Lets up to %(count)s runs train in turns, so that their curves grow together; "
                    "each gets the numbers that it has alone."
                )
                % {"count": sweeps.MOST_RACERS},
                elem_id="race",
            )
            self._told.append(_place("race"))
            count = styled(empty(), elem_id="sweep-count")
            self.button = gr.Button(_(QUEUE), elem_id="queue-all")
        self.described: list[Any] = [count, self.button, *self._told]
        """The outputs of ``describe``."""
        self.inputs: list[Any] = [
            self._repeats,
            *(control for axis in self._axes for control in axis),
            self._race,
        ]
        form.method.change(
            checked(self._offer),
            [form.method, *(field for field, _ in self._axes)],
            [field for field, _ in self._axes],
            **QUIET,
        )
        for field, values in self._axes:
            field.input(checked(self._explain), [form.method, field, values], values, **QUIET)
            values.input(checked(self._parted), [form.method, field, values], values, **QUIET)

    def fill(self, asked: Question) -> list[Any]:
        """Updates of all controls for the runs that answer a question."""
        swept = [
            (name, _offered(_field(asked.method, name), value=list(map(chip, values))))
            for name, values in asked.axes.items()
        ]
        unused = [("", _offered(None, value=[]))] * (sweeps.MOST_AXES - len(swept))
        return [
            asked.repeats,
            *(part for pair in (*swept, *unused) for part in pair),
            asked.is_race,
        ]

    def plan(self, *values: Any) -> Plan:
        """What the controls of both forms ask for.

        Raises:
            InvalidFieldsError: see sweeps.plan.
        """
        own, rest = values[: len(self.inputs)], values[len(self.inputs) :]
        repeats, *pairs, race = own
        config = self._form.config(*rest)
        axes: dict[str, list[str]] = {}
        for name, chips in zip(map(_name, pairs[::2]), pairs[1::2], strict=True):
            if name and name in axes:
                raise InvalidFieldsError(
                    {name: _("%(name)s must be swept once, got it twice.") % {"name": name}}
                )
            if name:
                axes[name] = _parts(_field(config.method, name), chips)
        planned = sweeps.plan(config.flat(), axes, repeats=repeats, race=bool(race))
        if len(planned.configs) < 2:
            raise InvalidFieldsError(
                {"repeats": _("repeats must be at least 2 where no field is swept, got 1.")}
            )
        return planned

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """For each control of both forms, whether its value is allowed, and the sentence if not."""
        own, rest = values[: len(self.inputs)], values[len(self.inputs) :]
        if at_form := problems_of(lambda: self._form.config(*rest)):
            return [*self._answers(own, {}), *self._form.told(rest, at_form)]
        at_form, here = self._problems(values)
        return [*self._answers(own, here), *self._form.told(rest, at_form)]

    def _problems(self, values: Sequence[Any]) -> tuple[dict[str, str], dict[str, str]]:
        """What is wrong with the plan: sentences for the form's own fields, and for those here."""
        if here := problems_of(lambda: self.plan(*values)):
            return {}, here
        found = problems_of(lambda: self._form.require_allowed(self.plan(*values).configs))
        here = {n: found.pop(n) for n in ("repeats", *map(_name, values[1:4:2])) if n in found}
        return found, here

    def describe(self, *values: Any) -> list[Any]:
        """How many runs these are and how long they take, on the button too; see ``described``.

        What is not allowed stands at its control, and then the button cannot be pressed.
        """
        if not self._is_used(values):
            return self._shown(empty())
        if wrong := problems_of(lambda: self._form.config(*values[len(self.inputs) :])):
            return self._shown(refused(wrong.values()))
        at_form, here = self._problems(values)
        if at_form or here:
            own = self._answers(values[: len(self.inputs)], here)
            # Of an axis, its values: what is wrong with it is told there.
            at = [own[0], *own[2:-1:2], own[-1]]
            told = [refused([answer["message"]]) if answer["message"] else "" for answer in at]
            return self._shown(refused(at_form.values()) if at_form else "", told=told)
        return self._shown(*self._planned(self.plan(*values).configs))

    def _planned(self, configs: Sequence[RunConfig]) -> tuple[str, str]:
        """What is told of runs before they are queued, and what the button says."""
        from peft_demo.adapters.forecast import forecast, total_seconds

        parameters = [forecast(config, ()).counts.num_adapter_parameters for config in configs]
        least, most = min(parameters), max(parameters)
        subjects = [
            confounding.Subject(str(number), config.name, config, parameters[number])
            for number, config in enumerate(configs)
        ]
        expected = total_seconds(configs, self._services.known_runs())
        told = render(
            "planned",
            count=len(configs),
            parameters=f" {_('to')} ".join(map(formats.whole, sorted({least, most}))),
            time=duration(expected),
            names=[config.name for config in configs],
            most=MOST_NAMED,
            confounded=confounding.confounded(subjects),
        )
        about = expected and formats.about(math.prod(expected) ** 0.5)
        queue = _("Queue %(count)s runs") % {"count": len(configs)}
        time = about and _("about") + f" {about}"
        return told, f"{queue} · {time}" if time else queue

    def _shown(self, count: str, button: str = "", told: Iterable[str] = ()) -> list[Any]:
        told = [*told] or [""] * len(self._told)
        return [count, gr.update(value=button or _(QUEUE), interactive=not any(told)), *told]

    def _axis(self, number: int, method: str) -> tuple[Any, Any]:
        with gr.Row(elem_classes="pd-axis"):
            field = gr.Dropdown(
                _choices(method),
                value="",
                label=_("Sweep") if number == 0 else _("and"),
                info=_("A field that takes several values."),
                elem_id=f"sweep-field-{number + 1}",
            )
            values = gr.Dropdown(
                [],
                value=[],
                multiselect=True,
                allow_custom_value=True,
                label=_("over"),
                info=_(TYPED),
                elem_id=f"sweep-values-{number + 1}",
            )
        self._told.append(_place(f"sweep-{number + 1}"))
        return unchecked(field), unchecked(values)

    def _offer(self, method: MethodId, first: str | None, second: str | None) -> list[Any]:
        """The fields of another method; what was chosen stays if it has it."""
        choices = _choices(method)
        known = {value for _, value in choices}
        return [
            gr.update(choices=choices, value=name if name in known else "")
            for name in (first, second)
        ]

    def _explain(self, method: MethodId, name: str | None, chips: Chips) -> Any:
        """Offer the values of another field; those of the one before are none of its.

        Where there were none nothing is emptied: by now somebody may have typed some.
        """
        emptied: dict[str, Any] = {"value": []} if chips else {}
        return _offered(_field(method, _name(name)), **emptied)

    def _parted(self, method: MethodId, name: str | None, chips: Chips) -> Any:
        """A chip for each value, where several were typed or pasted at once."""
        parts = _parts(_field(method, _name(name)), chips)
        # What is right already is left alone: the next value may have been typed since.
        return gr.skip() if parts == chips else gr.update(value=parts)

    def _is_used(self, values: Sequence[Any]) -> bool:
        repeats, *pairs, _ = values[: len(self.inputs)]
        return repeats != 1 or any(pairs[::2])

    def _answers(self, own: Sequence[Any], problems: Mapping[str, str]) -> list[dict[str, Any]]:
        """Each sentence at the control that it is about; what is about none, at the repeats."""
        _, *pairs, _ = own
        at = {name: place for place, name in enumerate(map(_name, pairs[::2])) if name}
        boxes: list[list[str]] = [[] for _ in range(sweeps.MOST_AXES)]
        repeats, race = [], []
        for name, sentence in problems.items():
            if name == "race":
                race.append(sentence)
            elif name in at or (at and name != "repeats"):
                boxes[at.get(name, min(at.values()))].append(sentence)
            else:
                repeats.append(sentence)
        told = [repeats, *(sentences for box in boxes for sentences in ([], box)), race]
        return [gr.validate(not sentences, " ".join(sentences)) for sentences in told]


def _name(chosen: object) -> str:
    """The field that is chosen to be swept; empty if none is."""
    return str(chosen or "")


def _field(method: str, name: str) -> Field | None:
    """The field of that name that can be swept."""
    return next((field for field in sweeps.sweepable(method) if field.name == name), None)


def _offered(field: Field | None, **more: Any) -> Any:
    """An update of an axis's values: what its field offers, and what may be typed."""
    if field is None:
        return gr.update(choices=[], info=_(TYPED), **more)
    is_method = field.name == runs.METHOD.name
    allowed = _("Choose several.") if is_method else f"{field.swept}. {_(TYPED)}"
    return gr.update(choices=suggested(field), info=allowed, **more)


def _parts(field: Field | None, chips: Sequence[str] | None) -> list[str]:
    """The values in chips, of which one may hold several; "19,000" is one."""
    parts: list[str] = []
    for text in chips or ():
        mark = field.separator if field else ","
        is_one = field is None or (mark == "," and not problems_of(partial(field.check, text)))
        parts += [text] if is_one else [part.strip() for part in text.split(mark) if part.strip()]
    return list(dict.fromkeys(parts))


def _place(name: str) -> gr.HTML:
    """Where it stands what is wrong with a control."""
    return styled("", elem_id=f"{name}-told", elem_classes="pd-told")


def _choices(method: str) -> list[tuple[str, str]]:
    fields = sorted(sweeps.sweepable(method), key=lambda field: field.is_rare)
    return [(_("nothing"), ""), *((_(field.label), field.name) for field in fields)]
