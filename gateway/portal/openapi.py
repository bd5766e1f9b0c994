"""The OpenAPI 3.1 document, made from the routes, the answers' models, the services' models and the declared problems.

Nothing in it is written twice: what the code refuses is what the document names. It is made once, at start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway import __version__
from gateway.catalogue import Service
from gateway.errors import Problem
from gateway.portal.observation import CORRELATION_HEADER
from gateway.portal.problems import ALWAYS, MEDIA_TYPE_PROBLEM
from gateway.portal.representations import ProblemDetails
from gateway.portal.routes import PLACEHOLDER, Reply, Route

SECURITY = "portalToken"
APPLICATION = "Application"

_REF = "#/components/schemas/"
_PARAMETERS = {
    "application_id": "Nummer des Antrags aus der Annahme",
    "number": "Nummer des Dokuments, ab 1",
    "service_id": "Leistung, zum Beispiel meldebescheinigung",
}
_INTRODUCTION = (
    "Ein Portal gibt den Antrag einer Bürgerin oder eines Bürgers als JSON ab. Das Gateway macht daraus die Nachricht, "
    "die das Recht und der XÖV-Standard verlangen, prüft, signiert und speichert sie, stellt sie dem Fachverfahren der "
    "zuständigen Behörde zu und bringt die Antwort zurück."
)
_TAGS = {
    "Anträge": "Abgeben, prüfen, verfolgen, Ergebnis abholen",
    "Leistungen": "Was beantragt werden kann und wie der Antrag aussieht",
    "Dokumentation": "Diese Schnittstelle, für Menschen und Maschinen",
    "Betrieb": "Für Lastverteiler und Überwachung",
}


def openapi(routes: Sequence[Route], services: Sequence[Service[Any]], problems: Iterable[Problem]) -> dict[str, Any]:
    """Return the document. ``problems`` are all declared ones; it names each where it can be the answer."""
    declared = sorted(problems, key=lambda one: (one.status, one.code))
    own = {one.code for route in routes for one in route.problems} | {one.code for one in ALWAYS}
    behind = tuple(one for one in declared if one.code not in own)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, behind)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "XÖV-Gateway: Schnittstelle für Portale",
            "version": __version__,
            "description": _INTRODUCTION,
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": "/", "description": "Dieses Gateway"}],
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "security": [],
        "paths": paths,
        "components": {
            "securitySchemes": {
                SECURITY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Zugangsschlüssel des Portals, vom Betreiber für bestimmte Verwaltungen ausgegeben",
                }
            },
            "schemas": _schemas(routes, services),
        },
        "x-problems": {one.code: _problem(one) for one in declared},
    }


def _operation(route: Route, behind: tuple[Problem, ...]) -> dict[str, Any]:
    possible = {one.code: one for one in (*route.problems, *ALWAYS, *(behind if route.takes_application else ()))}
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": route.description,
        "parameters": [*_path_parameters(route.rule), *route.parameters, _correlation_parameter()],
        "responses": {str(one.status): _reply(one) for one in route.replies}
        | _refusals(tuple(possible.values()), taken={one.status for one in route.replies}),
    }
    if route.takes_application:
        content = {"application/json": {"schema": {"$ref": _REF + APPLICATION}}}
        operation["requestBody"] = {"required": True, "description": "Der Antrag", "content": content}
    if route.secured:
        operation["security"] = [{SECURITY: []}]
    return operation


def _path_parameters(rule: str) -> list[dict[str, Any]]:
    return [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "description": _PARAMETERS[found["name"]],
            "schema": _path_schema(found["kind"], found["limits"]),
        }
        for found in PLACEHOLDER.finditer(rule)
    ]


def _path_schema(kind: str | None, limits: str | None) -> dict[str, Any]:
    if kind == "uuid":
        return {"type": "string", "format": "uuid"}
    if kind == "int":
        bounds = dict(one.split("=") for one in (limits or "").split(",") if one)
        names = {"min": "minimum", "max": "maximum"}
        return {"type": "integer"} | {names[name]: int(value) for name, value in bounds.items()}
    return {"type": "string"}


def _correlation_parameter() -> dict[str, Any]:
    return {
        "name": CORRELATION_HEADER,
        "in": "header",
        "required": False,
        "description": "UUID, die den Vorgang durch alle Protokolle begleitet; fehlt sie oder ist sie keine UUID, "
        "vergibt das Gateway eine. Die Antwort nennt sie.",
        "schema": {"type": "string"},
        "example": "7c3f9d1e-52f4-4b0e-8a3b-6f1d2e9c0a55",
    }


def _reply(reply: Reply) -> dict[str, Any]:
    schema: dict[str, Any] = {} if reply.model is None else {"$ref": _REF + reply.model.__name__}
    headers = {CORRELATION_HEADER: "Korrelations-ID dieses Aufrufs"} | reply.headers
    return {
        "description": reply.description,
        "headers": {name: {"description": words, "schema": {"type": "string"}} for name, words in headers.items()},
        "content": {reply.media_type: {"schema": schema} if schema else {}},
    }


def _refusals(problems: tuple[Problem, ...], *, taken: set[int]) -> dict[str, Any]:
    """Describe the problems by status; a status that a good answer has already keeps that description."""
    by_status: dict[int, list[Problem]] = {}
    for one in problems:
        by_status.setdefault(one.status, []).append(one)
    return {str(status): _refusal(by_status[status]) for status in sorted(by_status) if status not in taken}


def _refusal(problems: list[Problem]) -> dict[str, Any]:
    codes = sorted(one.code for one in problems)
    return {
        "description": ", ".join(codes),
        "content": {
            MEDIA_TYPE_PROBLEM: {
                "schema": {
                    "allOf": [
                        {"$ref": _REF + ProblemDetails.__name__},
                        {"type": "object", "properties": {"code": {"enum": codes}}},
                    ]
                }
            }
        },
    }


def _problem(one: Problem) -> dict[str, Any]:
    return {"status": one.status, "whose": one.whose.value, "retry": one.retry, "de": one.de, "en": one.en}


def _schemas(routes: Sequence[Route], services: Sequence[Service[Any]]) -> dict[str, Any]:
    answers = {reply.model for route in routes for reply in route.replies if reply.model} | {ProblemDetails}
    schemas = _answers(sorted(answers, key=lambda one: one.__name__))
    mapping: dict[str, str] = {}
    for service in services:
        schemas |= _application(service)
        mapping[service.id] = _REF + service.id
    schemas[APPLICATION] = {
        "title": "Antrag",
        "description": "Welche Felder gelten, sagt das Feld service.",
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "service", "mapping": mapping},
    }
    return schemas


def _answers(models: list[type[BaseModel]]) -> dict[str, Any]:
    _, collected = models_json_schema([(one, "serialization") for one in models], ref_template=_REF + "{model}")
    definitions: dict[str, Any] = collected["$defs"]
    return definitions


def _application(service: Service[Any]) -> dict[str, Any]:
    """Return the service's schema under its id, and its parts under ``<id>.<part>``."""
    schema: dict[str, Any] = service.application.model_json_schema(ref_template=f"{_REF}{service.id}.{{model}}")
    parts: Mapping[str, Any] = schema.pop("$defs", {})
    return {service.id: schema} | {f"{service.id}.{name}": part for name, part in parts.items()}
