"""Errors as the portal sees them: problem details (RFC 9457) in German or, by Accept-Language, in English.

Every answer of 400 and above is ``application/problem+json``: the gateway's own refusals, what the HTTP layer refuses
(unknown path, wrong method, too large) and what nobody expected. The last one is logged with types and places only.
"""

from __future__ import annotations

import json
from http import HTTPStatus

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from gateway.errors import FieldError, GatewayError, Problem
from gateway.model import Whose
from gateway.portal.language import chosen_language
from gateway.portal.observation import exchange

NOT_FOUND = Problem(
    code="request.not_found",
    status=404,
    whose=Whose.PORTAL,
    de="Diese Adresse gibt es nicht; die vorhandenen stehen unter /v1/docs.",
    en="There is no such address; those that exist are listed at /v1/docs.",
)
METHOD_NOT_ALLOWED = Problem(
    code="request.method_not_allowed",
    status=405,
    whose=Whose.PORTAL,
    de="Diese Adresse kennt die HTTP-Methode nicht; die erlaubten stehen im Kopf Allow.",
    en="This address does not know the HTTP method; the Allow header names those it knows.",
)
TOO_LARGE = Problem(
    code="request.too_large",
    status=413,
    whose=Whose.PORTAL,
    de="Der Antrag ist größer, als das Gateway annimmt; bitte den Inhalt verkleinern.",
    en="The application is larger than the gateway accepts; make it smaller.",
)
MEDIA_TYPE = Problem(
    code="request.media_type",
    status=415,
    whose=Whose.PORTAL,
    de="Der Inhalt muss unkomprimiertes JSON sein; bitte Content-Type: application/json senden, Zeichensatz UTF-8.",
    en="The content must be uncompressed JSON; send Content-Type: application/json, character set UTF-8.",
)
MALFORMED = Problem(
    code="request.malformed",
    status=400,
    whose=Whose.PORTAL,
    de="Der HTTP-Aufruf ist unvollständig oder fehlerhaft; bitte die Bibliothek des Portals prüfen.",
    en="The HTTP request is incomplete or faulty; check the portal's library.",
)
INTERNAL = Problem(
    code="internal",
    status=500,
    whose=Whose.OPERATOR,
    retry=True,
    de="Im Gateway ist ein Fehler aufgetreten; bitte später mit demselben Idempotency-Key wiederholen und sonst dem "
    "Betreiber die Nummer aus „instance“ nennen.",
    en="The gateway failed; repeat later with the same Idempotency-Key, otherwise tell the operator the number in "
    "“instance”.",
)

ALWAYS = (MALFORMED, NOT_FOUND, METHOD_NOT_ALLOWED, INTERNAL)
"""What any address may answer."""

MEDIA_TYPE_PROBLEM = "application/problem+json"

_BY_STATUS = {one.status: one for one in (NOT_FOUND, METHOD_NOT_ALLOWED, TOO_LARGE, MEDIA_TYPE)}

_TITLES_DE = {
    400: "Fehlerhafter Aufruf",
    401: "Nicht angemeldet",
    403: "Nicht erlaubt",
    404: "Nicht gefunden",
    405: "Methode nicht erlaubt",
    409: "Widerspruch",
    413: "Zu groß",
    415: "Falscher Inhaltstyp",
    422: "Inhaltlich fehlerhaft",
    429: "Zu viele Aufrufe",
    500: "Fehler im Gateway",
    502: "Fehler der Gegenstelle",
    503: "Zurzeit nicht möglich",
}

_log = structlog.get_logger(room="portal")


def install(app: Flask) -> None:
    """Make every error of ``app`` a problem."""

    def known(error: GatewayError) -> Response:
        if error.problem.status == INTERNAL.status:
            _log.error("request failed", code=error.problem.code, exc_info=error)
        return answer(error.problem, error.fields, dict(error.headers))

    def http(error: HTTPException) -> Response:
        problem = _BY_STATUS.get(error.code or 500, INTERNAL if (error.code or 500) >= 500 else MALFORMED)
        headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
        return answer(problem, (), headers)

    def unexpected(error: Exception) -> Response:
        _log.error("request failed", exc_info=error)
        return answer(INTERNAL, (), {})

    app.register_error_handler(GatewayError, known)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, unexpected)


def answer(problem: Problem, fields: tuple[FieldError, ...], headers: dict[str, str]) -> Response:
    """Return the problem as an answer to the current request."""
    language = chosen_language(request)
    seen = exchange(request)
    seen.code = problem.code
    response = Response(
        json.dumps(details(problem, fields, language=language, correlation_id=seen.correlation_id), ensure_ascii=False),
        status=problem.status,
        content_type=MEDIA_TYPE_PROBLEM,
    )
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    response.headers.update(headers)
    return response


def details(
    problem: Problem, fields: tuple[FieldError, ...], *, language: str, correlation_id: str
) -> dict[str, object]:
    """Return the members of the problem details object; ``errors`` only where there are wrong fields."""
    german = language == "de"
    english_title = HTTPStatus(problem.status).phrase
    members: dict[str, object] = {
        "type": f"/v1/docs#{problem.code}",
        "title": _TITLES_DE.get(problem.status, english_title) if german else english_title,
        "status": problem.status,
        "detail": problem.de if german else problem.en,
        "instance": f"urn:uuid:{correlation_id}",
        "code": problem.code,
        "retry": problem.retry,
        "whose": problem.whose.value,
    }
    if fields:
        members["errors"] = [
            {"pointer": one.pointer, "code": one.code, "detail": one.de if german else one.en} for one in fields
        ]
    return members
