"""How long something takes, in words."""


def duration(expected: tuple[float, float] | None) -> str:
    """A range of seconds in words."""
    if expected is None:
        return "time unknown yet"
    low, high = (_time(seconds) for seconds in expected)
    return low if low == high else f"{low} to {high}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
