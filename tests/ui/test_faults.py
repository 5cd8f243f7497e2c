"""Calls as they come over the wire, before our functions see them."""

import gradio as gr
from fastapi import FastAPI
from starlette.testclient import TestClient

from peft_demo.ui.faults import Blocks
from peft_demo.ui.signing import Signatures
from peft_demo.ui.visitors import Visitors


def test_what_a_raw_call_leaves_out_at_the_end_has_its_default(tmp_path):
    def said(text: str, times: int = 2, mark: str = "!") -> str:
        return text * times + mark

    with Blocks() as blocks:
        gr.api(said, api_name="said")
    site = FastAPI()
    site.add_middleware(Visitors, signatures=Signatures(tmp_path))
    with TestClient(gr.mount_gradio_app(site, blocks, "/"), "http://10.0.0.1") as client:

        def answer(*data):
            sent = client.post("/gradio_api/call/said", json={"data": data}).json()
            return client.get(f"/gradio_api/call/said/{sent['event_id']}").text

        assert 'data: ["ha?"]' in answer("ha", 1, "?")
        assert 'data: ["haha!"]' in answer("ha")
        assert "event: error" in answer()


def test_on_a_space_the_page_brings_no_header_that_fetches_fonts(monkeypatch):
    monkeypatch.setenv("SYSTEM", "spaces")
    monkeypatch.setenv("SPACE_ID", "somebody/demo")
    with gr.Blocks() as usual:
        pass
    with Blocks() as ours:
        pass
    assert usual.config["space_id"] == "somebody/demo"
    assert ours.config["space_id"] is None
