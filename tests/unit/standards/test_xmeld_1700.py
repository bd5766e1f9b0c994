"""Building XMeld 1700: what stands where, and that it is the same on every run."""

from __future__ import annotations

import dataclasses
from datetime import timedelta, timezone

import pytest
from lxml import etree

from gateway.model import Message
from gateway.standards.xmeld.codes import Zustellvariante
from gateway.standards.xmeld.identifikation import Anschrift, Identifikation, Konkateniert, Strukturiert
from gateway.standards.xmeld.meldebescheinigung import Anfrage, build_1700
from tests.examples import header

X = "{http://www.osci.de/xmeld2511a}"
HOME = Anschrift(ags="03454035", plz="49716", strasse=Konkateniert(strasse_und_hausnummer="Musterstraße 12 a"))
ERIKA = Identifikation(familienname="Mustermann", vornamen="Erika", geburtsdatum="1984-08-12", anschrift=HOME)


def _build(person: Identifikation = ERIKA, erweitert: tuple[str, ...] = (), *, test: bool = True) -> Message:
    order = Anfrage(person=person, erweitert=erweitert, zustellung=Zustellvariante.DATEN)
    return build_1700(order, header(test=test), "25.11a")


def _outline(element: etree._Element) -> list[str]:
    """Names in document order, ``x:`` for the XMeld namespace."""
    return [str(one.tag).replace(X, "x:") for one in element.iter()]


def test_message_record_says_what_the_bytes_are() -> None:
    message = _build()
    root = etree.fromstring(message.content)
    assert root.tag == f"{{{message.namespace}}}{message.root}"
    assert (message.standard, message.version, message.type) == ("xmeld", "25.11a", "1700")
    assert message.id == header().message_id
    assert message.filename == f"xmeld-1700-{message.id}.xml"


def test_bytes_are_utf8_with_declaration_and_the_same_on_every_run() -> None:
    content = _build().content
    assert content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n")
    assert "Musterstraße 12 a".encode() in content
    assert b"\r" not in content
    assert content == _build().content


def test_root_attributes_name_product_and_release() -> None:
    root = etree.fromstring(_build().content)
    assert root.get("standard") == "XMeld"
    assert root.get("version") == "25.11a"
    assert {"produkt", "produkthersteller", "produktversion"} <= set(root.attrib)


def test_only_a_test_message_has_the_attribute_test() -> None:
    assert etree.fromstring(_build(test=True).content).get("test")
    assert "test" not in etree.fromstring(_build(test=False).content).attrib


def test_header_has_the_order_of_the_schema() -> None:
    root = etree.fromstring(_build().content)
    party = ["verzeichnisdienst", "code", "kennung", "name"]
    contact = ["erreichbarkeit", "kanal", "code", "kennung"]
    assert _outline(root[0]) == [
        *["nachrichtenkopf.g2g", "identifikation.nachricht", "nachrichtenUUID", "nachrichtentyp", "code"],
        *["erstellungszeitpunkt", "leser", *party, "autor", *party, *contact, *contact],
    ]
    assert _outline(root[1]) == ["anschrift.leser", "gebaeude", "postleitzahl", "strasse", "wohnort"]
    assert _outline(root[2]) == [
        *["anschrift.autor", "gebaeude", "hausnummer", "hausnummerBuchstabeZusatzziffer", "postleitzahl"],
        *["strasse", "wohnort"],
    ]


def test_header_takes_ids_from_the_directory_entries() -> None:
    head = etree.fromstring(_build().content)[0]
    assert head.findtext("leser/kennung") == "ags:03454035"
    assert head.findtext("autor/kennung") == "mbp:000000001"
    assert head.findtext("identifikation.nachricht/nachrichtentyp/code") == "1700"


def test_time_has_milliseconds_and_zone() -> None:
    at = dataclasses.replace(header(), created_at=header().created_at.astimezone(timezone(timedelta(hours=1))))
    order = Anfrage(person=ERIKA, erweitert=(), zustellung=Zustellvariante.POST)
    root = etree.fromstring(build_1700(order, at, "25.11a").content)
    assert root.findtext(".//erstellungszeitpunkt") == "2026-11-23T08:15:31.007+00:00"


def test_identification_in_parts() -> None:
    street = Strukturiert(strasse="Musterweg", hausnummer="7", hausnummerzusatz="b", teilnummer="2")
    person = dataclasses.replace(ERIKA, anschrift=dataclasses.replace(HOME, strasse=street))
    element = etree.fromstring(_build(person).content)[3]
    assert _outline(element) == [
        *["x:identifikation", "x:familienname.unstrukturiert", "name", "x:vornamen", "name"],
        *["x:geburt", "x:geburtsdatum", "teilbekanntesDatum", "jahrMonatTag"],
        *["x:anschrift", "x:gemeindeschluessel", "code", "x:postleitzahl", "x:strasseUndHausnummer", "x:strukturiert"],
        *["hausnummer", "hausnummerBuchstabeZusatzziffer", "strasse", "teilnummerDerHausnummer"],
    ]


def test_missing_names_are_said_to_be_missing() -> None:
    element = etree.fromstring(_build(dataclasses.replace(ERIKA, vornamen=None)).content)[3]
    assert element.findtext(f"{X}vornamen/nichtVorhanden") == "true"
    assert element.findtext(f"{X}familienname.unstrukturiert/name") == "Mustermann"


@pytest.mark.parametrize(
    ("known", "path"),
    [
        ("1984-08-12", "teilbekanntesDatum/jahrMonatTag"),
        ("1984-08", "teilbekanntesDatum/jahrMonat"),
        ("1984", "teilbekanntesDatum/jahr"),
    ],
)
def test_birth_date_is_as_exact_as_it_is_known(known: str, path: str) -> None:
    element = etree.fromstring(_build(dataclasses.replace(ERIKA, geburtsdatum=known)).content)[3]
    assert element.findtext(f"{X}geburt/{X}geburtsdatum/{path}") == known


def test_unknown_birth_date_is_said_to_be_unknown() -> None:
    element = etree.fromstring(_build(dataclasses.replace(ERIKA, geburtsdatum=None)).content)[3]
    assert element.findtext(f"{X}geburt/{X}geburtsdatum/unbekannt") == "true"


def test_extent_is_the_minimum_or_the_codes() -> None:
    minimum = etree.fromstring(_build().content)[4][0]
    assert [(one.tag, one.text) for one in minimum] == [(f"{X}meldebescheinigungMindestumfang", "true")]
    extended = etree.fromstring(_build(erweitert=("06", "15")).content)[4][0]
    assert [one.findtext("code") for one in extended] == ["06", "15"]
    assert {one.get("listVersionID") for one in extended} == {"2"}


def test_unknown_release_is_refused_by_name() -> None:
    order = Anfrage(person=ERIKA, erweitert=(), zustellung=Zustellvariante.POST)
    with pytest.raises(ValueError, match=r"XMeld 24\.05 is not known here; known: 25\.11a"):
        build_1700(order, header(), "24.05")
