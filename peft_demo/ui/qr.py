"""An address as a QR code, for those who see the page on a projector."""

from __future__ import annotations

import segno
from markupsafe import Markup

from peft_demo.errors import refuse
from peft_demo.ui.html import render

_MOST = 2_000
"""Characters; a code with more is too fine for most cameras."""


def qr_code(address: str) -> str:
    """The code as SVG, black on white in any colours of the page, above the address; as HTML.

    Raises:
        InvalidFieldsError: the address is empty or too long.
    """
    if not 1 <= len(address) <= _MOST:
        refuse("address", f"address must have 1 to {_MOST:,} characters, got {len(address):,}.")
    address = address.encode(errors="replace").decode()  # half a character is none
    code = segno.make(address.encode(), micro=False)
    svg = code.svg_inline(omitsize=True, dark="#000", light="#fff", title="QR code of the address")
    return render("qr", svg=Markup(svg), address=address)
