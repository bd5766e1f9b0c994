"""SOAP 1.2 request envelopes with WS-Addressing 1.0 headers, anonymous replies (SOAP 1.2 part 1, WSA SOAP binding)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from lxml import etree

S12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"
MEDIA_TYPE = "application/soap+xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """An envelope under construction: fill ``header`` and ``body``, then call :meth:`serialise` once.

    ``attempt_id`` is the WS-Addressing MessageID, ``urn:uuid:`` and new for every HTTP attempt; it is neither the
    transport's nor the XÖV message's id.
    """

    root: etree._Element
    header: etree._Element
    body: etree._Element
    action: str
    attempt_id: str

    def serialise(self) -> bytes:
        """Return the bytes to send, UTF-8."""
        return etree.tostring(self.root, encoding="UTF-8", xml_declaration=True)

    @property
    def content_type(self) -> str:
        """The HTTP Content-Type with the SOAP action (SOAP 1.2 part 2, section 6.5)."""
        return f'{MEDIA_TYPE}; charset=utf-8; action="{self.action}"'


def request(*, to: str, action: str, prefixes: dict[str, str]) -> Envelope:
    """Begin a request to the URL ``to``; ``prefixes`` are further namespaces to declare on the root."""
    nsmap = {"s12": S12, "wsa": WSA, **prefixes}
    root = etree.Element(f"{{{S12}}}Envelope", nsmap=nsmap)
    header = etree.SubElement(root, f"{{{S12}}}Header")
    body = etree.SubElement(root, f"{{{S12}}}Body")
    attempt_id = f"urn:uuid:{uuid4()}"
    etree.SubElement(header, f"{{{WSA}}}To").text = to
    etree.SubElement(header, f"{{{WSA}}}Action").text = action
    etree.SubElement(header, f"{{{WSA}}}MessageID").text = attempt_id
    reply_to = etree.SubElement(header, f"{{{WSA}}}ReplyTo")
    etree.SubElement(reply_to, f"{{{WSA}}}Address").text = ANONYMOUS
    return Envelope(root=root, header=header, body=body, action=action, attempt_id=attempt_id)
