"""The XTA service: twelve operations over a state, with the refusals that XTA-WS 2.1.1 names."""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Callable

from lxml import etree

from adapters.xta.simulation import documents
from adapters.xta.simulation.documents import m
from adapters.xta.simulation.meldebehoerde import Meldebehoerde
from adapters.xta.simulation.soap import Reply, Request, is_valid
from adapters.xta.simulation.state import Account, Final, Order, Post, State, utc_now
from gateway.transport.soap.envelope import WSA
from gateway.transport.soap.parsing import UnacceptableXmlError, parse
from gateway.transport.xta.service import BOX, META, XTA

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The harmless string that every virus scanner reports; in two halves, so that scanners leave this file alone."""

_ID = re.compile(r"^urn:de:xta:messageid:[^:\s]{1,41}:[0-9a-f-]{36}$", re.IGNORECASE)
_Operation = Callable[[Request, str], Reply]

EXCEPTIONS = {
    **dict.fromkeys(("9010", "9011", "9012", "9013", "9014"), "PermissionDeniedException"),
    **dict.fromkeys(("9020", "9021", "9022", "9023", "9024"), "ParameterIsNotValidException"),
    **dict.fromkeys(("9000", "9030", "9031", "9032"), "XTAWSTechnicalProblemException"),
    **dict.fromkeys(("9050", "9051", "9052"), "MessageSchemaViolationException"),
    "9060": "MessageVirusDetectionException",
    "9070": "InvalidMessageIDException",
    **dict.fromkeys(("9080", "9081"), "SyncAsyncException"),
    **dict.fromkeys(("9100", "9101"), "CancelDeniedException"),
}
"""Which exception carries which error number."""


class XtaFaultError(Exception):
    """The operation is refused with this error number."""

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(number)


class XtaService:
    """The service. ``accounts`` by SHA-256 (hex) of the client certificate.

    ``final`` and ``open_polls`` say how the next orders' reports will go, ``knows_issued_ids`` whether an id that was
    only issued has a report already, ``max_bytes`` is the limit of 9023. All may be changed while it runs.
    """

    def __init__(self, accounts: dict[str, Account], office: Meldebehoerde) -> None:
        self.accounts = accounts
        self.office = office
        self.state = State()
        self.final = Final.GREEN
        self.open_polls = 0
        self.knows_issued_ids = False
        self.max_bytes = 40_000_000
        self.received: list[bytes] = []
        """Every message that was taken, and in :attr:`attached` the files beside it, by name."""
        self.attached: list[dict[str, bytes]] = []
        self._lock = threading.RLock()
        self._operations: dict[str, _Operation] = {
            "checkAccountActive": lambda request, author: Reply(),
            "lookupService": self._lookup,
            "createMessageId": self._create_id,
            "getTransportReport": self._report,
            "cancelMessage": self._cancel,
            "sendMessage": self._send,
            "sendMessageSync": self._send_sync,
            "getMessage": self._fetch,
            "getNextMessage": self._fetch_next,
            "getStatusList": self._list,
            "getNextStatusList": self._list_next,
            "close": self._close,
        }

    def handle(self, operation: str, request: Request, certificate: str) -> Reply:
        """Carry out an operation for the owner of the certificate; raises XtaFaultError."""
        if not request.valid:
            raise XtaFaultError("9022")
        with self._lock:
            author = self._authorised(request, certificate)
            return self._operations[operation](request, author)

    def _authorised(self, request: Request, certificate: str) -> str:
        account = self.accounts.get(certificate)
        if account is None:
            raise XtaFaultError("9012")
        if account.blocked:
            raise XtaFaultError("9011")
        metadata = request.header.get(m("MessageMetaData"))
        party = request.header.get(m("Author"))
        if metadata is not None:
            party = metadata.find(f"{m('Originators')}/{m('Author')}")
        if party is None:
            raise XtaFaultError("9020")
        author = (party.findtext(m("Identifier")) or "").strip()
        if author not in account.authors:
            raise XtaFaultError("9014")
        return author

    def _create_id(self, request: Request, author: str) -> Reply:
        return Reply(body=_element(f"{{{WSA}}}MessageID", self.state.issue(author)))

    def _send(self, request: Request, author: str) -> Reply:
        metadata = request.header.get(m("MessageMetaData"))
        if metadata is None:
            raise XtaFaultError("9020")
        key = documents.message_id_of(metadata).lower()
        if not _ID.match(key):
            raise XtaFaultError("9021")
        if key in self.state.orders:
            raise XtaFaultError("9024")
        if self.state.issued.get(key) != author:
            raise XtaFaultError("9022")
        message, attached = self._content(_body(request, f"{{{XTA}}}GenericContentContainer"), metadata)
        try:
            answer = self.office.receive(message)
        except (ValueError, UnacceptableXmlError) as error:
            raise XtaFaultError("9050") from error
        now = utc_now()
        stamped = documents.with_times(metadata, now)
        self.state.orders[key] = Order(
            author=author, metadata=stamped, accepted_at=now, open_polls=self.open_polls, final=self.final
        )
        self.received.append(message)
        self.attached.append(attached)
        if answer is not None:
            self.deliver(author, metadata, answer)
        return Reply()

    def deliver(self, reader: str, question: etree._Element, answer: bytes) -> str:
        """Put an answer into the mailbox of ``reader``; return its XTA message id."""
        with self._lock:
            xta_id = self.state.issue("")
            root = etree.QName(parse(answer))
            metadata = documents.answer_metadata(
                question, xta_id, root_name=root.localname, namespace=root.namespace or "", size=len(answer)
            )
            if not is_valid(metadata):
                raise ValueError("the simulator wrote metadata that are not valid")
            container = documents.container(answer, f"{root.localname.rpartition('.')[2]}.xml")
            self.state.post(reader, Post(xta_id=xta_id, metadata=metadata, container=container))
            return xta_id

    def _content(self, container: etree._Element, metadata: etree._Element) -> tuple[bytes, dict[str, bytes]]:
        """Decode, measure, scan; return the message and the files beside it.

        An encrypted container cannot be looked into: 9052.
        """
        parts = container.findall(f"{{{XTA}}}ContentContainer/*")
        if not parts:
            raise XtaFaultError("9052")
        try:
            decoded = [base64.b64decode("".join((part.text or "").split()), validate=True) for part in parts]
        except binascii.Error as error:
            raise XtaFaultError("9022") from error
        if sum(map(len, decoded)) > self.max_bytes:
            raise XtaFaultError("9023")
        if any(EICAR in one for one in decoded):
            raise XtaFaultError("9060")
        _check_payload(decoded[0], metadata)
        names = [part.get("filename", "") for part in parts]
        return decoded[0], dict(zip(names[1:], decoded[1:], strict=True))

    def _send_sync(self, request: Request, author: str) -> Reply:
        raise XtaFaultError("9080")

    def _report(self, request: Request, author: str) -> Reply:
        key = (_body(request, f"{{{WSA}}}MessageID").text or "").strip().lower()
        order = self.state.orders.get(key)
        now = utc_now()
        if order is None and self.knows_issued_ids and self.state.issued.get(key) == author:
            metadata = documents.placeholder_metadata(key, author)
            return Reply(body=documents.report(metadata, None, now=now, still_open=True))
        if order is None or order.author != author:
            raise XtaFaultError("9070")
        still_open = order.open_polls > 0
        order.open_polls = max(order.open_polls - 1, 0)
        metadata = documents.with_times(order.metadata, order.accepted_at)
        return Reply(body=documents.report(metadata, order, now=now, still_open=still_open))

    def _cancel(self, request: Request, author: str) -> Reply:
        key = (_body(request, f"{{{WSA}}}MessageID").text or "").strip().lower()
        order = self.state.orders.get(key)
        if order is None or order.author != author:
            raise XtaFaultError("9021")
        not_before = order.metadata.find(f"{m('DeliveryAttributes')}/{m('NotBefore')}")
        raise XtaFaultError("9101" if not_before is None else "9100")

    def _lookup(self, request: Request, author: str) -> Reply:
        """Yes for everybody with a DVDV prefix, unknown for others; a real directory also knows no."""
        answer = etree.Element(f"{{{XTA}}}LookupServiceResponse", nsmap={"xta": XTA, "oscimeta": META})
        listed = etree.SubElement(answer, f"{{{XTA}}}LookupServiceResultList")
        for question in _body(request, f"{{{XTA}}}LookupServiceRequest").iter(f"{{{XTA}}}LookupService"):
            result = etree.SubElement(listed, f"{{{XTA}}}LookupServiceResult")
            known = ":" in (question.findtext(f"{m('Reader')}/{m('Identifier')}") or "")
            result.extend(list(question))
            value = etree.SubElement(result, f"{{{XTA}}}IsServiceAvailableValue")
            name = "ServiceIsAvailable" if known else "ServiceIsAvailableUnknown"
            etree.SubElement(value, f"{{{XTA}}}{name}").text = "true"
        return Reply(body=answer)

    def _fetch(self, request: Request, author: str) -> Reply:
        body = _body(request, f"{{{BOX}}}MsgBoxFetchRequest")
        return self._give(self.state.open_box(author, _selected(body)), author)

    def _fetch_next(self, request: Request, author: str) -> Reply:
        return self._give(self._iterator(_body(request, f"{{{BOX}}}MsgBoxGetNextRequest")), author)

    def _give(self, iterator_id: str, author: str) -> Reply:
        """Hand out the iterator's next message that is still there; it stays in the box until it is confirmed."""
        iterator = self.state.iterators.get(iterator_id)
        if iterator is None or iterator.owner != author:
            return Reply(header=(documents.box_answer(iterator_id, reason="RequestIdInvalid"),))
        box = self.state.boxes.get(author, {})
        while iterator.left:
            post = box.get(iterator.left.pop(0))
            if post is not None:
                answer = documents.box_answer(iterator_id, pending=len(iterator.left))
                metadata = documents.with_times(post.metadata, utc_now())
                return Reply(header=(metadata, answer), body=_copy(post.container))
        return Reply(header=(documents.box_answer(iterator_id),))

    def _list(self, request: Request, author: str) -> Reply:
        body = _body(request, f"{{{BOX}}}MsgBoxStatusListRequest")
        return self._lines(self.state.open_box(author, _selected(body)), author, int(body.get("maxListItems") or "100"))

    def _list_next(self, request: Request, author: str) -> Reply:
        return self._lines(self._iterator(_body(request, f"{{{BOX}}}MsgBoxGetNextRequest")), author, 100)

    def _lines(self, iterator_id: str, author: str, at_most: int) -> Reply:
        iterator = self.state.iterators.get(iterator_id)
        lines = etree.Element(f"{{{BOX}}}MsgStatusList", nsmap={"osci": BOX})
        if iterator is None or iterator.owner != author:
            return Reply(header=(documents.box_answer(iterator_id, reason="RequestIdInvalid"),), body=lines)
        now, iterator.left = iterator.left[:at_most], iterator.left[at_most:]
        box = self.state.boxes.get(author, {})
        lines.extend(_copy(box[xta_id].metadata) for xta_id in now if xta_id in box)
        if not len(lines):
            return Reply(header=(documents.box_answer(iterator_id),), body=lines)
        return Reply(header=(documents.box_answer(iterator_id, pending=len(iterator.left)),), body=lines)

    def _close(self, request: Request, author: str) -> Reply:
        body = _body(request, f"{{{BOX}}}MsgBoxCloseRequest")
        iterator = self.state.iterators.pop(self._iterator(body), None)
        if iterator is None or iterator.owner != author:
            raise XtaFaultError("9070")
        self.state.confirm(author, [one.text or "" for one in body.findall(f"{{{BOX}}}LastMsgReceived")])
        return Reply()

    def _iterator(self, body: etree._Element) -> str:
        return body.get("MsgBoxRequestID") or ""


def _check_payload(message: bytes, metadata: etree._Element) -> None:
    """The service profile: well-formed UTF-8 XML whose root is what the metadata announce (9050, 9051, 9052)."""
    try:
        root = etree.QName(parse(message))
    except UnacceptableXmlError as error:
        raise XtaFaultError("9051" if error.rule == "encoding" else "9050") from error
    announced = metadata.find(f"{m('Qualifier')}/{m('MessageType')}")
    if announced is None or announced.findtext("code") != root.localname:
        raise XtaFaultError("9052")
    if announced.get("payloadSchema") != root.namespace:
        raise XtaFaultError("9052")


def _selected(body: etree._Element) -> list[str]:
    selector = body.find(f"{{{BOX}}}MsgSelector")
    return [] if selector is None else [one.text or "" for one in selector.findall(f"{{{WSA}}}MessageID")]


def _body(request: Request, tag: str) -> etree._Element:
    if request.body is None or request.body.tag != tag:
        raise XtaFaultError("9020")
    return request.body


def _copy(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element), etree.XMLParser(huge_tree=True, resolve_entities=False))


def _element(tag: str, text: str) -> etree._Element:
    element = etree.Element(tag)
    element.text = text
    return element
