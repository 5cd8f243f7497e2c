"""The form's part for several runs at once: repeats, swept fields, races."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from peft_demo import formats, runs
from peft_demo.errors import InvalidFieldsError
from peft_demo.runs import sweeps
from peft_demo.runs.questions import Question
from peft_demo.runs.sweeps import Plan
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.formats import duration
from peft_demo.ui.html import refused, render, styled
from peft_demo.ui.requests import QUIET, MethodId, checked, problems_of, unchecked
from peft_demo.ui.services import Services

EMPTY = (
    "<p class='pd-quiet'>Choose repeats or a field to sweep: here stands how many runs that makes "
    "and how long they take.</p>"
)


class SweepForm:
    """The controls, and the way from them to a Plan."""

    def __init__(self, services: Services, form: Form) -> None:
        """Draw the controls into the current Blocks."""
        self._services = services
        self._form = form
        first = str(form.method.value)
        self.place = gr.Accordion("Repeats, sweeps and races", open=False, elem_id="several")
        with self.place:
            self._repeats = gr.Number(
                1,
                label=sweeps.REPEATS.label,
                info=sweeps.REPEATS.help,
                elem_id="repeats",
            )
            unchecked(self._repeats)
            self._axes = [self._axis(number, first) for number in range(sweeps.MOST_AXES)]
            self._race = gr.Checkbox(
                False,
                label="Race",
                info=f"Lets up to {sweeps.MOST_RACERS} runs train in turns, so that their curves "
                "grow together; each gets the numbers that it has alone.",
                elem_id="race",
            )
            self.count = styled(EMPTY, elem_id="sweep-count")
            self.button = gr.Button("Queue them all", elem_id="queue-all")
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
            field.input(checked(self._explain), [form.method, field], values, **QUIET)

    def fill(self, asked: Question) -> list[Any]:
        """Updates of all controls for the runs that answer a question."""
        swept = [
            (name, ", ".join(map(formats.number, values))) for name, values in asked.axes.items()
        ]
        unused = [("", "")] * (sweeps.MOST_AXES - len(swept))
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
        axes = {}
        for name, text in zip(map(_name, pairs[::2]), pairs[1::2], strict=True):
            if name and name in axes:
                raise InvalidFieldsError({name: f"{name} must be swept once, got it twice."})
            if name:
                axes[name] = text or ""
        config = self._form.config(*rest)
        planned = sweeps.plan(config.flat(), axes, repeats=repeats, race=bool(race))
        if len(planned.configs) < 2:
            raise InvalidFieldsError(
                {"repeats": "repeats must be at least 2 where no field is swept, got 1."}
            )
        return planned

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """For each control of both forms, whether its value is allowed, and the sentence if not."""
        own, rest = values[: len(self.inputs)], values[len(self.inputs) :]
        answers = self._form.validate(*rest)
        is_valid = all(answer["is_valid"] for answer in answers)
        problems = problems_of(lambda: self.plan(*values)) if is_valid else {}
        return [*self._answers(own, problems), *answers]

    def describe(self, *values: Any) -> str:
        """How many runs these are, what they train and how long that takes."""
        if not self._is_used(values):
            return EMPTY
        try:
            planned = self.plan(*values)
        except InvalidFieldsError as error:
            return refused(error.problems.values())
        from peft_demo.adapters.forecast import forecast, total_seconds

        parameters = [
            forecast(config, ()).counts.num_adapter_parameters for config in planned.configs
        ]
        least, most = min(parameters), max(parameters)
        each = " to ".join(map(formats.whole, sorted({least, most})))
        return render(
            "planned",
            count=len(planned.configs),
            parameters=each,
            time=duration(total_seconds(planned.configs, self._services.known_runs())),
            names=[config.name for config in planned.configs[:3]],
        )

    def _axis(self, number: int, method: str) -> tuple[Any, Any]:
        with gr.Row(elem_classes="pd-axis"):
            field = gr.Dropdown(
                _choices(method),
                value="",
                label="Sweep" if number == 0 else "and",
                info="A field that takes several values.",
                elem_id=f"sweep-field-{number + 1}",
            )
            values = gr.Textbox(
                label="over",
                info="Its values, parted by commas.",
                max_lines=1,
                elem_id=f"sweep-values-{number + 1}",
            )
        return unchecked(field), values

    def _offer(self, method: MethodId, first: str | None, second: str | None) -> list[Any]:
        """The fields of another method; what was chosen stays if it has it."""
        choices = _choices(method)
        known = {value for _, value in choices}
        return [
            gr.update(choices=choices, value=name if name in known else "")
            for name in (first, second)
        ]

    def _explain(self, method: MethodId, name: str | None) -> Any:
        field = next((f for f in sweeps.sweepable(method) if f.name == name), None)
        if field is None:
            return gr.update(info="Its values, parted by commas.")
        allowed = "Their ids" if name == runs.METHOD.name else field.swept
        return gr.update(info=f"{allowed}; such as {field.example}.")

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


def _choices(method: str) -> list[tuple[str, str]]:
    fields = sorted(sweeps.sweepable(method), key=lambda field: field.is_rare)
    return [("nothing", ""), *((field.label, field.name) for field in fields)]
