"""An application and a header that are right, for tests that change one thing."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from gateway.model import Contact, MessageHeader, Party, PostalAddress

_APPLICATION: dict[str, Any] = {
    "service": "meldebescheinigung",
    "ags": "03454035",
    "portal_case": "OR-2026-000123",
    "submitted_at": "2026-11-23T09:15:30+01:00",
    "identification": {"vertrauensniveau": "hoch", "mittel": "eid"},
    "antragsteller": {
        "familienname": {"name": "Mustermann"},
        "vornamen": {"name": "Erika"},
        "geburtsdatum": "1984-08-12",
        "anschrift": {
            "ags": "03454035",
            "plz": "49716",
            "strasse": "Musterstraße",
            "hausnummer": "12",
            "hausnummerzusatz": "a",
        },
    },
    "antrag": {"umfang": ["06", "15"], "zustellung": "daten"},
}


def application(**changes: Any) -> dict[str, Any]:
    """Return an application; a change names its place as ``antragsteller__anschrift__plz``, ``...`` takes it out."""
    document = copy.deepcopy(_APPLICATION)
    for place, value in changes.items():
        *path, last = place.split("__")
        at = document
        for step in path:
            at = at[step]
        if value is ...:
            del at[last]
        else:
            at[last] = value
    return document


def header(*, test: bool = True) -> MessageHeader:
    """Return the header of a message from a portal to the office in Meppen."""
    return MessageHeader(
        message_id="3f2504e0-4f89-41d3-9a0c-0305e82c1700",
        created_at=datetime(2026, 11, 23, 8, 15, 31, 7000, tzinfo=UTC),
        author=Party(
            identifier="mbp:000000001",
            name="Serviceportal Musterkreis",
            category="Meldebehördenportal",
            address=PostalAddress(strasse="Musterweg", hausnummer="1", hausnummerzusatz="b", plz="49999", ort="Muster"),
            contacts=(
                Contact(channel="01", address="portal@example.org"),
                Contact(channel="02", address="05900 1234"),
            ),
        ),
        reader=Party(
            identifier="ags:03454035",
            name="Stadt Meppen, Einwohnermeldeamt",
            category="Meldebehörde",
            address=PostalAddress(strasse="Beispielplatz", plz="49716", ort="Meppen"),
        ),
        test=test,
    )
