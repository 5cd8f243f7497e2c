"""The whole server in a test's own process: page, endpoints and who is let in."""

from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.testclient import TestClient

from peft_demo.ui.page import build
from peft_demo.ui.server import options_of
from peft_demo.ui.services import Services


def whole_server(services: Services) -> tuple[Any, TestClient]:
    """The page and a client on the machine itself, to be entered before it asks."""
    page = build(services)
    site = FastAPI()
    gr.mount_gradio_app(site, page, "/", **options_of(services))
    return page, TestClient(site, "http://localhost", client=("127.0.0.1", 5))
