"""What the current choice means before it is trained: counts, the method in words, a drawing."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import gradio as gr
from latex2mathml import converter

from peft_demo.comparison.describe import written
from peft_demo.errors import InvalidFieldsError
from peft_demo.formats import number, part, score, size, typed, whole
from peft_demo.languages import _
from peft_demo.methods import METHODS, UNSUPPORTED, Method, measured_rates
from peft_demo.methods.scale import scale_of
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs import RunConfig, links
from peft_demo.ui.browser_code import calling
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.formats import duration, from_to
from peft_demo.ui.html import refused, render, styled
from peft_demo.ui.learn.prose import glossed
from peft_demo.ui.pages.page import Frame, Page
from peft_demo.ui.requests import QUIET

if TYPE_CHECKING:
    from peft_demo.adapters.forecast import Forecast
    from peft_demo.adapters.parameter_count import ParameterCount


class MethodPage(Page):
    """Draws what the form's values mean, and follows them live."""

    label = "Method"
    tab_id = "method-tab"
    has_form = True
    is_drawn_at_once = True  # so that it follows the form while another tab is open

    def draw(self, frame: Frame) -> None:
        """See Page."""
        self._about = styled(render("waiting"), elem_id="about")
        styled(gallery(), elem_id="gallery")

    def connect(self, frame: Frame) -> None:
        """See Page."""
        form, several, search = frame.sidebar.form, frame.sidebar.several, frame.sidebar.search
        frame.header.picked(form.pick, *form.switching, **QUIET)
        live = [*several.inputs, *search.inputs, *form.inputs]
        beside = len(several.inputs), len(several.inputs) + len(search.inputs)

        def follow(preset: str, *values: Any) -> list[Any]:
            swept, searched, own = values[: beside[0]], values[slice(*beside)], values[beside[1] :]
            counted, described = self.render(form, *own)
            changes = form.changes(preset, *own)
            told = [*several.describe(*swept, *own), *search.describe(*searched, *own)]
            return [counted, described, changes, *told]

        gr.on(
            [frame.blocks.load, *(control.change for control in live)],
            follow,
            [form.preset, *live],
            [frame.sidebar.brief, self._about, form.changed, *several.described, *search.described],
            trigger_mode="always_last",
            concurrency_limit=8,
            **QUIET,
        ).then(None, js=f"() => {calling('previewed()')}")

    def render(self, form: Form, *values: Any) -> tuple[str, str]:
        """The line of counts in the form, and the method's page."""
        try:
            config = form.config(*values)
        except InvalidFieldsError as error:
            return refused(error.problems.values(), "pd-brief"), gr.skip()
        from peft_demo.adapters.forecast import forecast
        from peft_demo.ui.drawing import draw, draw_to_scale

        known = forecast(config, self._services.known_runs())
        method = METHODS[config.method]
        drawn = draw(known.counts, method.label)
        scaled = draw_to_scale(method, config.method_values, known.counts, config.setting.base)
        return brief(config, known), glossed(page(config, known, drawn, scaled))[0]


def brief(config: RunConfig, known: Forecast) -> str:
    """The counts in a few lines, for the form; carries the configuration's link."""
    return render(
        "brief",
        link=links.to_link(config),
        named=config.summary,
        rate=typed(METHODS[config.method].learning_rate),
        scale=_scale(config),
        counts=known.counts,
        share=part(known.counts.share_of_base),
        file=_file(METHODS[config.method], known.counts),
        optimizer=size(known.counts.optimizer_bytes),
        steps=config.max_steps,
        seconds=known.seconds and from_to(known.seconds),
        time=duration(known.seconds),
        memory=size(known.memory_bytes),
        warning=known.warning,
        elsewhere=_elsewhere(config),
    )


def page(config: RunConfig, known: Forecast, drawing: str, scaled: str) -> str:
    """The page about the chosen method: drawings, idea, formula, paper, counts, fields, rates."""
    method, counts = METHODS[config.method], known.counts
    tiles = (
        (whole(counts.num_adapter_parameters), _("adapter parameters")),
        (whole(counts.num_head_parameters), _("head parameters, trained with every method")),
        (
            part(counts.share_of_base),
            _("of the base's %(count)s parameters") % {"count": whole(counts.num_base_parameters)},
        ),
        (_file(method, counts), _("file on disk, head included")),
        (size(counts.optimizer_bytes), _("memory of the optimiser (AdamW: two numbers for each)")),
        (duration(known.seconds), _("to expect, by this machine's own runs so far")),
        (size(known.memory_bytes), _memory_told(known.memory_runs)),
    )
    values = config.method_values
    return render(
        "method",
        drawing=drawing,
        scaled=scaled,
        method=method,
        formula=formula(method.formula),
        tiles=tiles,
        fields=[
            (field, written(values[field.name]))
            for field in method.fields
            if not field.is_rare or values[field.name] != field.default
        ],
        rare=[
            (field, written(values[field.name]))
            for field in method.fields
            if field.is_rare and values[field.name] == field.default
        ],
        rungs=_rungs(method),
        learning_rate=number(config.learning_rate),
        warning=known.warning,
        protocol=" ".join(filter(None, (_protocol(), _elsewhere(config)))),
    )


def _elsewhere(config: RunConfig) -> str:
    """That no rate was measured on a configuration's base, where that is so."""
    if config.base_model == BUILTIN_BASE:
        return ""
    return _("Learning rates were measured on the built-in base; on this one they are a start.")


def gallery() -> str:
    """All methods, and greyed those of peft that are not offered, each with the reason."""
    rows = []
    for method in METHODS.values():
        best = measured_rates.best_rate(method.id)
        run = measured_rates.ladder(method.id)[best] if best else None
        rows.append((method, number(best) if best else "", run))
    return render("gallery", rows=rows, protocol=_protocol(), unsupported=UNSUPPORTED)


@lru_cache(maxsize=256)
def formula(latex: str) -> str:
    """A formula as MathML, which browsers draw and read aloud by themselves."""
    return converter.convert(latex, display="block")


def _rungs(method: Method) -> list[dict[str, Any]]:
    """The learning rates that were tried, and what came of each."""
    best = measured_rates.best_rate(method.id)
    return [
        {"rate": number(rate), "is_best": rate == best, "losses": _losses(method, rate), "run": run}
        for rate, run in measured_rates.ladder(method.id).items()
    ]


def _losses(method: Method, rate: float) -> str:
    """Validation losses of a rate's seeds, the first seed's first."""
    mine = [
        run for run in measured_rates.runs() if (run.method, run.learning_rate) == (method.id, rate)
    ]
    losses = (run.eval_loss for run in sorted(mine, key=lambda run: run.seed))
    return " · ".join(_("diverged") if each is None else score(each) for each in losses)


def _protocol() -> str:
    if not measured_rates.runs():
        return ""
    run = measured_rates.runs()[0]
    return _(
        "Measured with default fields on %(texts)s built-in reviews of %(tokens)s tokens, "
        "%(epochs)s epoch, %(steps)s steps; accuracy on %(tests)s test reviews with its 95 %% "
        "Wilson interval. The lowest mean validation loss decides; leading rates got a second seed."
    ) % {
        "texts": whole(run.config["num_reviews"]),
        "tokens": run.config["max_length"],
        "epochs": run.config["num_train_epochs"],
        "steps": run.steps,
        "tests": whole(run.num_test_reviews or 0),
    }


def _scale(config: RunConfig) -> str:
    """What an update is multiplied by, with its formula; empty if that is nothing."""
    known = scale_of(METHODS[config.method], config.method_values)
    return f"{known.formula} = {number(known.value)}" if known else ""


def _file(method: Method, counts: ParameterCount) -> str:
    stored = size(counts.file_bytes)
    return f"{_('at most')} {stored}" if method.shrinks else stored


def _memory_told(num_runs: int) -> str:
    told = _("memory that a program which trains it takes at most")
    if not num_runs:
        return told
    measured = _("measured on runs here: %(count)s") % {"count": whole(num_runs)}
    return f"{told} ({measured})"
