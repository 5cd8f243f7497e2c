"""Where a slider beside a number can stop: at equal steps, or by factors that people count in."""

from __future__ import annotations

import math
from typing import Any

_WHOLE = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8)
_PARTS = (1, 2, 3, 5)


def stops(scale: dict[str, Any]) -> list[float]:
    """All stops from the lowest up, both ends included.

    Args:
        scale: ``Field.scale``: min, max, step and whether it is logarithmic.
    """
    low, high, step = scale["min"], scale["max"], scale["step"]
    is_whole = isinstance(step, int)
    if scale["log"]:
        powers = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
        factors = _WHOLE if is_whole else _PARTS
        found = [float(f"{factor}e{power}") for power in powers for factor in factors]
    else:
        found = [low + at * step for at in range(1, math.ceil((high - low) / step))]
    # Halves up, as people round.
    rounded = (math.floor(at + 0.5) if is_whole else float(f"{at:.6g}") for at in found)
    return sorted({low, high, *(at for at in rounded if low <= at <= high)})
