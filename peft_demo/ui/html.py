"""HTML from templates, in which every text is escaped unless it says that it is markup."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gradio as gr

from peft_demo.languages import told
from peft_demo.templating import environment
from peft_demo.ui.browser_code import calling
from peft_demo.ui.formats import FILTERS

_environment = environment(Path(__file__).parent / "templates")
_environment.filters |= FILTERS
_plain = _environment.overlay(autoescape=False)


def render(name: str, **facts: object) -> str:
    """A template of ``templates/`` with these facts; one that it lacks is an error."""
    return _environment.get_template(f"{name}.html").render(facts)


def data(name: str, **facts: object) -> Any:
    """What a template that reads as JSON makes of these facts; it escapes nothing by itself."""
    return json.loads(_plain.get_template(f"{name}.json").render(facts))


def defined(name: str, what: str) -> Any:
    """What a template sets under a name."""
    return getattr(_environment.get_template(f"{name}.html").module, what)


def styled(markup: str, **more: Any) -> gr.HTML:
    """HTML in our own style."""
    return gr.HTML(markup, apply_default_css=False, **more)


def scripted(markup: str, script: str, **more: Any) -> gr.HTML:
    """HTML that our own script works on, once that is loaded."""
    return styled(markup, js_on_load=calling(script), **more)


def problem(sentence: object) -> str:
    """Why something was not done."""
    return render("problem", sentence=told(str(sentence)))


def refused(problems: Iterable[str], kind: str = "") -> str:
    """Sentences about fields whose values are not allowed, where an outcome would stand."""
    return render("refused", problems=problems, kind=kind)
