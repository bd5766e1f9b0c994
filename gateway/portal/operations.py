"""`/healthz`, `/readyz`, `/metrics`: for the operator's load balancer and monitoring, not for portals.

They need no token and show no secret: keep them off the public proxy. Readiness names the subject of a finding, not
its text, which may name files and hosts of the operator.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response

from gateway import __version__
from gateway.metrics import CONTENT_TYPE, Metrics
from gateway.model import Finding
from gateway.portal.representations import FindingLine, Health, Readiness
from gateway.portal.routes import Reply, Route

_OPERATION = "Betrieb"


class Operations:
    """The views for operation."""

    def __init__(self, *, readiness: Callable[[], tuple[Finding, ...]], metrics: Metrics) -> None:
        self._readiness = readiness
        self._metrics = metrics

    def health(self) -> Response:
        """Tell that the process lives."""
        return Response(Health(status="ok", version=__version__).model_dump_json(), content_type="application/json")

    def ready(self) -> Response:
        """Tell whether applications can be taken: 503 as soon as one finding is an error."""
        findings = self._readiness()
        broken = any(one.level == "error" for one in findings)
        answer = Readiness(
            status="not_ready" if broken else "ready",
            findings=[FindingLine(level=one.level, subject=one.subject) for one in findings],
        )
        return Response(answer.model_dump_json(), status=503 if broken else 200, content_type="application/json")

    def metrics(self) -> Response:
        """Show the figures for Prometheus."""
        return Response(self._metrics.exposition(), content_type=CONTENT_TYPE)

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of these views."""
        health = Route(
            name="getHealth",
            method="GET",
            rule="/healthz",
            view=self.health,
            tag=_OPERATION,
            summary="Lebt der Prozess?",
            description="Antwortet, solange der Prozess Anfragen bearbeitet.",
            replies=(Reply(status=200, description="Er lebt.", model=Health),),
        )
        ready = Route(
            name="getReadiness",
            method="GET",
            rule="/readyz",
            view=self.ready,
            tag=_OPERATION,
            summary="Kann das Gateway Anträge annehmen?",
            description="Prüft, was zur Annahme nötig ist. Ein unerreichbares Fachverfahren gehört nicht dazu: Anträge "
            "werden auch dann sicher angenommen.",
            replies=(
                Reply(status=200, description="Ja.", model=Readiness),
                Reply(status=503, description="Nein.", model=Readiness),
            ),
        )
        figures = Route(
            name="getMetrics",
            method="GET",
            rule="/metrics",
            view=self.metrics,
            tag=_OPERATION,
            summary="Kennzahlen für Prometheus",
            description="Textformat 0.0.4, ohne personenbezogene Daten.",
            replies=(Reply(status=200, description="Die Kennzahlen.", media_type="text/plain"),),
        )
        return health, ready, figures
