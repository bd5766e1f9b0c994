"""The types of fields that applications are made of; titles and descriptions are German, portals' people read them.

Texts are one line of DIN 91379 type C in Unicode NFC. Absent is absent: ``null`` and the empty text are refused, an
optional text that was not sent is ``""`` in the model.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from gateway.catalogue import patterns
from gateway.catalogue.rules import broken


class Part(BaseModel):
    """A part of an application: immutable, strict in its types, closed to unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def without_default(schema: dict[str, Any]) -> None:
    """Take the inner default of an optional field out of the JSON Schema: it is not what a portal may send."""
    schema.pop("default", None)


def _calendar_date(text: str) -> str:
    """Refuse what is in no calendar, and what lies in the future everywhere on earth (zones reach to UTC+14)."""
    if text == "unbekannt":
        return text
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        raise broken("date.invalid") from None
    latest = (datetime.now(UTC) + timedelta(hours=14)).date().isoformat()
    if text > latest[: len(text)]:
        raise broken("date.future")
    return text


def _only_true(value: bool) -> bool:
    if not value:
        raise broken("type.true")
    return value


def _line(most: int) -> StringConstraints:
    return StringConstraints(min_length=1, max_length=most, pattern=patterns.LINE)


Ags = Annotated[str, StringConstraints(pattern=patterns.AGS), Field(examples=["03454035"])]
"""Amtlicher Gemeindeschlüssel, 8 digits, always text: it begins with a zero."""

Plz = Annotated[str, StringConstraints(pattern=patterns.PLZ), Field(examples=["49716"])]
Hausnummer = Annotated[str, StringConstraints(pattern=patterns.HAUSNUMMER), Field(examples=["12"])]
Hausnummerzusatz = Annotated[str, StringConstraints(pattern=patterns.HAUSNUMMERZUSATZ), Field(examples=["a"])]
PortalCase = Annotated[str, StringConstraints(pattern=patterns.PORTAL_CASE), Field(examples=["OR-2026-000123"])]
Mittel = Annotated[str, StringConstraints(pattern=patterns.MITTEL), Field(examples=["eid"])]

Name = Annotated[str, _line(200)]
Strasse = Annotated[str, _line(55)]
"""At most 55 characters (XMeld 25.11a, schema text)."""

StrasseUndHausnummer = Annotated[str, _line(100)]
Teilnummer = Annotated[str, _line(10)]
Zweck = Annotated[str, _line(500)]

TeilbekanntesDatum = Annotated[
    str,
    StringConstraints(pattern=patterns.TEILBEKANNTES_DATUM),
    AfterValidator(_calendar_date),
    Field(examples=["1984-08-12", "1984-08", "1984", "unbekannt"]),
]
"""A date that may be known in part or not at all (XInneres datum/2, TeilbekanntesDatumMitUnbekannt)."""

OnlyTrue = Annotated[bool, AfterValidator(_only_true), WithJsonSchema({"const": True, "type": "boolean"})]
