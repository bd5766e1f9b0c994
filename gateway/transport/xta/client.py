"""Client of XTA-WS 2.1.1: one method an operation, each one HTTP attempt, each failure an :class:`XtaError`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.transport.http import HttpEndpoint, HttpError, HttpReply
from gateway.transport.soap.envelope import MEDIA_TYPE, WSA, Envelope, request
from gateway.transport.soap.parsing import XmlLimits
from gateway.transport.soap.reply import Fault, NoSoapReplyError, SoapReply, read_reply
from gateway.transport.xta import faults, replies, requests
from gateway.transport.xta.patterns import HeaderPatterns
from gateway.transport.xta.records import Content, Fetched, Metadata, TransportReport, XtaParty
from gateway.transport.xta.service import BOX, PREFIXES, XTA, xta_service

_MESSAGE_ID = f"{{{WSA}}}MessageID"
_CONTAINER = f"{{{XTA}}}GenericContentContainer"
_FETCH = f"{{{BOX}}}MsgBoxFetchRequest"
_NEXT = f"{{{BOX}}}MsgBoxGetNextRequest"
_CLOSE = f"{{{BOX}}}MsgBoxCloseRequest"

_Fill = Callable[[Envelope], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """The three ports of an XTA service, each at its own URL."""

    management: HttpEndpoint
    send: HttpEndpoint
    msgbox: HttpEndpoint


class XtaClient:
    """Speaks to one XTA server; safe for many threads. ``wsdl`` is the service's description, a local file."""

    def __init__(self, ports: Ports, wsdl: Path) -> None:
        self._ports = ports
        self._service = xta_service(wsdl)
        self._patterns = HeaderPatterns(self._service)
        largest = max(one.limits.reply_bytes for one in (ports.management, ports.send, ports.msgbox))
        self._limits = XmlLimits(bytes=largest)

    def check_account_active(self, author: XtaParty) -> None:
        """Raise XtaError unless the account behind our certificate may act for ``author``."""
        replies.expect_empty(self._managed("checkAccountActive", author))

    def create_message_id(self, author: XtaParty) -> str:
        """Return a new XTA message id, verbatim. Calling it again only leaves an unused id behind."""
        return replies.message_id(self._managed("createMessageId", author))

    def get_transport_report(self, author: XtaParty, xta_id: str) -> TransportReport:
        """Return the report on a message of ours; XtaError ``xta.9070``: the server does not know the id."""
        return replies.transport_report(self._managed("getTransportReport", author, body=(_MESSAGE_ID, xta_id)))

    def send_message(self, metadata: Metadata, message: Content, attachments: Sequence[Content] = ()) -> None:
        """Hand the message over; returns only if the server confirmed that it took it."""

        def fill(envelope: Envelope) -> None:
            envelope.header.append(self._patterns.metadata(metadata))
            self._service.render(envelope.body, _CONTAINER, requests.container(message, attachments))

        replies.expect_empty(self._call(self._ports.send, "sendMessage", fill))

    def get_message(self, author: XtaParty) -> Fetched:
        """Open an iterator over the unconfirmed messages of the author's mailbox and fetch the first."""
        body = (_FETCH, {"MsgSelector": {"newEntry": True}, "MsgPart": "Envelope"})
        return replies.fetched(self._boxed("getMessage", author, body))

    def get_next_message(self, author: XtaParty, request_id: str, received: Sequence[str]) -> Fetched:
        """Fetch the next message of the iterator; ``received`` are XTA ids that are durable with us."""
        return replies.fetched(self._boxed("getNextMessage", author, (_NEXT, requests.iterator(request_id, received))))

    def close(self, author: XtaParty, request_id: str, received: Sequence[str]) -> None:
        """End the iterator and confirm ``received``: they are not offered again."""
        replies.expect_empty(self._boxed("close", author, (_CLOSE, requests.iterator(request_id, received))))

    def disconnect(self) -> None:
        """Close the kept connections."""
        for port in (self._ports.management, self._ports.send, self._ports.msgbox):
            port.close()

    def _managed(self, operation: str, author: XtaParty, body: tuple[str, str] | None = None) -> SoapReply:
        return self._call(self._ports.management, operation, self._authored(author, body))

    def _boxed(self, operation: str, author: XtaParty, body: tuple[str, Mapping[str, object]]) -> SoapReply:
        return self._call(self._ports.msgbox, operation, self._authored(author, body))

    def _authored(self, author: XtaParty, body: tuple[str, str | Mapping[str, object]] | None) -> _Fill:
        def fill(envelope: Envelope) -> None:
            envelope.header.append(self._patterns.author(author))
            if body is not None:
                self._service.render(envelope.body, *body)

        return fill

    def _call(self, port: HttpEndpoint, operation: str, fill: _Fill) -> SoapReply:
        envelope = request(to=port.url, action=self._service.action(operation), prefixes=PREFIXES)
        fill(envelope)
        try:
            http = port.post(envelope.serialise(), content_type=envelope.content_type, accept=MEDIA_TYPE)
        except HttpError as error:
            raise faults.XtaError(error.code, faults.for_network(error.code, sent=error.sent)) from error
        try:
            reply = read_reply(http, envelope, understood=frozenset(PREFIXES.values()), limits=self._limits)
        except NoSoapReplyError as error:
            raise _no_reply(error, http) from error
        if reply.fault is not None:
            raise _fault(reply.fault, http)
        return reply


def _no_reply(error: NoSoapReplyError, http: HttpReply) -> faults.XtaError:
    by_status = error.code.startswith("http.")
    rule = faults.for_status(http.status) if by_status else faults.for_unusable_reply(error.code)
    return faults.XtaError(error.code, rule, raw=error.raw, retry_after=http.retry_after)


def _fault(fault: Fault, http: HttpReply) -> faults.XtaError:
    for detail in fault.details:
        namespace, _, exception = str(detail.tag).removeprefix("{").partition("}")
        if namespace != XTA:
            continue
        number = (detail.findtext(f"{{{XTA}}}errorCode/code") or "").strip()
        rule = faults.for_code(number, exception)
        # A code of the server's own invention is foreign text: only its shape decides if it may stand in ours.
        known = number.isascii() and number.isdigit() and len(number) <= 6
        code = f"xta.{number}" if known else "xta.unknown_code"
        return faults.XtaError(code, rule, raw=http.body, retry_after=http.retry_after)
    shape = fault.code if fault.code in ("Sender", "Receiver", "MustUnderstand", "VersionMismatch") else "other"
    return faults.XtaError(
        f"soap.fault.{shape}", faults.for_soap_code(fault.code), raw=http.body, retry_after=http.retry_after
    )
