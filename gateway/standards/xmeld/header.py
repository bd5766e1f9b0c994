"""Root element and header of the new generation of XMeld messages (17xx): ``nachrichtenkopf.g2g``, addresses.

XMeld 25.11a, type Nachrichtenkopf.G2G on XÖV-Basisnachricht 1.1. The header and everything in it has no namespace.
The order of elements is the schema's, which in addresses is alphabetical and not logical.
"""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

import gateway
from gateway.model import Contact, Message, MessageHeader, Party, PostalAddress
from gateway.standards.xmeld.codes import ERREICHBARKEIT, NACHRICHTEN, VERZEICHNISDIENST, CodeList
from gateway.standards.xmeld.versions import Version

PRODUKT = "XÖV-Gateway"
HERSTELLER = "Projekt XÖV-Gateway"

_new = etree.SubElement


def start(name: str, header: MessageHeader, version: Version) -> etree._Element:
    """Return the root element ``name`` (it ends in the four digits of the message) with its complete header.

    The attribute ``test`` is present only in a test message: its presence, with whatever text, tells the reader not
    to process the message productively.
    """
    attributes = {
        "produkt": PRODUKT,
        "produkthersteller": HERSTELLER,
        "produktversion": gateway.__version__,
        "standard": "XMeld",
        "version": version.name,
    }
    if header.test:
        attributes["test"] = "Testnachricht"
    root = etree.Element(version.tag(name), attributes, nsmap={"xmeld": version.namespace})
    head = _new(root, "nachrichtenkopf.g2g")
    _identification(_new(head, "identifikation.nachricht"), name[-4:], header, version)
    _party(_new(head, "leser"), header.reader)
    _party(_new(head, "autor"), header.author)
    _address(_new(root, "anschrift.leser"), header.reader.address)
    _address(_new(root, "anschrift.autor"), header.author.address)
    return root


def finish(root: etree._Element, header: MessageHeader, version: Version) -> Message:
    """Serialise the complete tree, once: UTF-8 with XML declaration, no white space between elements."""
    name = etree.QName(root).localname
    return Message(
        id=header.message_id,
        standard="xmeld",
        version=version.name,
        type=name[-4:],
        namespace=version.namespace,
        root=name,
        filename=f"xmeld-{name[-4:]}-{header.message_id}.xml",
        created_at=header.created_at,
        content=etree.tostring(root, encoding="UTF-8", xml_declaration=True),
    )


def code(parent: etree._Element, tag: str, value: str, uri: str, list_version: str) -> None:
    """Append a code with its list (XÖV type Code)."""
    _new(_new(parent, tag, {"listURI": uri, "listVersionID": list_version}), "code").text = value


def listed(parent: etree._Element, tag: str, value: str, codes: CodeList) -> None:
    """Append a code of a list whose version is ours to name."""
    code(parent, tag, value, codes.uri, codes.version)


def timestamp(at: datetime) -> str:
    """Write a time as xs:dateTime in UTC with milliseconds and zone, as the Basisnachricht asks for."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _identification(parent: etree._Element, number: str, header: MessageHeader, version: Version) -> None:
    _new(parent, "nachrichtenUUID").text = header.message_id
    code(parent, "nachrichtentyp", number, NACHRICHTEN, version.name)
    _new(parent, "erstellungszeitpunkt").text = timestamp(header.created_at)


def _party(parent: etree._Element, party: Party) -> None:
    listed(parent, "verzeichnisdienst", "DVDV", VERZEICHNISDIENST)
    _new(parent, "kennung").text = party.identifier
    _new(parent, "name").text = party.name
    for contact in party.contacts:
        _contact(_new(parent, "erreichbarkeit"), contact)


def _contact(parent: etree._Element, contact: Contact) -> None:
    listed(parent, "kanal", contact.channel, ERREICHBARKEIT)
    _new(parent, "kennung").text = contact.address


def _address(parent: etree._Element, address: PostalAddress) -> None:
    building = _new(parent, "gebaeude")
    if address.hausnummer:
        _new(building, "hausnummer").text = address.hausnummer
    if address.hausnummerzusatz:
        _new(building, "hausnummerBuchstabeZusatzziffer").text = address.hausnummerzusatz
    _new(building, "postleitzahl").text = address.plz
    _new(building, "strasse").text = address.strasse
    _new(building, "wohnort").text = address.ort
