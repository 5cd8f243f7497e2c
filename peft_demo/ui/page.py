"""The page: header, the form in the sidebar, and the tabs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import plotly

from peft_demo import models
from peft_demo.errors import PeftDemoError
from peft_demo.runs import RunKind
from peft_demo.ui.api import add_endpoints
from peft_demo.ui.faults import Blocks
from peft_demo.ui.form.run_form import Form
from peft_demo.ui.form.sweep_form import SweepForm
from peft_demo.ui.form.transfer import Transfer, code_of
from peft_demo.ui.owners import acting, digest, issue
from peft_demo.ui.pages.board import Board
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.method import WAITING, Preview, gallery
from peft_demo.ui.pages.review import ReviewPage
from peft_demo.ui.requests import (
    Anything,
    OptionalText,
    Rate,
    Text,
    checked,
    of_event,
    page_function,
)
from peft_demo.ui.services import Services

TITLE = "PEFT Demo"
ASSETS = Path(__file__).parent / "assets"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

_WHEN_READY = """
const go = () => window.PeftDemo ? %s : setTimeout(go, 30);
go();
"""

_START = (
    "(PeftDemo.start(element, server, () => trigger('finished'), "
    "(rate) => trigger('rated', { rate })), "
    "PeftCompare.start(server, (review) => trigger('opened', review)))"
)

_PICK = "PeftConfiguration.gallery(element, (method) => trigger('picked', { method }))"

HEADER = f"""
<header class="pd-header">
  <div><h1>{TITLE}</h1><p>See what a fine-tuning choice does, on movie reviews</p></div>
  <div class="pd-header-side">
    <span class="pd-models" role="status" data-state="loading">Loading the models …</span>
    <button type="button" class="pd-button pd-theme">Dark or light</button>
  </div>
</header>
<p class="pd-problem pd-store-problem" role="alert" hidden></p>
<div class="pd-announce" role="status" aria-live="polite"></div>
"""

BOARD = "<div class='pd-board'></div>"
TABLE = "<div class='pd-runs'></div>"
COMPARE = "<div class='pd-compare'></div>"


def build(services: Services) -> gr.Blocks:
    """The whole page; nothing is started yet."""
    gr.set_static_paths([ASSETS, PLOTLY.parent])
    board, comparing = Board(services), ComparePage(services)

    def code(kind: Text, run_id: OptionalText = None, link: OptionalText = None) -> str:
        return code_of(services.store, kind, run_id, link)

    def owner_digest(owner: Anything = None) -> str:
        return digest(acting(owner))

    with Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        # The owner's id lives in the browser; key and secret are fixed so that it outlives us.
        owner = gr.BrowserState("", storage_key="peft-demo-owner", secret="peft-demo")
        header = gr.HTML(
            HEADER,
            js_on_load=_WHEN_READY % _START,
            server_functions=[
                *board.functions(),
                *comparing.functions(),
                page_function(code),
                page_function(owner_digest),
            ],
            elem_id="header",
            apply_default_css=False,
        )
        with gr.Sidebar(width=350, elem_id="sidebar"):
            gr.HTML("<h2>New run</h2>", apply_default_css=False)
            form = Form({"base_model": models.default_base()})
            several = SweepForm(services, form)
            transfer = Transfer(form)
            with gr.Column(elem_id="start-bar"):
                brief = gr.HTML(WAITING, elem_id="brief", apply_default_css=False)
                start = gr.Button("Start training", variant="primary", elem_id="start")
                message = gr.HTML("", elem_id="start-message", apply_default_css=False)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Training", id="training"):
                _own_html(BOARD, "PeftDemo.board(element)")
            # Drawn at once, so that it follows the form while another tab is open.
            with gr.Tab("Method", id="method-tab", render_children=True):
                about = gr.HTML(WAITING, elem_id="about", apply_default_css=False)
                methods = gr.HTML(
                    gallery(),
                    js_on_load=_WHEN_READY % _PICK,
                    elem_id="gallery",
                    apply_default_css=False,
                )
            with gr.Tab("Runs", id="runs"):
                _own_html(TABLE, "PeftRunsTable.show(element)")
            with gr.Tab("Compare", id="compare-tab"):
                _own_html(COMPARE, "PeftCompare.page(element)")
            with gr.Tab("Review", id="review-tab"):
                review = ReviewPage(services, owner)

        def submit(kind: RunKind, who: str, *values: Any) -> str:
            try:
                run = services.engine.submit(form.config(*values), acting(who), kind)
            except PeftDemoError as error:
                raise gr.Error(str(error), duration=None, print_exception=False) from error
            return f"<p class='pd-quiet' role='status'>{run.run_id} was put into the queue.</p>"

        for button, kind in ((start, RunKind.TRAINING), (form.find, RunKind.RANGE_TEST)):
            button.click(
                partial(submit, kind),
                [owner, *form.inputs],
                message,
                validator=lambda who, *values: [gr.validate(True, ""), *form.validate(*values)],
                show_progress="hidden",
                concurrency_limit=8,
                api_visibility="private",
            ).success(None, js="() => PeftDemo.submitted()")

        def submit_all(who: str, *values: Any) -> str:
            try:
                group, queued = services.engine.submit_plan(several.plan(*values), acting(who))
            except PeftDemoError as error:
                raise gr.Error(str(error), duration=None, print_exception=False) from error
            return (
                f"<p class='pd-quiet' role='status'>{len(queued)} runs were put into the queue. "
                f"<button type='button' class='pd-button' data-open-group='{group.group_id}'>"
                "Watch them together</button></p>"
            )

        several.button.click(
            submit_all,
            [owner, *several.inputs, *form.inputs],
            message,
            validator=lambda who, *values: [gr.validate(True, ""), *several.validate(*values)],
            show_progress="hidden",
            concurrency_limit=8,
            api_visibility="private",
        ).success(None, js="() => PeftDemo.submitted()")
        methods.picked(
            form.pick,
            [form.control("name"), form.control("learning_rate")],
            form.inputs,
            show_progress="hidden",
            api_visibility="private",
        )
        preview = Preview(services, form)
        live = [*several.inputs, *form.inputs]

        def follow(*values: Any) -> tuple[str, str, str]:
            counted, described = preview.render(*values[len(several.inputs) :])
            return counted, described, several.describe(*values)

        gr.on(
            [page.load, *(control.change for control in live)],
            follow,
            live,
            [brief, about, several.count],
            show_progress="hidden",
            trigger_mode="always_last",
            concurrency_limit=8,
            api_visibility="private",
        ).then(None, js="() => PeftDemo.previewed()")
        page.load(
            transfer.from_link,
            None,
            [transfer.notes, *form.inputs],
            show_progress="hidden",
            api_visibility="private",
        )
        header.rated(
            of_event(_rate),
            None,
            form.control("learning_rate"),
            show_progress="hidden",
            api_visibility="private",
        )
        header.finished(
            checked(review.refresh),
            review.run_ids,
            review.run_ids,
            show_progress="hidden",
            api_visibility="private",
        )
        comparing.connect(header, review)
        page.load(
            issue,
            owner,
            owner,
            show_progress="hidden",
            api_visibility="private",
        ).then(None, owner, None, js="(who) => PeftRunsTable.setOwner(who)")
        add_endpoints(services)
    return page


def _own_html(html: str, script: str) -> gr.HTML:
    """HTML that our own script fills, in our own style."""
    return gr.HTML(html, js_on_load=_WHEN_READY % script, apply_default_css=False)


def head() -> str:
    """The page's own scripts, served by itself: nothing is fetched from elsewhere."""
    scripts = (
        "charts.js",
        "format.js",
        "comparison_charts.js",
        "comparison_tables.js",
        "configuration.js",
        "run_actions.js",
        "runs_table.js",
        "compare.js",
        "peft_demo.js",
    )
    sources = (*(ASSETS / script for script in scripts), PLOTLY)
    return "".join(f'<script defer src="gradio_api/file={path}"></script>' for path in sources)


def _rate(rate: Rate) -> str:
    """The rate that a range test suggested, as the form shows it."""
    return f"{rate:g}"
