"""The page: the bar, the tabs in it, what they show, and the form beside it."""

from __future__ import annotations

import gradio as gr

from peft_demo import settings
from peft_demo.formats import typed
from peft_demo.languages import NAMES, SOURCE, _, language
from peft_demo.lessons.glossary import glossary
from peft_demo.ui import accounts, gpu_visits
from peft_demo.ui.api import add_endpoints
from peft_demo.ui.data_api import add_data_endpoints
from peft_demo.ui.faults import Blocks
from peft_demo.ui.form.sidebar import Sidebar
from peft_demo.ui.html import render, scripted, styled
from peft_demo.ui.lab_api import add_lab_endpoints
from peft_demo.ui.pages.board import Board
from peft_demo.ui.pages.compare import ComparePage
from peft_demo.ui.pages.data import DataPage
from peft_demo.ui.pages.learn import LearnPage
from peft_demo.ui.pages.method import MethodPage
from peft_demo.ui.pages.page import Frame
from peft_demo.ui.pages.review import ReviewPage
from peft_demo.ui.pages.runs import RunsPage
from peft_demo.ui.qr import qr_code
from peft_demo.ui.requests import QUIET, forgets, of_event, page_function
from peft_demo.ui.search_api import add_search_endpoints
from peft_demo.ui.services import Services
from peft_demo.ui.uploads import DAY
from peft_demo.ui.weights_api import add_weights_endpoints
from peft_demo.ui.you import You

PAGES = (
    Board,
    MethodPage,
    RunsPage,
    ComparePage,
    ReviewPage,
    DataPage,
    LearnPage,
)
"""The tabs in their order."""

TITLE = "PEFT Demo"

HOUR = 3600
"""In seconds."""

# Gradio looks for the names of events between quotes.
_EVENTS = ", ".join(
    f"{name}: (data) => trigger('{name}', data)"
    for name in (
        "finished",
        "rated",
        "again",
        "challenged",
        "mixed",
        "left",
        "turned",
        "asked",
        "undone",
        "opened",
        "picked",
        "recalled",
        "looked",
        "reviewed",
        "taught",
    )
)


def placeholder() -> str:
    """What stands for the page until it is drawn."""
    return render("first_paint", title=TITLE, tabs=[_(page.label) for page in PAGES])


def build(services: Services) -> gr.Blocks:
    """The whole page; nothing is started yet."""
    pages = [page(services) for page in PAGES]
    functions = [function for page in pages for function in page.functions()]
    functions += [page_function(qr_code), *You(services).functions()]
    with Blocks(
        title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(HOUR, DAY)
    ) as blocks:
        header = scripted(
            render(
                "header",
                title=TITLE,
                with_form=[p.tab_id for p in PAGES if p.has_form],
                languages=NAMES,
                current=language(),
                source=SOURCE,
                space=settings.space(),
                is_kept=settings.bucket() is not None,
            ),
            f"start(element, server, {{{_EVENTS}}})",
            server_functions=functions,
            elem_id="header",
        )
        styled(render("learn/panel", terms=glossary()), elem_id="lesson")
        accounts.draw()
        sidebar = Sidebar(services)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
            frame = Frame(blocks, header, sidebar, tabs)
            for page in pages:
                with gr.Tab(
                    _(page.label),
                    id=page.tab_id,
                    elem_id=f"tab-{page.tab_id}",  # gives the tab and its panel their roles
                    render_children=page.is_drawn_at_once,
                ):
                    page.draw(frame)
        frame.sidebar.place.render()
        for page in pages:
            page.connect(frame)
        form, transfer = frame.sidebar.form, frame.sidebar.transfer
        blocks.load(transfer.from_link, None, [transfer.notes, *form.inputs], **QUIET)
        blocks.load(form.bases, None, form.control("base_model"), **QUIET)
        refilled = [frame.sidebar.message, *form.inputs]
        for event in (header.again, header.asked):
            forgets(event, *transfer.outcomes)
        header.again(of_event(transfer.from_query), None, refilled, **QUIET)
        header.asked(of_event(frame.sidebar.ask), None, frame.sidebar.asked, **QUIET)
        header.undone(of_event(form.undo), None, [form.switched, *form.inputs], **QUIET)
        header.rated(of_event(_rate), None, form.control("learning_rate"), **QUIET)
        gpu_visits.draw(services)
        if language() == SOURCE:
            add_endpoints(services)
            add_data_endpoints(services)
            add_lab_endpoints(services)
            add_search_endpoints(services)
            add_weights_endpoints(services)
    return blocks


def _rate(rate: float) -> str:
    """The rate that a range test suggested, as the form shows it."""
    return typed(rate)
