"""One correlation id, one log line and one measurement a request.

The correlation id comes from the portal (``X-Correlation-ID``, a UUID) or is made here; it is answered, stands in every
log line of the request, is stored with the application and goes on to every attempt of its delivery.
The log line names the route's template, never the path or the query, and the problem's code if there was one.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping

import structlog
from flask import Flask, Response, g, request

from gateway.metrics import Metrics

CORRELATION_HEADER = "X-Correlation-ID"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})

_log = structlog.get_logger(room="portal")

_PROTECTION = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Headers of every answer that does not set its own: nothing is kept by caches, sniffed, framed or executed."""


def install(app: Flask, metrics: Metrics, templates: Mapping[str, str]) -> None:
    """Observe every request of ``app``; ``templates`` gives the name of an endpoint's address for log and figures."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.code = None
        wished = request.headers.get(CORRELATION_HEADER, "")
        g.correlation_id = wished.lower() if _UUID.fullmatch(wished) else str(uuid.uuid4())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=g.correlation_id)

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.began
        route = templates.get(request.endpoint or "", _UNMATCHED)
        headers = response.headers
        headers[CORRELATION_HEADER] = g.correlation_id
        for name, value in _PROTECTION.items():
            headers.setdefault(name, value)
        metrics.request_served(request.method, route, response.status_code, seconds)
        line: dict[str, object] = {"code": g.code} if g.code else {}
        if portal := g.get("portal"):
            line["portal"] = portal
        _log.info(
            "request",
            method=request.method if request.method in _METHODS else "other",
            route=route,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 2),
            **line,
        )
        return response
