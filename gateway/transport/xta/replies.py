"""Reads the replies of an XTA server into records.

Tolerant of what the standard leaves open (a server may add metadata, an empty box may come with or without a body),
strict in what is used: an element that is missing where its value decides something is no reply (``xta.unreadable``).
"""

from __future__ import annotations

import base64
import binascii
import re

from lxml import etree

from gateway.model import Attachment
from gateway.transport.soap.envelope import WSA
from gateway.transport.soap.reply import SoapReply
from gateway.transport.xta.faults import XtaError, for_unusable_reply
from gateway.transport.xta.records import Fetched, FetchedMessage, Status, TransportReport
from gateway.transport.xta.service import BOX, META, XTA

_IDENTIFICATION = f"{{{META}}}MsgIdentification"
_AUTHOR = f"{{{META}}}Originators/{{{META}}}Author/{{{META}}}Identifier"
# Bounded, because int() refuses more than 4,300 digits; ASCII, because it refuses some of what isdigit() takes ("²").
_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_COUNT = re.compile(r"[0-9]{1,10}")


def expect_empty(reply: SoapReply) -> None:
    """The reply of an operation that answers with an empty body; raises XtaError if it is not."""
    if reply.body:
        raise _unreadable(reply)


def message_id(reply: SoapReply) -> str:
    """The XTA message id issued by createMessageId, verbatim: at most 100 characters (XTA V5 text), no white space."""
    text = (_only(reply, f"{{{WSA}}}MessageID").text or "").strip()
    if not 1 <= len(text) <= 100 or not text.isascii() or not text.isprintable() or " " in text:
        raise _unreadable(reply)
    return text


def transport_report(reply: SoapReply) -> TransportReport:
    """The TransportReport; its own free texts are not taken over, they stay in the raw bytes."""
    report = _only(reply, f"{{{XTA}}}TransportReport")
    status = report.find(f"{{{XTA}}}MessageStatus")
    number = "" if status is None else (status.findtext(f"{{{XTA}}}Status") or "").strip()
    if status is None or not _INTEGER.fullmatch(number):
        raise _unreadable(reply)
    records = [record for group in status if group.tag != f"{{{XTA}}}Status" for record in group]
    errors = tuple(_record_code(one) for one in status.iterfind(f"{{{XTA}}}ErrorList/{{{XTA}}}Error"))
    about = f"{{{META}}}MessageMetaData/{_IDENTIFICATION}"
    return TransportReport(
        status=Status(int(number)) if number in ("0", "1", "2", "3") else None,
        errors=errors,
        entries=len(records),
        xta_id=(report.findtext(f"{about}/{{{WSA}}}MessageID") or "").strip(),
        process=(report.findtext(f"{about}/{{{META}}}ProcessRef/{{{META}}}Requester") or "").strip(),
        raw=reply.raw,
    )


def fetched(reply: SoapReply) -> Fetched:
    """The answer of a mailbox: iterator, what is left, and a message if there is one."""
    answer = _block(reply, f"{{{BOX}}}MsgBoxResponse")
    request_id = (answer.get("MsgBoxRequestID") or "").strip()
    nothing = answer.find(f"{{{BOX}}}NoMessageAvailable")
    if nothing is not None:
        reason = (nothing.get("reason") or "").rpartition("/")[2]
        return Fetched(request_id=request_id, pending=None, reason=reason, message=None)
    pending = (answer.findtext(f"{{{BOX}}}ItemsPending") or "").strip()
    if not _COUNT.fullmatch(pending) or not request_id:
        raise _unreadable(reply)
    filled = bool(reply.body) and len(reply.body[0]) > 0
    message = _message(reply) if filled else None
    return Fetched(request_id=request_id, pending=int(pending), reason=None, message=message)


def _message(reply: SoapReply) -> FetchedMessage:
    container = _only(reply, f"{{{XTA}}}GenericContentContainer")
    metadata = _block(reply, f"{{{META}}}MessageMetaData")
    xta_id = (metadata.findtext(f"{_IDENTIFICATION}/{{{WSA}}}MessageID") or "").strip()
    if not xta_id:
        raise _unreadable(reply)
    author = _author(metadata)
    about = etree.tostring(metadata, encoding="UTF-8", xml_declaration=True, with_tail=False)
    try:
        message, attachments = _opened(container)
    except ValueError:
        return FetchedMessage(
            xta_id=xta_id,
            author=author,
            content=etree.tostring(container, encoding="UTF-8", xml_declaration=True, with_tail=False),
            media_type="application/xml",
            attachments=(),
            metadata=about,
            readable=False,
        )
    return FetchedMessage(
        xta_id=xta_id,
        author=author,
        content=message.content,
        media_type=message.media_type,
        attachments=attachments,
        metadata=about,
        readable=True,
    )


def _author(metadata: etree._Element) -> str:
    """The one author's identifier; of several none is vouched for."""
    found = metadata.findall(_AUTHOR)
    return (found[0].text or "").strip() if len(found) == 1 else ""


def _opened(container: etree._Element) -> tuple[Attachment, tuple[Attachment, ...]]:
    """Decode the container's message and attachments; raises ValueError where that is not possible for us."""
    messages = container.findall(f"{{{XTA}}}ContentContainer/{{{XTA}}}Message")
    if len(messages) != 1:
        raise ValueError("encrypted end to end, or no container")
    others = container.findall(f"{{{XTA}}}ContentContainer/{{{XTA}}}Attachment")
    return _attachment(messages[0], 0), tuple(_attachment(one, number) for number, one in enumerate(others, 1))


def _attachment(element: etree._Element, number: int) -> Attachment:
    if len(element):
        raise ValueError("not inline")
    try:
        content = base64.b64decode("".join((element.text or "").split()), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    return Attachment(
        filename=element.get("filename") or str(number),
        media_type=element.get("contentType") or "application/octet-stream",
        content=content,
        description=element.get("contentDescription") or "",
    )


def _record_code(record: etree._Element) -> tuple[str, str]:
    code = record.find(f"{{{XTA}}}Code")
    if code is None:
        return "", ""
    return (code.get("listURI") or "").strip(), (code.findtext("code") or "").strip()


def _only(reply: SoapReply, tag: str) -> etree._Element:
    if len(reply.body) != 1 or reply.body[0].tag != tag:
        raise _unreadable(reply)
    return reply.body[0]


def _block(reply: SoapReply, tag: str) -> etree._Element:
    blocks = [one for one in reply.header if one.tag == tag]
    if len(blocks) != 1:
        raise _unreadable(reply)
    return blocks[0]


def _unreadable(reply: SoapReply) -> XtaError:
    return XtaError("xta.unreadable", for_unusable_reply("xta.unreadable"), raw=reply.raw)
