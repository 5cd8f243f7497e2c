"""``/health`` and ``/metrics``: how the server does, for whoever runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from peft_demo import settings
from peft_demo.errors import PeftDemoError
from peft_demo.runs import RunStatus
from peft_demo.ui.counted import COUNTED
from peft_demo.ui.services import Services
from peft_demo.ui.visitors import is_at_the_machine


class Health:
    """Tells it at the machine itself only, unless a setting says otherwise."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def routes(self) -> list[BaseRoute]:
        """Where it is told."""
        return [Route("/health", self._health), Route("/metrics", self._metrics)]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """For Prometheus: runs by their state, and whether the models are loaded."""
        counted = Counter(run.status for run in self._services.known_runs())
        runs = GaugeMetricFamily("peft_demo_runs", "Runs by their state.", labels=["state"])
        for state in RunStatus:
            runs.add_metric([state], counted[state])
        yield runs
        is_ready = self._services.warm_up.state == "ready"
        yield GaugeMetricFamily("peft_demo_ready", "Whether the models are loaded.", is_ready)

    def _health(self, request: Request) -> Response:
        if refused := _refusal(request):
            return refused
        problem = self._services.store.problem
        try:
            self._services.store.runs()
        except PeftDemoError as error:
            problem = str(error)
        models = self._services.warm_up
        told = {"ok": not problem and models.state != "failed", "models": models.state}
        return JSONResponse({**told, "problem": problem or ""}, 200 if told["ok"] else 503)

    def _metrics(self, request: Request) -> Response:
        if refused := _refusal(request):
            return refused
        text = generate_latest(COUNTED) + generate_latest(self._registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)


def _refusal(request: Request) -> Response | None:
    if settings.metrics() == "everyone" or is_at_the_machine(request):
        return None
    sentence = f"Ask at the machine itself, or set {settings.metrics.variable} to everyone."
    return PlainTextResponse(f"{sentence}\n", 403)
