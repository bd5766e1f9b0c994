"""The XTA documents that a server writes: metadata with its own additions, reports, mailbox headers, containers."""

from __future__ import annotations

import base64
import copy
from datetime import datetime

from lxml import etree

from adapters.xta.simulation.state import Final, Order
from gateway.transport.soap.envelope import WSA
from gateway.transport.xta.service import BOX, META, XTA

REASONS = "http://www.osci.eu/ws/2008/05/transport/MsgBox/reasons/"
IDENTITY = "urn:example:xta:simulator"

_RECORDS = ("urn:de:xta:codeliste:record.type", "1.0")
_FAULTS = ("urn:de:xta:webservice:codeliste:fehlernummer", "1.0")


def m(name: str) -> str:
    """Qualified name in the metadata namespace."""
    return f"{{{META}}}{name}"


def message_id_of(metadata: etree._Element) -> str:
    """The XTA message id that the metadata names."""
    return (metadata.findtext(f"{m('MsgIdentification')}/{{{WSA}}}MessageID") or "").strip()


def with_times(metadata: etree._Element, at: datetime) -> etree._Element:
    """Return a copy with InitialSend and Delivery, as a server adds them."""
    stamped = copy.deepcopy(metadata)
    attributes = stamped.find(m("DeliveryAttributes"))
    if attributes is not None:
        for name in ("InitialSend", "Delivery"):
            for old in attributes.findall(m(name)):
                attributes.remove(old)
        origin = attributes.find(m("Origin"))
        begin = 0 if origin is None else 1
        attributes.insert(begin, _text(m("InitialSend"), _iso(at)))
        after = begin + 1
        while after < len(attributes) and attributes[after].tag in (m("NotBefore"), m("ObsoleteAfter")):
            after += 1
        attributes.insert(after, _text(m("Delivery"), _iso(at)))
    return stamped


def answer_metadata(
    question: etree._Element, xta_id: str, *, root_name: str, namespace: str, size: int
) -> etree._Element:
    """Return the metadata of an answer: parties exchanged, the question referred to."""
    answer = copy.deepcopy(question)
    author = question.find(f"{m('Originators')}/{m('Author')}/{m('Identifier')}")
    reader = question.find(f"{m('Destinations')}/{m('Reader')}/{m('Identifier')}")
    _replace(answer, f"{m('Originators')}/{m('Author')}", m("Identifier"), reader)
    _replace(answer, f"{m('Destinations')}/{m('Reader')}", m("Identifier"), author)
    identification = answer.find(m("MsgIdentification"))
    message_type = answer.find(f"{m('Qualifier')}/{m('MessageType')}")
    code = None if message_type is None else message_type.find("code")
    if identification is None or message_type is None or code is None:
        raise ValueError("metadata that passed the schema lack a part")
    identification[0].text = xta_id
    identification.insert(1, _text(m("In-Reply-To"), message_id_of(question)))
    code.text = root_name
    message_type.set("payloadSchema", namespace)
    for old in answer.findall(m("MsgSize")):
        answer.remove(old)
    answer.append(_text(m("MsgSize"), str(size)))
    return answer


def placeholder_metadata(xta_id: str, author: str) -> etree._Element:
    """Return what a server knows of an id that was issued and never used."""
    metadata = etree.Element(m("MessageMetaData"), nsmap={"oscimeta": META, "wsa": WSA})
    etree.SubElement(metadata, m("DeliveryAttributes"))
    for outer, inner, identifier in (("Originators", "Author", author), ("Destinations", "Reader", "unknown")):
        party = etree.SubElement(etree.SubElement(metadata, m(outer)), m(inner))
        etree.SubElement(party, m("Identifier"), type="xoev").text = identifier
    identification = etree.SubElement(metadata, m("MsgIdentification"))
    identification.append(_text(f"{{{WSA}}}MessageID", xta_id))
    qualifier = etree.SubElement(metadata, m("Qualifier"))
    qualifier.append(_text(m("Service"), "urn:unknown"))
    etree.SubElement(qualifier, m("BusinessScenario")).append(_text(m("Undefined"), "unknown"))
    kind = etree.SubElement(
        qualifier, m("MessageType"), payloadSchema="urn:unknown", listURI="urn:unknown", listVersionID="1"
    )
    etree.SubElement(kind, "code").text = "unknown"
    return metadata


def report(metadata: etree._Element, order: Order | None, *, now: datetime, still_open: bool) -> etree._Element:
    """Return a TransportReport; ``order`` None: the id is known, and nothing was sent under it."""
    root = etree.Element(f"{{{XTA}}}TransportReport", nsmap={"xta": XTA})
    root.append(metadata)
    root.append(_text(f"{{{XTA}}}ReportTime", _iso(now)))
    root.append(_text(f"{{{XTA}}}XTAServerIdentity", IDENTITY))
    status = etree.SubElement(root, f"{{{XTA}}}MessageStatus")
    number = "0" if order is None or still_open else {Final.GREEN: "1", Final.YELLOW: "2"}.get(order.final, "3")
    status.append(_text(f"{{{XTA}}}Status", number))
    if order is None:
        return root
    if number == "3":
        refused = order.final is Final.REFUSED
        _record(
            status,
            "ErrorList",
            "Error",
            now,
            ("9050" if refused else "transport.failed", _FAULTS if refused else _RECORDS),
        )
    if number == "2":
        _record(status, "WarnList", "Warning", now, ("certificate.expires", _RECORDS))
    _record(status, "InfoList", "Info", order.accepted_at, ("accepted", _RECORDS))
    return root


def container(content: bytes, filename: str) -> etree._Element:
    """Return a GenericContentContainer with one message."""
    root = etree.Element(f"{{{XTA}}}GenericContentContainer", nsmap={"xta": XTA})
    message = etree.SubElement(etree.SubElement(root, f"{{{XTA}}}ContentContainer"), f"{{{XTA}}}Message")
    message.set("contentType", "text/xml")
    message.set("encoding", "UTF-8")
    message.set("filename", filename)
    message.set("size", str(len(content)))
    message.text = base64.b64encode(content).decode()
    return root


def box_answer(iterator_id: str, *, pending: int | None = None, reason: str = "NoMatch") -> etree._Element:
    """Return the MsgBoxResponse header: what is left, or why there is nothing."""
    root = etree.Element(f"{{{BOX}}}MsgBoxResponse", MsgBoxRequestID=iterator_id, nsmap={"osci": BOX})
    if pending is None:
        etree.SubElement(root, f"{{{BOX}}}NoMessageAvailable", reason=REASONS + reason)
    else:
        etree.SubElement(root, f"{{{BOX}}}ItemsPending").text = str(pending)
    return root


def _record(status: etree._Element, outer: str, inner: str, at: datetime, code: tuple[str, tuple[str, str]]) -> None:
    record = etree.SubElement(etree.SubElement(status, f"{{{XTA}}}{outer}"), f"{{{XTA}}}{inner}")
    record.append(_text(f"{{{XTA}}}Timestamp", _iso(at)))
    listed = etree.SubElement(record, f"{{{XTA}}}Code", listURI=code[1][0], listVersionID=code[1][1])
    etree.SubElement(listed, "code").text = code[0]
    record.append(_text(f"{{{XTA}}}Reason", "Eintrag des Simulators"))


def _replace(root: etree._Element, path: str, tag: str, new: etree._Element | None) -> None:
    party = root.find(path)
    if party is None or new is None:
        raise ValueError("metadata that passed the schema lack a party")
    for old in list(party):
        party.remove(old)
    party.append(copy.deepcopy(new))
    party[0].tag = tag


def _text(tag: str, text: str) -> etree._Element:
    element = etree.Element(tag)
    element.text = text
    return element


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
