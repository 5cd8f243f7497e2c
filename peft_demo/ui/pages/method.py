"""What the current choice means before it is trained: counts, the method in words, a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr
from latex2mathml import converter

from peft_demo.errors import InvalidFieldsError, PeftDemoError
from peft_demo.methods import METHODS, UNSUPPORTED, Method, measured_rates
from peft_demo.runs import Run, RunConfig, links
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.services import Services

if TYPE_CHECKING:
    from peft_demo.adapters.forecast import Forecast
    from peft_demo.adapters.parameter_count import ParameterCount

WAITING = "<p class='pd-quiet'>Counting begins when the models are loaded …</p>"


class Preview:
    """Draws what the form's values mean, and follows them live."""

    def __init__(self, services: Services, form: Form) -> None:
        self._services = services
        self._form = form
        self._runs: tuple[int, list[Run]] = (-1, [])

    def render(self, *values: Any) -> tuple[str, str]:
        """The line of counts in the form, and the method's page."""
        try:
            config = self._form.config(*values)
        except InvalidFieldsError as error:
            problems = "".join(f"<p>{escape(text)}</p>" for text in error.problems.values())
            return f"<div class='pd-brief pd-refused'>{problems}</div>", gr.skip()
        from peft_demo.adapters.forecast import forecast
        from peft_demo.ui.drawing import draw

        known = forecast(config, self._finished())
        drawn = draw(known.counts, METHODS[config.method].label)
        return brief(config, known), page(config, known, drawn)

    def _finished(self) -> list[Run]:
        store = self._services.store
        try:
            if store.version != self._runs[0]:
                self._runs = (store.version, store.runs())
        except PeftDemoError:
            return []  # the page's header says what is wrong with the store
        return self._runs[1]


def brief(config: RunConfig, known: Forecast) -> str:
    """The counts in a few lines, for the form; carries the configuration's link."""
    method, counts = METHODS[config.method], known.counts
    warned = ""
    if known.warning:
        warned = f"<p class='pd-warning' role='status'>{escape(known.warning)}</p>"
    return (
        f"<div class='pd-brief' data-link='{escape(links.to_link(config))}'>"
        f"<p><b>{counts.num_adapter_parameters:,}</b> adapter + "
        f"<b>{counts.num_head_parameters:,}</b> head parameters</p>"
        f"<p>{_share(counts)} of the base · {_file(method, counts)} file</p>"
        f"<p>Optimiser {_bytes(counts.optimizer_bytes)} · {config.max_steps:,} steps · "
        f"{duration(known.seconds)}</p>"
        f"{warned}</div>"
    )


def page(config: RunConfig, known: Forecast, drawing: str) -> str:
    """The page about the chosen method: drawing, idea, formula, paper, counts, fields, rates."""
    method, counts = METHODS[config.method], known.counts
    tiles = (
        (f"{counts.num_adapter_parameters:,}", "adapter parameters"),
        (f"{counts.num_head_parameters:,}", "head parameters, trained with every method"),
        (_share(counts), f"of the base's {counts.num_base_parameters:,} parameters"),
        (_file(method, counts), "file on disk, head included"),
        (_bytes(counts.optimizer_bytes), "memory of the optimiser (AdamW: two numbers for each)"),
        (duration(known.seconds), "for training, by this machine's own runs so far"),
    )
    drawn = "".join(
        f"<div class='pd-tile'><b>{escape(value)}</b><span>{escape(text)}</span></div>"
        for value, text in tiles
    )
    return (
        f"<div class='pd-method'><figure class='pd-panel pd-drawing'>{drawing}</figure>"
        f"<div class='pd-method-text'>{_words(method)}"
        f"<section class='pd-counts' aria-label='Counts'>{drawn}</section>"
        f"{_fields(method, config.method_values)}"
        f"{_ladder(method, config.learning_rate, known.warning)}"
        "</div></div>"
    )


def gallery() -> str:
    """All methods, and greyed those of peft that are not offered, each with the reason."""
    rows = "".join(_gallery_row(method) for method in METHODS.values())
    others = "".join(
        f"<li aria-disabled='true'><b>{escape(other.label)}</b> {escape(other.reason)}</li>"
        for other in UNSUPPORTED
    )
    return (
        "<section class='pd-panel'><h2>All methods <span class='pd-quiet'>press one to choose it"
        "</span></h2><div class='pd-scroll'><table class='pd-gallery'><thead><tr>"
        "<th scope='col'>Method</th><th scope='col'>Idea</th>"
        "<th scope='col' class='pd-wide'>Adapter parameters</th>"
        "<th scope='col' class='pd-wide'>Learning rate</th>"
        "<th scope='col' class='pd-wide'>Test accuracy</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
        f"<p class='pd-quiet'>{escape(_protocol())}</p></section>"
        "<section class='pd-panel pd-unsupported'><h2>Not offered <span class='pd-quiet'>what else "
        f"peft has, and why it is not here</span></h2><ul>{others}</ul></section>"
    )


def _gallery_row(method: Method) -> str:
    best = measured_rates.best_rate(method.id)
    run = measured_rates.ladder(method.id)[best] if best else None
    return (
        f"<tr><th scope='row'><button type='button' class='pd-pick' data-method='{method.id}'>"
        f"{escape(method.label)}</button> <small>{method.year}</small></th>"
        f"<td>{escape(method.summary)}</td>"
        f"<td class='pd-wide'>{_number(run.num_adapter_parameters if run else None)}</td>"
        f"<td class='pd-wide'>{f'{best:g}' if best else '–'}</td>"
        f"<td class='pd-wide'>{_accuracy(run)}</td></tr>"
    )


def _words(method: Method) -> str:
    note = f"<p class='pd-quiet'>{escape(method.note)}</p>" if method.note else ""
    return (
        f"<section class='pd-panel'><h2>{escape(method.label)}</h2>"
        f"<p>{escape(method.summary)}</p><div class='pd-formula'>{formula(method.formula)}</div>"
        f"<p class='pd-quiet'><a href='{escape(method.paper_url)}' target='_blank' "
        f"rel='noopener noreferrer'>{escape(method.paper)}</a> ({method.year})</p>{note}</section>"
    )


@lru_cache(maxsize=256)
def formula(latex: str) -> str:
    """A formula as MathML, which browsers draw and read aloud by themselves."""
    return converter.convert(latex, display="block")


def _fields(method: Method, values: Mapping[str, Any]) -> str:
    if not method.fields:
        return ""
    rows = "".join(
        f"<div><dt>{escape(field.label)} <b>{escape(_value(values[field.name]))}</b></dt>"
        f"<dd>{escape(field.help)}</dd></div>"
        for field in method.fields
    )
    return f"<section class='pd-panel'><h2>What each field does</h2><dl>{rows}</dl></section>"


def _ladder(method: Method, learning_rate: float, warning: str) -> str:
    rungs = measured_rates.ladder(method.id)
    best = measured_rates.best_rate(method.id)
    if not rungs:
        return ""
    rows = "".join(
        f"<tr{' class=pd-best' if rate == best else ''}><th scope='row'>{rate:g}"
        f"{' <small>did best</small>' if rate == best else ''}</th>"
        f"<td>{_losses(method, rate)}</td><td>{_accuracy(run)}</td></tr>"
        for rate, run in rungs.items()
    )
    said = f"<p class='pd-warning'>{escape(warning)}</p>" if warning else ""
    return (
        "<section class='pd-panel'><h2>Learning rates that were tried "
        f"<span class='pd-quiet'>yours is {learning_rate:g}</span></h2>{said}"
        "<table class='pd-ladder'><thead><tr><th scope='col'>Learning rate</th>"
        "<th scope='col'>Validation loss</th><th scope='col'>Test accuracy</th></tr></thead>"
        f"<tbody>{rows}</tbody></table><p class='pd-quiet'>{escape(_protocol())}</p></section>"
    )


def _losses(method: Method, rate: float) -> str:
    """Validation losses of a rate's seeds, the first seed's first."""
    mine = [
        run for run in measured_rates.runs() if (run.method, run.learning_rate) == (method.id, rate)
    ]
    losses = (run.eval_loss for run in sorted(mine, key=lambda run: run.seed))
    return " · ".join("diverged" if loss is None else f"{loss:.3f}" for loss in losses)


def _protocol() -> str:
    if not measured_rates.runs():
        return ""
    run = measured_rates.runs()[0]
    return (
        f"Measured with default fields on {run.config['num_reviews']:,} built-in reviews of "
        f"{run.config['max_length']} tokens, {run.config['num_train_epochs']} epoch, "
        f"{run.steps} steps; accuracy on {run.num_test_reviews or 0:,} test reviews with its 95 % "
        "Wilson interval. The lowest mean validation loss decides; leading rates got a second seed."
    )


def _accuracy(run: measured_rates.TunedRun | None) -> str:
    if run is None or run.test_accuracy is None or run.test_interval is None:
        return "–"
    low, high = run.test_interval
    return f"{100 * run.test_accuracy:.1f} %<small>{100 * low:.1f} to {100 * high:.1f} %</small>"


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _value(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else f"{value}"


def _share(counts: ParameterCount) -> str:
    share = 100 * counts.share_of_base
    return f"{share:.2f} %" if share >= 0.01 or share == 0 else f"{share:.4f} %"


def _file(method: Method, counts: ParameterCount) -> str:
    size = _bytes(counts.file_bytes)
    return f"at most {size}" if method.shrinks else size


def _bytes(number: float) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{max(1, round(number / 1e3))} kB"


def duration(expected: tuple[float, float] | None) -> str:
    """A range of seconds in words."""
    if expected is None:
        return "time unknown yet"
    low, high = (_time(seconds) for seconds in expected)
    return low if low == high else f"{low} to {high}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
