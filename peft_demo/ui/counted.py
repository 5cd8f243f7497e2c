"""What one server counts, for its operator: a page of Prometheus's reads it, see ``health``."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

COUNTED = CollectorRegistry()
"""Of this process; not the package's own, which tells of other packages too."""

CALLS = Histogram(
    "peft_demo_call_seconds",
    "How long functions of the page and endpoints took, by name: poll, answer, predict, …",
    ["function"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
    registry=COUNTED,
)
FAULTS = Counter("peft_demo_faults", "Defects that somebody ran into.", registry=COUNTED)
REFUSED = Counter(
    "peft_demo_refused",
    "Requests that were refused: of another site, too many, too large, or about others' runs.",
    ["why"],
    registry=COUNTED,
)
DROPPED = Counter(
    "peft_demo_dropped", "Calls that were dropped because nobody waited any more.", registry=COUNTED
)
