"""One correlation id, one log line and one measurement a request, around the whole WSGI application.

The correlation id comes from the portal (``X-Correlation-ID``, a UUID) or is made here; it is answered, stands in every
log line of the request, is stored with the application and goes on to every attempt of its delivery.
The log line names the route's template, never the path or the query, and the problem's code if there was one.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from flask import Request, Response, request

from gateway.metrics import Metrics
from gateway.portal.routes import Route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CORRELATION_HEADER = "X-Correlation-ID"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_KEY = "gateway.exchange"

_log = structlog.get_logger(room="portal")

_PROTECTION = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
"""Headers of every answer that does not set its own: nothing is kept by caches, sniffed, framed or executed."""


@dataclass(kw_only=True, slots=True)
class Exchange:
    """What becomes known of one request while it is served: for its log line and its measurement."""

    correlation_id: str
    route: str = "unmatched"
    portal: str | None = None
    code: str | None = None
    status: int = 0


def exchange(of: Request) -> Exchange:
    """Return what is known of this request."""
    found: Exchange = of.environ[_KEY]
    return found


def named(route: Route) -> Callable[..., Response]:
    """Return the route's view, which first notes the route."""
    path, view = route.path, route.view

    def noted(**values: Any) -> Response:
        exchange(request).route = path
        return view(**values)

    return noted


def observed(application: WSGIApplication, metrics: Metrics) -> WSGIApplication:
    """Return the application with every request observed."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        seen = Exchange(correlation_id=_correlation_id(environ))
        environ[_KEY] = seen
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=seen.correlation_id)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            seen.status = int(status[:3])
            own = {name for name, _ in headers}
            headers.extend(one for one in _PROTECTION if one[0] not in own)
            headers.append((CORRELATION_HEADER, seen.correlation_id))
            return start_response(status, headers, exc_info)

        answer = application(environ, start)
        _record(environ["REQUEST_METHOD"], seen, time.perf_counter() - began, metrics)
        return answer

    return serve


def _correlation_id(environ: WSGIEnvironment) -> str:
    wished = environ.get("HTTP_X_CORRELATION_ID", "")
    return wished.lower() if _UUID.fullmatch(wished) else str(uuid.uuid4())


def _record(method: str, seen: Exchange, seconds: float, metrics: Metrics) -> None:
    metrics.request_served(method, seen.route, seen.status, seconds)
    known = {"portal": seen.portal, "code": seen.code}
    _log.info(
        "request",
        method=method if method in _METHODS else "other",
        route=seen.route,
        status=seen.status,
        duration_ms=round(seconds * 1000, 2),
        **{name: value for name, value in known.items() if value is not None},
    )
