"""The JSON Schema that portals get: complete, in German, and of one mind with the model."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema_rs import Draft202012Validator, meta

from gateway.catalogue import Catalogue
from gateway.catalogue.services.meldebescheinigung import SERVICE
from gateway.errors import GatewayError
from tests.examples import application
from tests.strategies import Json, applications, body

CATALOGUE = Catalogue.load()
SCHEMA: dict[str, Any] = SERVICE.application.model_json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def test_schema_is_a_json_schema() -> None:
    meta.validate(SCHEMA)
    assert SCHEMA["required"]


def _objects() -> list[dict[str, Any]]:
    return [SCHEMA, *SCHEMA["$defs"].values()]


def test_every_object_is_closed_and_described_in_german() -> None:
    for one in _objects():
        assert one["additionalProperties"] is False
        assert re.search(r"\b(der|die|das|den|dem|eine|sich|auf|soll)\b", one["description"], re.IGNORECASE)


def test_every_field_has_a_title() -> None:
    for one in _objects():
        for name, field in one["properties"].items():
            assert "title" in field or "$ref" in field, name


def test_no_default_is_shown_that_a_portal_could_not_send() -> None:
    assert '"default"' not in json.dumps(SCHEMA)


def test_the_examples_are_accepted() -> None:
    for example in SCHEMA["examples"]:
        VALIDATOR.validate(example)
        CATALOGUE.parse(body(example))


@given(applications())
@settings(max_examples=30, deadline=None)
def test_what_the_model_accepts_the_schema_accepts(document: Json) -> None:
    CATALOGUE.parse(body(document))
    VALIDATOR.validate(document)


@pytest.mark.parametrize(
    "document",
    [
        application(antragsteller__familienname={}),
        application(antragsteller__familienname={"name": "A", "nicht_vorhanden": True}),
        application(antragsteller__familienname={"name": None}),
        application(antragsteller__familienname={"name": "Mu\u0308ller"}),
        application(antragsteller__familienname={"name": " A"}),
        application(antragsteller__anschrift__strasse=...),
        application(antragsteller__anschrift__strasse_und_hausnummer="Weg 1"),
        application(antragsteller__anschrift__plz="4971"),
        application(antrag__umfang=["06", "06"]),
        application(antrag__umfang=[]),
        application(antrag__umfang="alles"),
        application(extra=1),
    ],
)
def test_what_the_schema_refuses_the_model_refuses(document: Json) -> None:
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(GatewayError):
        CATALOGUE.parse(body(document))
