"""The types of fields that applications are made of, and the rules that belong to them.

Texts are one line of DIN 91379 type C in Unicode NFC. Absent is absent: ``null`` and the empty text are refused; an
optional text that was not sent is ``""`` in the model. Titles and descriptions are German: portals' people read them.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema

from gateway.catalogue.rules import TIME_INVALID, TIME_NO_ZONE, TYPE_TEXT, TYPE_TRUE, Rule, matching
from gateway.standards import din91379

AGS_FORMAT = Rule(
    code="ags.format",
    de="Der Amtliche Gemeindeschlüssel besteht aus genau acht Ziffern.",
    en="An AGS has exactly eight digits.",
)
PLZ_FORMAT = Rule(
    code="plz.format",
    de="Die Postleitzahl besteht aus genau fünf Ziffern.",
    en="A postcode has exactly five digits.",
)
HAUSNUMMER_FORMAT = Rule(
    code="hausnummer.format",
    de="Die Hausnummer besteht aus ein bis vier Ziffern; Buchstaben gehören in hausnummerzusatz.",
    en="A house number has one to four digits; letters belong into hausnummerzusatz.",
)
HAUSNUMMERZUSATZ_FORMAT = Rule(
    code="hausnummerzusatz.format",
    de="Der Hausnummernzusatz hat höchstens vier Zeichen: Buchstaben, Ziffern, Punkt, Schrägstrich, Leerzeichen.",
    en="A house number suffix has at most four characters: letters, digits, full stop, slash, blank.",
)
PORTAL_CASE_FORMAT = Rule(
    code="portal_case.format",
    de="Das Aktenzeichen des Portals hat höchstens 100 Zeichen: Buchstaben A–Z, Ziffern und . _ : / -",
    en="The portal's case id has at most 100 characters: letters A–Z, digits, and . _ : / -",
)
MITTEL_FORMAT = Rule(
    code="mittel.format",
    de="Das Identifizierungsmittel ist ein kurzer Name in Kleinbuchstaben, zum Beispiel eid.",
    en="The means of identification is a short name in lower case, for example eid.",
)
DATE_FORMAT = Rule(
    code="date.format",
    de="Das Datum bitte als JJJJ-MM-TT, JJJJ-MM, JJJJ oder als „unbekannt“ angeben.",
    en="Give the date as YYYY-MM-DD, YYYY-MM, YYYY, or as “unbekannt”.",
)
DATE_INVALID = Rule(
    code="date.invalid", de="Dieses Datum gibt es im Kalender nicht.", en="There is no such date in the calendar."
)
DATE_FUTURE = Rule(code="date.future", de="Dieses Datum liegt in der Zukunft.", en="This date lies in the future.")


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
        raise DATE_INVALID.broken() from None
    latest = (datetime.now(UTC) + timedelta(hours=14)).date().isoformat()
    if text > latest[: len(text)]:
        raise DATE_FUTURE.broken()
    return text


_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def _moment(value: object) -> datetime:
    """Read a time of RFC 3339. pydantic's own reader would take the text of a number as seconds since 1970."""
    if not isinstance(value, str):
        raise TYPE_TEXT.broken()
    found = _RFC_3339.fullmatch(value)
    if found is None:
        raise TIME_INVALID.broken()
    if found[2] is None:
        raise TIME_NO_ZONE.broken()
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise TIME_INVALID.broken() from None


def _only_true(value: bool) -> bool:
    if not value:
        raise TYPE_TRUE.broken()
    return value


def line(most: int) -> StringConstraints:
    """Return the constraint of a text of one line with at most ``most`` characters."""
    return StringConstraints(min_length=1, max_length=most, pattern=din91379.LINE)


Ags = Annotated[str, matching("^[0-9]{8}$", AGS_FORMAT), Field(examples=["03454035"])]
"""Amtlicher Gemeindeschlüssel, 8 digits, always text: it begins with a zero."""

Plz = Annotated[str, matching("^[0-9]{5}$", PLZ_FORMAT), Field(examples=["49716"])]
Hausnummer = Annotated[str, matching("^[0-9]{1,4}$", HAUSNUMMER_FORMAT), Field(examples=["12"])]

_ZUSATZ = f"{din91379.LETTERS}0-9./"
Hausnummerzusatz = Annotated[
    str, matching(f"^[{_ZUSATZ}](?:[{_ZUSATZ} ]{{0,2}}[{_ZUSATZ}])?$", HAUSNUMMERZUSATZ_FORMAT), Field(examples=["a"])
]
PortalCase = Annotated[
    str, matching("^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$", PORTAL_CASE_FORMAT), Field(examples=["OR-2026-000123"])
]
Mittel = Annotated[str, matching("^[a-z][a-z0-9_.-]{0,39}$", MITTEL_FORMAT), Field(examples=["eid"])]

Name = Annotated[str, line(200)]
Strasse = Annotated[str, line(55)]
"""At most 55 characters (XMeld 25.11a, schema text)."""

StrasseUndHausnummer = Annotated[str, line(100)]
Teilnummer = Annotated[str, line(10)]

TeilbekanntesDatum = Annotated[
    str,
    matching("^(?:[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?|unbekannt)$", DATE_FORMAT),
    AfterValidator(_calendar_date),
    Field(examples=["1984-08-12", "1984-08", "1984", "unbekannt"]),
]
"""A date that may be known in part or not at all (XInneres datum/2, TeilbekanntesDatumMitUnbekannt)."""

Moment = Annotated[
    datetime,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Field(examples=["2026-11-23T09:15:30+01:00"]),
]
"""A time with its zone."""

OnlyTrue = Annotated[bool, AfterValidator(_only_true), WithJsonSchema({"const": True, "type": "boolean"})]
