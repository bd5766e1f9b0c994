"""`/v1/openapi.json` for machines and `/v1/docs` for people: the same document, the page made from it on the server.

The page is German, needs no script and no network, and is made once at start. Its style is inline and allowed by its
hash alone (Content Security Policy 3, section 6.7.2).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gateway.catalogue import Service
from gateway.catalogue.catalogue import APPLICATION_INVALID
from gateway.catalogue.rules import FIELD_MISSING, Rule
from gateway.errors import Problem
from gateway.model import ApplicationState, Whose
from gateway.portal import fields
from gateway.portal.observation import CORRELATION_HEADER
from gateway.portal.openapi import openapi
from gateway.portal.problems import ALWAYS, details
from gateway.portal.representations import AcceptedApplication, ApplicationLinks
from gateway.portal.routes import Reply, Route

STATES = {
    ApplicationState.ACCEPTED: "Gespeichert und signiert; die Zustellung steht bevor oder läuft.",
    ApplicationState.DELIVERED: "Das Fachverfahren hat den Empfang bestätigt; entschieden ist noch nichts.",
    ApplicationState.ANSWERED: "Die Behörde hat mit Daten oder einem Dokument geantwortet.",
    ApplicationState.SENT_BY_POST: "Die Behörde hat geantwortet; das Bestellte kommt als Brief.",
    ApplicationState.WAITING_FOR_CITIZEN: "Die Behörde braucht zuerst etwas: Zahlung, Code oder Unterlage.",
    ApplicationState.REFUSED: "Die Behörde hat abgelehnt, mit Gründen. Das ist endgültig und keine Störung.",
    ApplicationState.UNDELIVERABLE: "Die Zustellung wurde aufgegeben; der Betreiber muss handeln.",
}
"""What each state means to a portal, in German."""

WHO = {
    Whose.PORTAL: "Portal",
    Whose.CITIZEN: "antragstellende Person",
    Whose.GATEWAY: "Gateway",
    Whose.DESTINATION: "Fachverfahren",
    Whose.OPERATOR: "Betreiber",
}
"""Who has to act, in German."""

_SOME_ID = "7c3f9d1e-52f4-4b0e-8a3b-6f1d2e9c0a55"
_WRONG = (FIELD_MISSING.at("/antragsteller/geburtsdatum"),)
_ACCEPTED = AcceptedApplication(
    id="0f8fad5b-d9cb-469f-a165-70867728950e",
    state=ApplicationState.ACCEPTED,
    received_at=datetime(2026, 11, 23, 8, 15, 30, 250_000, tzinfo=UTC),
    links=ApplicationLinks(
        application="/v1/applications/0f8fad5b-d9cb-469f-a165-70867728950e",
        message="/v1/applications/0f8fad5b-d9cb-469f-a165-70867728950e/message",
    ),
)
_PLACEHOLDER = re.compile(r"\{\w+\}")
_SHORT_TERM = "public, max-age=300"


class Documentation:
    """The views of the documentation."""

    def __init__(
        self, routes: Iterable[Route], services: tuple[Service[Any], ...], problems: Iterable[Problem]
    ) -> None:
        document = openapi((*routes, *self.routes()), services, problems)
        self._document = json.dumps(document, ensure_ascii=False)
        self._page, self._policy = _render(document, services)

    def openapi(self) -> Response:
        """Give the OpenAPI document."""
        response = Response(self._document, content_type="application/json")
        response.headers["Cache-Control"] = _SHORT_TERM
        return response

    def page(self) -> Response:
        """Give the page."""
        response = Response(self._page, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["Content-Language"] = "de"
        response.headers["Cache-Control"] = _SHORT_TERM
        return response

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of these views."""
        document = Route(
            name="getOpenApi",
            method="GET",
            rule="/v1/openapi.json",
            view=self.openapi,
            tag="Dokumentation",
            summary="OpenAPI-Dokument",
            description="Die Beschreibung dieser Schnittstelle nach OpenAPI 3.1, aus dem Code erzeugt.",
            replies=(Reply(status=200, description="Das Dokument."),),
        )
        page = Route(
            name="getDocs",
            method="GET",
            rule="/v1/docs",
            view=self.page,
            tag="Dokumentation",
            summary="Diese Seite",
            description="Dieselbe Beschreibung zum Lesen, ohne Skripte und ohne Netz.",
            replies=(Reply(status=200, description="Die Seite.", media_type="text/html"),),
        )
        return document, page


def _render(document: dict[str, Any], services: tuple[Service[Any], ...]) -> tuple[str, str]:
    """Return the page and the Content-Security-Policy that allows its style and nothing else."""
    environment = Environment(
        loader=PackageLoader("gateway.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source, _, _ = PackageLoader("gateway.portal").get_source(environment, "docs.css")
    schemas = document["components"]["schemas"]
    examples = {one.id: _pretty(fields.example(schemas[one.id], schemas)) for one in services}
    page = environment.get_template("docs.html").render(
        document=document,
        style=Markup(source),  # noqa: S704 - our own file
        operations=_by_tag(document),
        services=services,
        rows={one.id: list(fields.rows(schemas[one.id], schemas)) for one in services},
        examples=examples,
        application=next(iter(examples.values()), "{}"),
        accepted=_pretty(json.loads(_ACCEPTED.model_dump_json())),
        problem=_pretty(details(APPLICATION_INVALID, _WRONG, language="de", correlation_id=_SOME_ID)),
        states=STATES,
        correlation=CORRELATION_HEADER,
        anywhere=[one.code for one in ALWAYS],
        field_errors={code: _PLACEHOLDER.sub("…", rule.de) for code, rule in sorted(Rule.declared.items())},
        who={one.value: words for one, words in WHO.items()},
    )
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    return page, policy


def _by_tag(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations with their method and path, in the order of the tags."""
    found: dict[str, list[dict[str, Any]]] = {one["name"]: [] for one in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append({"method": method.upper(), "path": path, **operation})
    return found


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
