"""What goes into and comes out of the XTA client: frozen records, no XML.

Three ids are called MessageID in XTA and must not be mixed up: ``attempt_id`` (WS-Addressing header, new per HTTP
attempt, never leaves the SOAP layer), ``xta_id`` (per message, stable, issued by the server) and the nachrichtenUUID
inside the XÖV message, which XTA never sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

from gateway.model import Attachment


@dataclass(frozen=True, kw_only=True, slots=True)
class XtaParty:
    """An author or reader: ``identifier`` with prefix (``ags:03454035``), ``type`` says how to read it (``xoev``)."""

    identifier: str
    type: str
    name: str | None = None
    category: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedCode:
    """A code with the list and the list's version it is taken from."""

    code: str
    list_uri: str
    list_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """MessageMetaData of a message to send (XTA-WS 2.1.1).

    ``process`` is our reference (ProcessRef/Requester), ``service`` the DVDV service URI, ``size`` counts the bytes of
    message and attachments, decoded.
    """

    xta_id: str
    author: XtaParty
    reader: XtaParty
    process: str
    subject: str
    service: str
    scenario: ListedCode
    message_type: ListedCode
    payload_schema: str
    size: int
    origin: datetime
    test: bool
    service_quality: str | None = None
    obsolete_after: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """The message itself or an attachment: bytes that travel unchanged (base64 inside XML)."""

    content: bytes
    media_type: str
    filename: str | None = None
    encoding: str | None = None
    description: str | None = None


class Status(IntEnum):
    """TransportReport/MessageStatus/Status: the maximum over the report's lists, set when the order is closed."""

    OPEN = 0
    GREEN = 1
    YELLOW = 2
    RED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class TransportReport:
    """A transport report. ``status`` is None for a number that the standard does not define.

    ``errors`` are the codes of its error entries as (list URI, code); free texts stay in ``raw``, the reply as
    received. ``entries`` counts all entries. ``xta_id`` and ``process`` are what the server says it is about.
    """

    status: Status | None
    errors: tuple[tuple[str, str], ...]
    entries: int
    xta_id: str
    process: str
    raw: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedMessage:
    """A message from the mailbox; ``metadata`` is its MessageMetaData, serialised.

    ``author`` is the identifier of Originators/Author, verbatim, empty if there is not exactly one. An XTA server ties
    it to the sender's certificate (9014); that the chain of servers kept it so is inferred [I].
    ``readable`` is False if it is end-to-end encrypted or not decodable: then ``content`` is the container's XML.
    """

    xta_id: str
    author: str
    content: bytes
    media_type: str
    attachments: tuple[Attachment, ...]
    metadata: bytes
    readable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """The answer to getMessage and getNextMessage. ``pending`` is None where the server reports no message.

    ``reason`` is the last part of the reason URI then: ``NoMatch``, ``SearchArgsInvalid``, ``RequestIdInvalid``.
    """

    request_id: str
    pending: int | None
    reason: str | None
    message: FetchedMessage | None
