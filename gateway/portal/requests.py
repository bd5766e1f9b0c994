"""Reading what a portal sends: who it is, exact content type, bounded size, a well-formed Idempotency-Key."""

from __future__ import annotations

import re
from typing import IO

from flask import Request

from gateway.errors import GatewayError, Problem
from gateway.intake.pipeline import Caller
from gateway.model import Whose
from gateway.portal.access import Access
from gateway.portal.observation import exchange
from gateway.portal.problems import MALFORMED, MEDIA_TYPE, TOO_LARGE

KEY_HEADER = "Idempotency-Key"

KEY_MISSING = Problem(
    code="idempotency.key_missing",
    status=400,
    whose=Whose.PORTAL,
    de="Der Kopf Idempotency-Key fehlt; bitte je Antrag einen eigenen, zufälligen Schlüssel senden und bei "
    "Wiederholungen denselben.",
    en="The Idempotency-Key header is missing; send a random key of its own for each application, and the same one "
    "when you repeat it.",
)
KEY_MALFORMED = Problem(
    code="idempotency.key_malformed",
    status=400,
    whose=Whose.PORTAL,
    de="Der Idempotency-Key muss aus 1 bis 255 sichtbaren ASCII-Zeichen bestehen; bitte zum Beispiel eine UUID senden.",
    en="The Idempotency-Key must be 1 to 255 visible ASCII characters; send for example a UUID.",
)

KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_JSON = re.compile(r'application/json[ \t]*(;[ \t]*charset=("utf-8"|utf-8)[ \t]*)?', re.IGNORECASE)


def caller(request: Request, access: Access) -> Caller:
    """Return who calls; raises GatewayError ``auth.missing`` or ``auth.invalid``."""
    portal = access.identify(request.headers.get("Authorization"))
    seen = exchange(request)
    seen.portal = portal.id
    return Caller(portal=portal.id, tenants=portal.tenants, correlation_id=seen.correlation_id)


def idempotency_key(request: Request) -> str:
    """Return the request's Idempotency-Key; raises GatewayError if it is missing or ill-formed."""
    key = request.headers.get(KEY_HEADER)
    if key is None:
        raise GatewayError(KEY_MISSING)
    if not _KEY.fullmatch(key):
        raise GatewayError(KEY_MALFORMED)
    return key


def json_body(request: Request, *, limit: int) -> bytes:
    """Return the request's bytes, at most ``limit``; raises GatewayError if they are more, or not announced as JSON.

    A Content-Length above the limit is refused before anything is read; a chunked body as soon as it passes the
    limit. Compressed bodies are refused, so that a small request cannot become a large one.
    """
    if not _JSON.fullmatch(request.headers.get("Content-Type", "")):
        raise GatewayError(MEDIA_TYPE)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise GatewayError(MEDIA_TYPE)
    announced = request.content_length
    if announced is not None and announced > limit:
        raise GatewayError(TOO_LARGE)
    body = _read(request.stream, limit)
    if announced is not None and len(body) != announced:
        raise GatewayError(MALFORMED)
    return body


def _read(stream: IO[bytes], limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := stream.read(limit + 1 - size):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise GatewayError(TOO_LARGE)
    return b"".join(parts)
