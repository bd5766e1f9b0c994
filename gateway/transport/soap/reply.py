"""Reads a SOAP 1.2 reply strictly: one Header before one Body, an answer to our request, the expected action.

What is not exactly that proves nothing about the request: it may have been carried out (ARCHITECTURE, rule 2). A fault
may lack the addressing headers, because many stacks raise faults before they reach addressing, and the HTTP exchange
ties it to our request; headers that are there must fit [D]. MTOM replies (multipart) are refused as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.transport.http import HttpReply
from gateway.transport.soap.envelope import MEDIA_TYPE, S12, WSA, Envelope
from gateway.transport.soap.parsing import UnacceptableXmlError, XmlLimits, parse

_S11 = "http://schemas.xmlsoap.org/soap/envelope/"
_FAULT_ACTIONS = frozenset({f"{WSA}/fault", f"{WSA}/soap/fault"})
_REPLY_RELATION = f"{WSA}/reply"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A SOAP fault: ``code`` is the local name of its Code/Value (``Sender``), ``details`` are its entries."""

    code: str
    details: tuple[etree._Element, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SoapReply:
    """A reply to our request. ``raw`` are the bytes received; ``body`` is empty if ``fault`` is set."""

    header: tuple[etree._Element, ...]
    body: tuple[etree._Element, ...]
    fault: Fault | None
    raw: bytes


class NoSoapReplyError(Exception):
    """What came is no usable reply to our request.

    ``code`` is stable: ``http.<status>`` without a SOAP envelope, ``soap.multipart``, ``soap.media_type``,
    ``soap.xml`` (unacceptable XML), ``soap.structure``, ``soap.version`` (a SOAP 1.1 refusal), ``soap.relates_to``,
    ``soap.action``, ``soap.must_understand``.
    """

    def __init__(self, code: str, raw: bytes) -> None:
        self.code = code
        self.raw = raw
        super().__init__(code)


def read_reply(http: HttpReply, request: Envelope, *, understood: frozenset[str], limits: XmlLimits) -> SoapReply:
    """Return the reply to ``request``; raises NoSoapReplyError.

    ``understood`` are the namespaces of header blocks that the caller deals with (SOAP 1.2 part 1, section 2.4).
    """
    failed = http.status >= 300
    _check_media_type(http, failed=failed)
    try:
        root = parse(http.body, limits)
    except UnacceptableXmlError as error:
        raise NoSoapReplyError(f"http.{http.status}" if failed else "soap.xml", http.body) from error
    if root.tag == f"{{{_S11}}}Envelope" and failed:
        raise NoSoapReplyError("soap.version", http.body)
    header, body = _parts(root, http.body)
    fault = _fault(body, http.body)
    if failed and fault is None:
        raise NoSoapReplyError(f"http.{http.status}", http.body)
    _check_addressing(header, request, http.body, fault=fault is not None)
    _check_understood(header, understood | {WSA}, http.body)
    return SoapReply(header=header, body=() if fault else body, fault=fault, raw=http.body)


def _check_media_type(http: HttpReply, *, failed: bool) -> None:
    media_type, *parameters = (part.strip() for part in http.content_type.split(";"))
    if media_type.lower() == "multipart/related":
        raise NoSoapReplyError("soap.multipart", http.body)
    charsets = [part.split("=", 1)[1].strip(' "').lower() for part in parameters if part.lower().startswith("charset=")]
    # A SOAP 1.1 stack refuses us as text/xml: worth reading, because it says that nothing was processed.
    if failed and media_type.lower() == "text/xml":
        return
    if media_type.lower() != MEDIA_TYPE or any(one != "utf-8" for one in charsets):
        raise NoSoapReplyError(f"http.{http.status}" if failed else "soap.media_type", http.body)


def _parts(root: etree._Element, raw: bytes) -> tuple[tuple[etree._Element, ...], tuple[etree._Element, ...]]:
    tags = [child.tag for child in root]
    if root.tag != f"{{{S12}}}Envelope" or tags not in ([f"{{{S12}}}Header", f"{{{S12}}}Body"], [f"{{{S12}}}Body"]):
        raise NoSoapReplyError("soap.structure", raw)
    if len(root) == 1:
        return (), tuple(root[0])
    return tuple(root[0]), tuple(root[1])


def _fault(body: tuple[etree._Element, ...], raw: bytes) -> Fault | None:
    if all(entry.tag != f"{{{S12}}}Fault" for entry in body):
        return None
    value = body[0].findtext(f"{{{S12}}}Code/{{{S12}}}Value")
    if len(body) != 1 or not value:
        raise NoSoapReplyError("soap.structure", raw)
    detail = body[0].find(f"{{{S12}}}Detail")
    return Fault(code=value.strip().rpartition(":")[2], details=() if detail is None else tuple(detail))


def _check_addressing(header: tuple[etree._Element, ...], request: Envelope, raw: bytes, *, fault: bool) -> None:
    related = [
        (one.text or "").strip()
        for one in header
        if one.tag == f"{{{WSA}}}RelatesTo" and one.get("RelationshipType", _REPLY_RELATION) == _REPLY_RELATION
    ]
    actions = [(one.text or "").strip() for one in header if one.tag == f"{{{WSA}}}Action"]
    if related != [request.attempt_id] and not (fault and not related):
        raise NoSoapReplyError("soap.relates_to", raw)
    allowed = {request.action, *_FAULT_ACTIONS} if fault else {request.action}
    if (len(actions) != 1 or actions[0] not in allowed) and not (fault and not actions):
        raise NoSoapReplyError("soap.action", raw)


def _check_understood(header: tuple[etree._Element, ...], understood: frozenset[str], raw: bytes) -> None:
    for block in header:
        demanded = block.get(f"{{{S12}}}mustUnderstand", "false").strip() in ("true", "1")
        if demanded and etree.QName(block).namespace not in understood:
            raise NoSoapReplyError("soap.must_understand", raw)
