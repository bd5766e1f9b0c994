"""The server's side of SOAP 1.2 with WS-Addressing: reads requests, validates them, writes replies and faults."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from uuid import uuid4

from lxml import etree

from gateway.transport.soap.envelope import ANONYMOUS, S12, WSA
from gateway.transport.soap.parsing import UnacceptableXmlError, parse
from gateway.transport.xta.service import BOX, META, SCHEMA_FILE, XTA

_OURS = (META, BOX, XTA)
_NSMAP = {"s12": S12, "wsa": WSA, "oscimeta": META, "osci": BOX, "xta": XTA}
_validating = threading.Lock()


class RequestRefusedError(Exception):
    """The request is not one of XTA: answered with a SOAP fault of this code and without XTA detail."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request that is well-formed SOAP. ``valid`` tells if its header blocks and body obey the XTA schema."""

    attempt_id: str
    action: str
    header: dict[str, etree._Element]
    body: etree._Element | None
    valid: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What an operation answers: header blocks and at most one body element."""

    header: tuple[etree._Element, ...] = ()
    body: etree._Element | None = None


def read(data: bytes, action: str) -> Request:
    """Read a request whose HTTP header names ``action``; raises RequestRefusedError."""
    try:
        root = parse(data)
    except UnacceptableXmlError as error:
        raise RequestRefusedError("Sender") from error
    if root.tag != f"{{{S12}}}Envelope":
        raise RequestRefusedError("VersionMismatch")
    if [child.tag for child in root] != [f"{{{S12}}}Header", f"{{{S12}}}Body"] or len(root[1]) > 1:
        raise RequestRefusedError("Sender")
    header = {str(block.tag): block for block in root[0]}
    body = root[1][0] if len(root[1]) else None
    attempt_id = _text(header, "MessageID")
    reply_to = header.get(f"{{{WSA}}}ReplyTo")
    anonymous = reply_to is None or reply_to.findtext(f"{{{WSA}}}Address") == ANONYMOUS
    if len(header) != len(root[0]) or not attempt_id or not _text(header, "To") or not anonymous:
        raise RequestRefusedError("Sender")
    if _text(header, "Action") != action:
        raise RequestRefusedError("Sender")
    parts = [block for block in root[0] if etree.QName(block).namespace in _OURS]
    return Request(
        attempt_id=attempt_id,
        action=action,
        header=header,
        body=body,
        valid=all(is_valid(part) for part in (*parts, *([] if body is None else [body]))),
    )


def is_valid(element: etree._Element) -> bool:
    """Tell if one element of XTA obeys our schema."""
    with _validating:
        return bool(_schema().validate(etree.ElementTree(element)))


def write(reply: Reply, *, action: str, relates_to: str) -> bytes:
    """Return the reply's envelope, bytes in UTF-8."""
    root, body = _envelope(reply.header, action=action, relates_to=relates_to)
    if reply.body is not None:
        body.append(reply.body)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def write_fault(code: str, *, action: str, relates_to: str, detail: etree._Element | None = None) -> bytes:
    """Return a fault's envelope; ``code`` is ``Sender``, ``Receiver`` or another of SOAP 1.2."""
    root, body = _envelope((), action=action, relates_to=relates_to)
    fault = etree.SubElement(body, f"{{{S12}}}Fault")
    etree.SubElement(etree.SubElement(fault, f"{{{S12}}}Code"), f"{{{S12}}}Value").text = f"s12:{code}"
    text = etree.SubElement(etree.SubElement(fault, f"{{{S12}}}Reason"), f"{{{S12}}}Text")
    text.set("{http://www.w3.org/XML/1998/namespace}lang", "de")
    text.text = "Der Aufruf ist abgewiesen."
    if detail is not None:
        etree.SubElement(fault, f"{{{S12}}}Detail").append(detail)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def xta_fault(exception: str, number: str, name: str) -> etree._Element:
    """Return the detail element of an XTA exception with its one error number."""
    detail = etree.Element(f"{{{XTA}}}{exception}", nsmap={"xta": XTA})
    error = etree.SubElement(detail, f"{{{XTA}}}errorCode")
    error.set("listURI", "urn:de:xta:webservice:codeliste:fehlernummer")
    error.set("listVersionID", "1.0")
    etree.SubElement(error, "code").text = number
    etree.SubElement(error, "name").text = name
    return detail


def _envelope(
    blocks: tuple[etree._Element, ...], *, action: str, relates_to: str
) -> tuple[etree._Element, etree._Element]:
    root = etree.Element(f"{{{S12}}}Envelope", nsmap=_NSMAP)
    header = etree.SubElement(root, f"{{{S12}}}Header")
    etree.SubElement(header, f"{{{WSA}}}Action").text = action
    etree.SubElement(header, f"{{{WSA}}}MessageID").text = f"urn:uuid:{uuid4()}"
    if relates_to:
        etree.SubElement(header, f"{{{WSA}}}RelatesTo").text = relates_to
    header.extend(blocks)
    return root, etree.SubElement(root, f"{{{S12}}}Body")


def _text(header: dict[str, etree._Element], name: str) -> str:
    block = header.get(f"{{{WSA}}}{name}")
    return "" if block is None else (block.text or "").strip()


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA_FILE, etree.XMLParser(no_network=True, resolve_entities=False)))
