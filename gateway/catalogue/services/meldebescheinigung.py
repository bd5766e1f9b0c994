"""Meldebescheinigung: a certificate of, or data about, one's own registration (§§ 18, 18a BMG, §§ 4 to 6 BMeldDigiV).

The office in charge is the Meldebehörde of the only or main dwelling, so the AGS asked must be that of the address.
XMeld knows one exception, an office of a secondary dwelling that is asked by mistake or on purpose; such an office
answers with refusal 04, therefore the gateway does not send there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, JsonValue, Tag

from gateway.catalogue.application import Application
from gateway.catalogue.fields import Part, line, without_default
from gateway.catalogue.person import AllgemeinerName, Anschrift, Antragsteller
from gateway.catalogue.rules import LIST_EMPTY, Rule, matching
from gateway.catalogue.service import Service
from gateway.errors import FieldError
from gateway.model import Message, MessageHeader, TrustLevel
from gateway.standards.xmeld import identifikation as xmeld
from gateway.standards.xmeld.codes import ANFORDERUNGSELEMENTE, Zustellvariante
from gateway.standards.xmeld.meldebescheinigung import Anfrage, build_1700

AGS_NOT_OF_DWELLING = Rule(
    code="ags.not_of_dwelling",
    de="Zuständig ist die Meldebehörde der alleinigen Wohnung oder Hauptwohnung; der Gemeindeschlüssel des Antrags "
    "muss der der Anschrift sein.",
    en="The registration office of the only or main dwelling is in charge; the application's AGS must be that of the "
    "address.",
)
NAME_NONE = Rule(
    code="name.none",
    de="Familienname und Vornamen können nicht beide fehlen; ein einziger Name gehört in den Familiennamen.",
    en="Family name and given names cannot both be missing; a person's only name is the family name.",
)
UMFANG_FORMAT = Rule(
    code="umfang.format",
    de='Der Umfang ist „mindestumfang“ oder eine Liste von Codes, zum Beispiel ["06", "15"].',
    en='The extent is “mindestumfang” or a list of codes, for example ["06", "15"].',
)
UMFANG_CODE = Rule(
    code="umfang.code",
    de="Der Umfang nennt einen Code außerhalb von 01 bis 45.",
    en="The extent names a code outside 01 to 45.",
)
UMFANG_TWICE = Rule(code="umfang.twice", de="Der Umfang nennt einen Code zweimal.", en="The extent names a code twice.")

_ZUSTELLUNG = {"post": Zustellvariante.POST, "daten": Zustellvariante.DATEN, "dokument": Zustellvariante.DOKUMENT}


def _each_code_once(codes: tuple[str, ...]) -> tuple[str, ...]:
    if not codes:
        raise LIST_EMPTY.broken()
    if len(set(codes)) != len(codes):
        raise UMFANG_TWICE.broken()
    return codes


def _kind_of_extent(value: object) -> str | None:
    if isinstance(value, list | tuple):
        return "<codes>"
    return "<mindestumfang>" if value == "mindestumfang" else None


Anforderungselement = Annotated[
    str, matching("^(?:0[1-9]|[1-3][0-9]|4[0-5])$", UMFANG_CODE), Field(examples=["06", "15"])
]
Codes = Annotated[
    tuple[Anforderungselement, ...],
    Field(max_length=len(ANFORDERUNGSELEMENTE), json_schema_extra={"minItems": 1, "uniqueItems": True}),
    AfterValidator(_each_code_once),
]
Umfang = Annotated[
    Annotated[Literal["mindestumfang"], Tag("<mindestumfang>")] | Annotated[Codes, Tag("<codes>")],
    Discriminator(_kind_of_extent, custom_error_type=UMFANG_FORMAT.code, custom_error_message=UMFANG_FORMAT.en),
]


class Antrag(Part):
    """What is ordered, and how it shall come."""

    model_config = ConfigDict(
        title="Antrag", json_schema_extra={"description": "Was bescheinigt werden soll und wie es kommen soll."}
    )

    umfang: Annotated[
        Umfang,
        Field(
            title="Umfang",
            description="„mindestumfang“, oder die Codes 01 bis 45 dessen, was zusätzlich bescheinigt werden soll "
            "(Codeliste meldebescheinigung.anforderungselement).",
            examples=["mindestumfang", ["06", "15"]],
        ),
    ]
    zustellung: Annotated[
        Literal["post", "daten", "dokument"],
        Field(title="Zustellung", description="Als Brief, als Datensatz oder als PDF-Dokument."),
    ]
    zweck: Annotated[
        str,
        line(500),
        Field(
            title="Zweck",
            description="Nur für das Portal; geht nicht an die Meldebehörde.",
            json_schema_extra=without_default,
        ),
    ] = ""


_EXAMPLE: dict[str, JsonValue] = {
    "service": "meldebescheinigung",
    "ags": "03454035",
    "portal_case": "OR-2026-000123",
    "submitted_at": "2026-11-23T09:15:30+01:00",
    "identification": {"vertrauensniveau": "hoch", "mittel": "eid"},
    "antragsteller": {
        "familienname": {"name": "Mustermann"},
        "vornamen": {"name": "Erika"},
        "geburtsdatum": "1984-08-12",
        "anschrift": {"ags": "03454035", "plz": "49716", "strasse_und_hausnummer": "Musterstraße 12 a"},
    },
    "antrag": {"umfang": "mindestumfang", "zustellung": "dokument"},
}
"""Shown to portals; the documentation's tests hand it in."""


class MeldebescheinigungApplication(Application):
    """What a portal sends."""

    model_config = ConfigDict(
        title="Meldebescheinigung",
        json_schema_extra={"description": "Antrag auf eine Meldebescheinigung.", "examples": [_EXAMPLE]},
    )

    service: Annotated[Literal["meldebescheinigung"], Field(title="Leistung")]
    antragsteller: Antragsteller
    antrag: Antrag


class Meldebescheinigung(Service[MeldebescheinigungApplication]):
    """Ordered with XMeld 1700, answered with 1701."""

    id = "meldebescheinigung"
    title_de = "Meldebescheinigung"
    title_en = "Certificate of registration"
    description_de = (
        "Bescheinigung der Meldebehörde über die eigenen Meldedaten: als Brief, als Datensatz oder als PDF-Dokument."
    )
    description_en = "Certificate of one's own data in the residents' register: by letter, as data, or as a PDF."
    legal_basis = "§§ 18, 18a BMG, §§ 4 bis 6 BMeldDigiV"
    trust_level = TrustLevel.HOCH
    trust_law = "§ 4 BMeldDigiV"
    fee_de = (
        "Elektronisch gebührenfrei (§ 18 Abs. 3, § 18a Abs. 2 BMG); auf Papier nach der Gebührenordnung der Gemeinde."
    )
    fee_en = "Electronic: free (§ 18 (3), § 18a (2) BMG). On paper: by the municipality's fee schedule."
    standard = "xmeld"
    message_type = "1700"
    application = MeldebescheinigungApplication

    def check(self, application: MeldebescheinigungApplication) -> tuple[FieldError, ...]:
        person = application.antragsteller
        wrong = []
        if application.ags != person.anschrift.ags:
            wrong.append(AGS_NOT_OF_DWELLING.at("/ags"))
        if person.familienname.nicht_vorhanden and person.vornamen.nicht_vorhanden:
            wrong.append(NAME_NONE.at("/antragsteller/familienname"))
        return tuple(wrong)

    def ags(self, application: MeldebescheinigungApplication) -> str:
        return application.ags

    def build(self, application: MeldebescheinigungApplication, header: MessageHeader, version: str) -> Message:
        order = Anfrage(
            person=_person(application.antragsteller),
            erweitert=() if application.antrag.umfang == "mindestumfang" else application.antrag.umfang,
            zustellung=_ZUSTELLUNG[application.antrag.zustellung],
        )
        return build_1700(order, header, version)


def _person(applicant: Antragsteller) -> xmeld.Identifikation:
    known = applicant.geburtsdatum
    return xmeld.Identifikation(
        familienname=_name(applicant.familienname),
        vornamen=_name(applicant.vornamen),
        geburtsdatum=None if known == "unbekannt" else known,
        anschrift=xmeld.Anschrift(
            ags=applicant.anschrift.ags, plz=applicant.anschrift.plz, strasse=_street(applicant.anschrift)
        ),
    )


def _name(name: AllgemeinerName) -> str | None:
    return None if name.nicht_vorhanden else name.name


def _street(address: Anschrift) -> xmeld.Konkateniert | xmeld.Strukturiert:
    if address.strasse_und_hausnummer:
        return xmeld.Konkateniert(strasse_und_hausnummer=address.strasse_und_hausnummer)
    return xmeld.Strukturiert(
        strasse=address.strasse,
        hausnummer=address.hausnummer,
        hausnummerzusatz=address.hausnummerzusatz,
        teilnummer=address.teilnummer,
    )


SERVICE = Meldebescheinigung()
