"""Calls as they come over the wire, before our functions see them."""

import json
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.testclient import TestClient

from peft_demo.errors import InvalidFieldsError
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


def test_no_folder_leaves_the_machine_but_for_its_user_and_that_of_a_download(home):
    text = f"<p>{home}/run-000003: No space left on {Path.cwd()}/data.csv</p>"
    file = {"path": f"{home}/report.html", "meta": {"_type": "gradio.FileData"}}

    def said() -> tuple[str, Any, Any]:
        return text, {"within": [text]}, file

    def refused() -> str:
        raise InvalidFieldsError({"file": f"file must be another than {home}."})

    with Blocks() as blocks:
        gr.api(said, api_name="said")
        gr.api(refused, api_name="refused")
    site = FastAPI()
    site.add_middleware(Visitors, signatures=Signatures(home))
    with TestClient(
        gr.mount_gradio_app(site, blocks, "/"), "http://localhost", client=("127.0.0.1", 5)
    ) as client:

        def answers(name, **headers):
            sent = client.post(f"/gradio_api/call/{name}", json={"data": []}, headers=headers)
            told = client.get(f"/gradio_api/call/{name}/{sent.json()['event_id']}", headers=headers)
            return json.loads(told.text.partition("data: ")[2])

        told, within, given = answers("said")
        assert (told, within["within"], given["path"]) == (text, [text], file["path"])
        assert str(home) in str(answers("refused"))
        signed = Signatures(home).sign("somebody", "token")
        elsewhere = {"x-forwarded-for": "10.0.0.1", "authorization": f"Bearer {signed}"}
        told, within, given = answers("said", **elsewhere)
        assert told == "<p>PEFT_DEMO_HOME/run-000003: No space left on …/data.csv</p>"
        assert (within["within"], given["path"]) == ([told], file["path"])
        assert "must be another than PEFT_DEMO_HOME." in str(answers("refused", **elsewhere))


def test_on_a_space_the_page_brings_no_header_that_fetches_fonts(monkeypatch):
    monkeypatch.setenv("SYSTEM", "spaces")
    monkeypatch.setenv("SPACE_ID", "somebody/demo")
    with gr.Blocks() as usual:
        pass
    with Blocks() as ours:
        pass
    assert usual.config["space_id"] == "somebody/demo"
    assert ours.config["space_id"] is None
