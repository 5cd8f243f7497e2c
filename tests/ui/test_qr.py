"""The QR code of an address."""

import json

from peft_demo.runs import links
from peft_demo.ui.qr import qr_code
from peft_demo.ui.requests import page_function


def test_an_address_becomes_a_picture_that_any_colours_leave_readable():
    svg = qr_code("http://192.0.2.7:7860/?method=lora&r=64")
    assert "<svg" in svg
    assert ">http://192.0.2.7:7860/?method=lora&amp;r=64</p>" in svg
    assert "<title>QR code of the address</title>" in svg
    assert "#fff" in svg


def test_an_address_that_is_none_or_too_long_gets_a_sentence():
    for address in ("", "x" * 2_001):
        answer = json.loads(page_function(qr_code)({"address": address}) or "")
        assert "address must have 1 to 2,000 characters" in answer["error"]


def test_the_present_mode_is_no_field_of_a_run():
    assert links.from_link("?present=1").values == {}
