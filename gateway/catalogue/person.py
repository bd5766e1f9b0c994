"""The applicant, as § 4 BMeldDigiV wants the person identified: names, birth date, address of the main dwelling.

Portals take these data from the means of identification where it can be read out.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from gateway.catalogue.fields import (
    Ags,
    Hausnummer,
    Hausnummerzusatz,
    Name,
    OnlyTrue,
    Part,
    Plz,
    Strasse,
    StrasseUndHausnummer,
    TeilbekanntesDatum,
    Teilnummer,
    without_default,
)
from gateway.catalogue.rules import Rule

NAME_ONE_OF = Rule(
    code="name.one_of",
    de="Bitte entweder name oder nicht_vorhanden angeben.",
    en="Give either name or nicht_vorhanden.",
)
STRASSE_MISSING = Rule(
    code="anschrift.strasse_missing",
    de="Der Anschrift fehlt die Straße: bitte strasse oder strasse_und_hausnummer angeben.",
    en="The address lacks the street: give strasse or strasse_und_hausnummer.",
)
STRASSE_TWICE = Rule(
    code="anschrift.strasse_twice",
    de="Die Straße bitte nur einmal angeben: strasse_und_hausnummer in einem Text, oder strasse mit ihren Teilen.",
    en="Give the street once: strasse_und_hausnummer as one text, or strasse with its parts.",
)

_PARTS_OF_STREET = ("strasse", "hausnummer", "hausnummerzusatz", "teilnummer")

_NAME_SCHEMA: dict[str, Any] = {
    "description": "Der Name, oder dass es keinen gibt. Ein einziger Name (Blockname) ist der Familienname.",
    "oneOf": [{"required": ["name"]}, {"required": ["nicht_vorhanden"]}],
}
_ADDRESS_SCHEMA: dict[str, Any] = {
    "description": "Anschrift der alleinigen Wohnung oder Hauptwohnung. Die Straße entweder mit Hausnummer in einem "
    "Text, wie sie der Personalausweis nennt, oder in Teilen.",
    "oneOf": [
        {
            "required": ["strasse_und_hausnummer"],
            "not": {"anyOf": [{"required": [part]} for part in _PARTS_OF_STREET]},
        },
        {"required": ["strasse"], "not": {"required": ["strasse_und_hausnummer"]}},
    ],
}


class AllgemeinerName(Part):
    """A name, or that there is none (XInneres allgemeinername/4). Digits are allowed, as in the schema."""

    model_config = ConfigDict(title="Name", json_schema_extra=_NAME_SCHEMA)

    name: Annotated[
        Name,
        Field(title="Name", examples=["Mustermann"], json_schema_extra=without_default),
    ] = ""
    nicht_vorhanden: Annotated[OnlyTrue, Field(title="Nicht vorhanden", json_schema_extra=without_default)] = False

    @model_validator(mode="after")
    def _one_of(self) -> AllgemeinerName:
        if bool(self.name) == self.nicht_vorhanden:
            raise NAME_ONE_OF.broken()
        return self


class Anschrift(Part):
    """Address of the only or main dwelling, with the street as one text or in parts."""

    model_config = ConfigDict(title="Anschrift", json_schema_extra=_ADDRESS_SCHEMA)

    ags: Annotated[Ags, Field(title="Amtlicher Gemeindeschlüssel", description="Gemeinde der Wohnung, 8 Ziffern.")]
    plz: Annotated[Plz, Field(title="Postleitzahl", description="Fünf Ziffern.")]
    strasse_und_hausnummer: Annotated[
        StrasseUndHausnummer,
        Field(
            title="Straße und Hausnummer",
            description="In einem Text, wie vom Personalausweis gelesen.",
            examples=["Musterstraße 12 a"],
            json_schema_extra=without_default,
        ),
    ] = ""
    strasse: Annotated[
        Strasse,
        Field(
            title="Straße",
            description="Ohne Hausnummer. Gibt es keine Straße, aber eine Hausnummer: „Hausnummer“; gibt es beides "
            "nicht: „ohne Hausnummer“.",
            examples=["Musterstraße"],
            json_schema_extra=without_default,
        ),
    ] = ""
    hausnummer: Annotated[
        Hausnummer, Field(title="Hausnummer", description="Nur Ziffern.", json_schema_extra=without_default)
    ] = ""
    hausnummerzusatz: Annotated[
        Hausnummerzusatz,
        Field(
            title="Hausnummernzusatz",
            description="Buchstabe oder Zusatzziffer, höchstens 4 Zeichen.",
            json_schema_extra=without_default,
        ),
    ] = ""
    teilnummer: Annotated[
        Teilnummer,
        Field(title="Teilnummer der Hausnummer", examples=["2"], json_schema_extra=without_default),
    ] = ""

    @model_validator(mode="after")
    def _street_once(self) -> Anschrift:
        in_parts = self.strasse or self.hausnummer or self.hausnummerzusatz or self.teilnummer
        if self.strasse_und_hausnummer and in_parts:
            raise STRASSE_TWICE.broken()
        if not self.strasse_und_hausnummer and not self.strasse:
            raise STRASSE_MISSING.broken()
        return self


class Antragsteller(Part):
    """The citizen who applies."""

    model_config = ConfigDict(
        title="Antragstellende Person",
        json_schema_extra={"description": "Die Person, wie sie im Melderegister steht und sich ausgewiesen hat."},
    )

    familienname: Annotated[AllgemeinerName, Field(title="Familienname")]
    vornamen: Annotated[
        AllgemeinerName, Field(title="Vornamen", description="Alle Vornamen, durch Leerzeichen getrennt.")
    ]
    geburtsdatum: Annotated[
        TeilbekanntesDatum,
        Field(
            title="Geburtsdatum",
            description="JJJJ-MM-TT; ist nur ein Teil bekannt JJJJ-MM oder JJJJ, sonst „unbekannt“.",
        ),
    ]
    anschrift: Anschrift
