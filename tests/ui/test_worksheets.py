"""Worksheets at their addresses."""

from starlette.applications import Starlette
from starlette.testclient import TestClient

from peft_demo.lessons import LESSONS
from peft_demo.ui.learn import worksheets


def test_a_worksheet_is_a_page_and_a_wrong_address_is_told():
    browser = TestClient(Starlette(routes=[worksheets.route()]))
    found = browser.get("/worksheets/rank")
    assert found.headers["content-type"].startswith("text/html")
    assert LESSONS["rank"].title in found.text
    missing = browser.get("/worksheets/none")
    assert missing.status_code == 404
    assert missing.text.startswith("lesson must be one of better")
