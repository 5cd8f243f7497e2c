"""How numbers are written for people: on the page, in sentences, on the command line, in exports.

With the signs of the current language, but for ``typed``.

``lib/format.js`` writes the same in the browser; ``tests/ui/javascript/formats.json`` proves it.
Half a digit is rounded up, as JavaScript does it, and not to the even one, as Python would: 13 of
16 is 81.3 % everywhere.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from peft_demo.languages import _, in_signs


def fixed(value: float, digits: int) -> str:
    """With so many digits after the point, and commas between thousands; huge ones as ``1e+30``."""
    return in_signs(_fixed(value, digits))


def _fixed(value: float, digits: int) -> str:
    if not abs(value) < 1e15:  # which none is of numbers that are no numbers
        return f"{value:g}"
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"


def whole(count: float) -> str:
    """How many: ``1,234``."""
    return fixed(count, 0)


def at_most(least: int, most: int) -> str:
    """How many, where it may be more: ``52 to 120``, or ``52``."""
    if most <= least:
        return whole(least)
    return _("%(low)s to %(high)s") % {"low": whole(least), "high": whole(most)}


def number(value: float) -> str:
    """The value of a setting: ``8``, ``2,000``, ``0.001``, ``2e-5``."""
    return in_signs(typed(value))


def typed(value: float) -> str:
    """The same as it is entered, with a point in every language."""
    if not abs(value) < 1e6 or value == int(value):
        return _fixed(value, 0)
    return f"{value:g}".replace("e-0", "e-")


def percent(share: float) -> str:
    """An accuracy or a probability: ``81.2 %``."""
    return f"{fixed(100 * share, 1)} %"


def part(share: float) -> str:
    """A share that may be small: ``1.47 %``, ``0.0008 %``."""
    return f"{fixed(100 * share, 2 if share >= 1e-4 or not share else 4)} %"


def points(difference: float) -> str:
    """A difference of two percentages: ``−1.4``."""
    return fixed(100 * difference, 1).replace("-", "−")


def signed(value: float) -> str:
    """What something adds: ``+1.23``, ``−0.40``."""
    return f"{'−' if value < 0 else '+'}{fixed(abs(value), 2)}"


def score(value: float) -> str:
    """A loss, or another score that is no share: ``0.693``."""
    return fixed(value, 3)


def dollars(amount: float) -> str:
    """A price, never less than it is: ``$0.03``."""
    return f"${fixed(math.ceil(round(100 * amount, 6)) / 100, 2)}"


def size(count: float) -> str:
    """Bytes: ``595 kB``, ``1.9 MB``."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{fixed(count / unit, 1)} {name}"
    return f"{fixed(max(1, count / 1e3), 0)} kB"


def seconds(time: float) -> str:
    """A measured time: ``3.2 s``, ``44 s``, ``3.7 min``, ``1.5 h``."""
    if time < 90:
        return f"{fixed(time, 1 if time < 10 else 0)} s"
    return f"{fixed(time / 60, 1)} min" if time < 5_400 else f"{fixed(time / 3600, 1)} h"


def milliseconds(time: float) -> str:
    """A measured time of one prediction: ``12.3 ms``."""
    return f"{fixed(time, 2 if time < 10 else 1 if time < 100 else 0)} ms"


def about(time: float) -> str:
    """An expected time: ``44 s``, ``4 min``, ``1.5 h``."""
    if time < 90:
        return f"{fixed(max(1, time), 0)} s"
    return f"{fixed(time / 60, 0)} min" if time < 5_400 else f"{fixed(time / 3600, 1)} h"
