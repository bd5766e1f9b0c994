"""A Meldebehörde that answers XMeld 25.11a 1700 with 1701: a second implementation, independent of the gateway's.

Fictitious through and through: it knows nobody, and finds whoever is asked for, except persons of the family name
``Unbekannt``. One order makes one case: a nachrichtenUUID that it has seen before creates none and gets no answer.
"""

from __future__ import annotations

import base64
import copy
import re
import threading
from collections import Counter
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from lxml import etree

from adapters.xta.simulation.pdf import one_page
from gateway.transport.soap.parsing import parse

XMELD = "http://www.osci.de/xmeld2511a"
ORDER = "onlinedienste.abrufanfrage.meldebescheinigung.1700"
ANSWER = "onlinedienste.meldebescheinigungAntwort.1701"

_BERLIN = ZoneInfo("Europe/Berlin")
_LIST = "urn:xoev-de:xmeld:codeliste:"
_TYPES = ("urn:de:xmeld:schluesseltabelle:xmeld.nachrichten", "25.11a")
_RESULT = (f"{_LIST}onlinedienste.abruf.ergebnisstatus", "1")
_REFUSAL = (f"{_LIST}onlinedienste.nichterstellung.grund", "1")
_CHANNEL = ("urn:de:xoev:codeliste:erreichbarkeit", "3")
_DWELLING = ("urn:de:dsmeld:schluesseltabelle:wohnungsstatus", "2")
_NUMBER = re.compile(r"^(?P<strasse>.+?)\s+(?P<hausnummer>\d{1,4})\s*(?P<zusatz>[A-Za-z0-9./]{1,4})?$")


class Meldebehoerde:
    """The office. ``wohnort`` stands in for the register, since 1700 names no place; ``fee_for_post``: by letter only
    after payment (ergebnisstatus 02) instead of at once (01 without content).
    """

    def __init__(self, *, wohnort: str = "Musterort", fee_for_post: bool = False) -> None:
        self._wohnort = wohnort
        self._fee_for_post = fee_for_post
        self._lock = threading.Lock()
        self._orders: Counter[str] = Counter()

    @property
    def cases(self) -> int:
        """How many cases there are: one for each nachrichtenUUID."""
        with self._lock:
            return len(self._orders)

    def orders(self, message_uuid: str) -> int:
        """How often an order with this nachrichtenUUID arrived; more than one means that somebody sent it twice."""
        with self._lock:
            return self._orders[message_uuid]

    def receive(self, content: bytes) -> bytes | None:
        """Take an order; return the answer 1701, or None for another kind of message or one seen before.

        Raises ValueError or UnacceptableXmlError if the order is not one; it then counts as not arrived.
        """
        order = parse(content)
        message_uuid = _at(order, "nachrichtenkopf.g2g/identifikation.nachricht/nachrichtenUUID").text or ""
        answer = self._answer(order) if order.tag == _x(ORDER) else None
        with self._lock:
            self._orders[message_uuid] += 1
            first = self._orders[message_uuid] == 1
        return answer if first else None

    def _answer(self, order: etree._Element) -> bytes:
        root = etree.Element(f"{{{XMELD}}}{ANSWER}", nsmap={"xmeld": XMELD})
        for name, value in {
            "produkt": "Musterverfahren",
            "produkthersteller": "Musterhersteller (fiktiv)",
            "produktversion": "1.0",
            "standard": "XMeld",
            "version": "25.11a",
        }.items():
            root.set(name, value)
        if order.get("test") is not None:
            root.set("test", "Simulator")
        _header(root, order)
        answer = _sub(root, "antwortAbrufanfrage")
        family_name = order.findtext(f"{_x('identifikation')}/{_x('familienname.unstrukturiert')}/name")
        if family_name == "Unbekannt":
            _code(answer, _x("grundDerRueckweisung"), "01", _REFUSAL)
        else:
            self._information(_sub(answer, "auskunft"), order)
        origin = _sub(root, "ursprungsnachricht")
        identification = _at(order, "nachrichtenkopf.g2g/identifikation.nachricht")
        origin.extend(copy.deepcopy(child) for child in identification)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _information(self, information: etree._Element, order: etree._Element) -> None:
        wanted = order.findtext(f"{_x('steuerungsinformationen')}/{_x('zustellvariante')}/code")
        by_letter = wanted == "01"
        _code(information, _x("ergebnisstatus"), "02" if by_letter and self._fee_for_post else "01", _RESULT)
        if by_letter:
            return
        certificate = _sub(information, "meldebescheinigung")
        if wanted == "03":
            page = one_page(
                ["Meldebescheinigung (Muster)", "", "Fiktives Dokument eines Simulators, ohne Rechtswirkung."]
            )
            _sub(certificate, "pdfDokument").text = base64.b64encode(page).decode()
        else:
            self._data(_sub(_sub(certificate, "meldedaten"), "personendaten"), order)

    def _data(self, person: etree._Element, order: etree._Element) -> None:
        """The minimum: name, birth date, current dwelling, all as the order names them."""
        asked = _at(order, _x("identifikation"))
        name = _sub(person, "name")
        _copy_children(
            asked, "familienname.unstrukturiert", _sub(_sub(name, "familienname.unstrukturiert"), "nachname")
        )
        _copy_children(asked, "vornamen", _sub(_sub(name, "vornamen"), "vornamen"))
        birth = _at(asked, f"{_x('geburt')}/{_x('geburtsdatum')}")
        _sub(person, "geburtsangaben").append(copy.deepcopy(birth))
        dwelling = _sub(person, "wohnung")
        address = _at(asked, _x("anschrift"))
        self._address(_sub(_sub(dwelling, "anschrift"), "anschrift.inland"), address)
        _code(dwelling, _x("statusderwohnung"), "0", _DWELLING)

    def _address(self, inland: etree._Element, asked: etree._Element) -> None:
        key = _at(asked, _x("gemeindeschluessel"))
        _code(
            inland,
            "gemeindeschluessel",
            key.findtext("code") or "",
            (key.get("listURI", ""), key.get("listVersionID", "")),
        )
        street = _street(asked)
        for name, value in (
            ("hausnummer", street.get("hausnummer")),
            ("hausnummerBuchstabeZusatzziffer", street.get("hausnummerBuchstabeZusatzziffer")),
            ("postleitzahl", asked.findtext(_x("postleitzahl"))),
            ("strasse", street["strasse"]),
            ("teilnummerDerHausnummer", street.get("teilnummerDerHausnummer")),
            ("wohnort", self._wohnort),
        ):
            if value:
                etree.SubElement(inland, name).text = value


def _header(root: etree._Element, order: etree._Element) -> None:
    """Exchange reader and author; the office adds how it can be reached."""
    asked = _at(order, "nachrichtenkopf.g2g")
    head = etree.SubElement(root, "nachrichtenkopf.g2g")
    identification = etree.SubElement(head, "identifikation.nachricht")
    etree.SubElement(identification, "nachrichtenUUID").text = str(uuid4())
    _code(identification, "nachrichtentyp", "1701", _TYPES)
    now = datetime.now(_BERLIN).isoformat(timespec="milliseconds")
    etree.SubElement(identification, "erstellungszeitpunkt").text = now
    _party(head, "leser", _at(asked, "autor"))
    office = _party(head, "autor", _at(asked, "leser"))
    reach = etree.SubElement(office, "erreichbarkeit")
    _code(reach, "kanal", "01", _CHANNEL)
    etree.SubElement(reach, "kennung").text = "meldebehoerde@example.org"
    building = etree.SubElement(etree.SubElement(root, "anschrift.autor"), "gebaeude")
    for name, value in (
        ("hausnummer", "1"),
        ("postleitzahl", "49716"),
        ("strasse", "Musterplatz"),
        ("wohnort", "Musterort"),
    ):
        etree.SubElement(building, name).text = value


def _party(head: etree._Element, role: str, known: etree._Element) -> etree._Element:
    party = etree.SubElement(head, role)
    party.extend(copy.deepcopy(child) for child in known if child.tag != "erreichbarkeit")
    return party


def _street(asked: etree._Element) -> dict[str, str]:
    given = asked.find(f"{_x('strasseUndHausnummer')}/{_x('strukturiert')}")
    if given is not None:
        return {str(child.tag): child.text or "" for child in given}
    line = (asked.findtext(f"{_x('strasseUndHausnummer')}/{_x('konkateniert')}") or "").strip()
    found = _NUMBER.match(line)
    if found is None:
        return {"strasse": line}
    return {
        "strasse": found["strasse"],
        "hausnummer": found["hausnummer"],
        "hausnummerBuchstabeZusatzziffer": found["zusatz"] or "",
    }


def _copy_children(parent: etree._Element, name: str, target: etree._Element) -> None:
    target.extend(copy.deepcopy(child) for child in _at(parent, _x(name)))


def _at(parent: etree._Element, path: str) -> etree._Element:
    found = parent.find(path)
    if found is None:
        raise ValueError("the order lacks a part that the schema demands")
    return found


def _x(name: str) -> str:
    return f"{{{XMELD}}}{name}"


def _sub(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, _x(name))


def _code(parent: etree._Element, tag: str, value: str, code_list: tuple[str, str]) -> None:
    element = etree.SubElement(parent, tag, listURI=code_list[0], listVersionID=code_list[1])
    etree.SubElement(element, "code").text = value
