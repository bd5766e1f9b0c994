"""`/v1/services`: which citizen services can be applied for, and the JSON Schema of each application.

Both are public: they repeat the law and the catalogue, and a portal's developer needs them before there is a token.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request

from gateway.catalogue import Catalogue, Service
from gateway.errors import GatewayError, Problem
from gateway.model import Whose
from gateway.portal.language import chosen_language
from gateway.portal.representations import ServiceLine, ServiceList
from gateway.portal.routes import Reply, Route

SERVICE_NOT_FOUND = Problem(
    code="service.not_found",
    status=404,
    whose=Whose.PORTAL,
    de="Diese Leistung kennt das Gateway nicht; die vorhandenen stehen unter /v1/services.",
    en="The gateway does not know this service; those that exist are listed at /v1/services.",
)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Services:
    """The views of the catalogue. Everything is made once, at start."""

    def __init__(self, catalogue: Catalogue) -> None:
        services = tuple(catalogue)
        self._lists = {language: _listed(services, language) for language in ("de", "en")}
        self._schemas = {one.id: json.dumps(application_schema(one), ensure_ascii=False) for one in services}

    def all(self) -> Response:
        """List the services."""
        language = chosen_language(request)
        response = Response(self._lists[language], content_type="application/json")
        response.headers["Content-Language"] = language
        response.headers["Vary"] = "Accept-Language"
        return response

    def schema(self, service_id: str) -> Response:
        """Give the JSON Schema of one service's application."""
        schema = self._schemas.get(service_id)
        if schema is None:
            raise GatewayError(SERVICE_NOT_FOUND)
        return Response(schema, content_type="application/schema+json")

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of these views."""
        every = Route(
            name="listServices",
            method="GET",
            rule="/v1/services",
            view=self.all,
            tag="Leistungen",
            summary="Alle Leistungen",
            description="Nennt die Leistungen mit Rechtsgrundlage und nötigem Vertrauensniveau.",
            replies=(Reply(status=200, description="Die Leistungen.", model=ServiceList),),
        )
        schema = Route(
            name="getServiceSchema",
            method="GET",
            rule="/v1/services/<service_id>/schema",
            view=self.schema,
            tag="Leistungen",
            summary="JSON Schema eines Antrags",
            description="Beschreibt die Felder des Antrags (JSON Schema 2020-12). Einige Regeln kann ein Schema nicht "
            "sagen, zum Beispiel ob es ein Datum im Kalender gibt: sie prüft erst das Gateway.",
            replies=(Reply(status=200, description="Das Schema.", media_type="application/schema+json"),),
            problems=(SERVICE_NOT_FOUND,),
        )
        return every, schema


def application_schema(service: Service[Any]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the service's application."""
    return {"$schema": _DIALECT, **service.application.model_json_schema()}


def _listed(services: tuple[Service[Any], ...], language: str) -> str:
    german = language == "de"
    lines = [
        ServiceLine(
            id=one.id,
            title=one.title_de if german else one.title_en,
            description=one.description_de if german else one.description_en,
            legal_basis=one.legal_basis,
            fee=one.fee_de if german else one.fee_en,
            trust_level=one.trust_level,
            trust_law=one.trust_law,
            leika=list(one.leika),
            schema_link=f"/v1/services/{one.id}/schema",
        )
        for one in services
    ]
    return ServiceList(services=lines).model_dump_json()
