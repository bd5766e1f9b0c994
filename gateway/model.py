"""The records that cross rooms: frozen, keyword-only, with times that always carry a zone.

Words as in docs/architecture.md: an *application* is what the portal posts, a *message* is the XÖV document, a
*delivery* gets one message to one *destination*, an *attempt* is one try, a *reply* is what comes back.
Nothing here performs I/O and nothing here imports another room.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


def _aware(record: object) -> None:
    """Refuse a naive datetime in any field: a time without zone is a guess."""
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"{type(record).__name__}.{field.name} is a time without a zone")


class TrustLevel(StrEnum):
    """Trust level (Vertrauensniveau) of the citizen's identification, as the portal states it."""

    NORMAL = "normal"
    SUBSTANZIELL = "substanziell"
    HOCH = "hoch"

    @property
    def rank(self) -> int:
        return list(TrustLevel).index(self)


class ApplicationState(StrEnum):
    """What the portal is told. Technical receipt, the authority's acceptance and its decision are three states."""

    ACCEPTED = "accepted"
    """Stored, signed and waiting for or under delivery."""
    DELIVERED = "delivered"
    """The destination confirmed technical receipt; a person or procedure there has not decided yet."""
    ANSWERED = "answered"
    """The authority answered with data or a document."""
    SENT_BY_POST = "sent_by_post"
    """The authority answered; what was ordered goes out as a letter."""
    WAITING_FOR_CITIZEN = "waiting_for_citizen"
    """The authority wants something first (payment, code, document)."""
    REFUSED = "refused"
    """The authority refused, with reasons. Final, and no technical fault."""
    UNDELIVERABLE = "undeliverable"
    """Delivery gave up; a person at the operator has to act."""


class DeliveryState(StrEnum):
    """Where one delivery stands; every value is a committed row."""

    DUE = "due"
    """Waiting for its next attempt at ``next_at``."""
    UNCLEAR = "unclear"
    """Perhaps there, perhaps not: ask the destination at ``next_at`` before anything is sent again."""
    DELIVERED = "delivered"
    REFUSED = "refused"
    DEAD = "dead"
    """Gave up; waits for a person."""

    @property
    def final(self) -> bool:
        return self in (DeliveryState.DELIVERED, DeliveryState.REFUSED, DeliveryState.DEAD)


class OutcomeKind(StrEnum):
    """How one attempt ended, from the sender's view."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """The recipient's own verdict on this message: terminal, its reasons go to the portal."""
    UNREACHABLE = "unreachable"
    """Certainly not delivered; try again later with the same message id."""
    UNCLEAR = "unclear"
    """Perhaps delivered: reconcile before anything is sent again."""


class Whose(StrEnum):
    """Who has to act to get rid of a problem."""

    PORTAL = "portal"
    CITIZEN = "citizen"
    GATEWAY = "gateway"
    DESTINATION = "destination"
    OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A reason given by an authority or a transport: a code from a published list, never free text from outside.

    ``code`` is stable (``xmeld.nichterstellung.01``, ``xta.9050``), ``de``/``en`` are our own words for it.
    """

    code: str
    de: str
    en: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """One way to reach an office: ``channel`` is a code of list ``urn:de:xoev:codeliste:erreichbarkeit``."""

    channel: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PostalAddress:
    """Inland address of an office (XInneres postanschrift/5, ``gebaeude``)."""

    strasse: str
    hausnummer: str | None = None
    hausnummerzusatz: str | None = None
    plz: str
    ort: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """An author or reader of messages.

    ``identifier`` is the directory id with its prefix (``ags:03454035``, ``mbp:000000001``), ``category`` the
    DVDV category in words (``Meldebehörde``). ``contacts`` may be empty for a reader, not for an author.
    """

    identifier: str
    name: str
    category: str
    address: PostalAddress
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """An authority's specialist procedure for some services, in force on a span of days (both ends included).

    ``connection`` names the configured adapter that reaches it; ``tenant`` is the administration (first nine
    digits of the ARS) on whose behalf applications are taken. ``send_signature``: the message's detached signature
    travels beside it, where the transport has a place for it.
    """

    id: str
    tenant: str
    services: frozenset[str]
    connection: str
    reader: Party
    send_signature: bool = True
    valid_from: date
    valid_until: date | None = None

    def serves(self, service: str, on: date) -> bool:
        """True if this destination takes ``service`` on that day."""
        begun = self.valid_from <= on
        return service in self.services and begun and (self.valid_until is None or on <= self.valid_until)


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageHeader:
    """What every message builder needs besides the content.

    ``message_id`` is the nachrichtenUUID (lower case, fixed for the life of the message), ``created_at`` the
    erstellungszeitpunkt (written with milliseconds and zone). ``test`` marks a message that must not be processed
    productively.
    """

    message_id: str
    created_at: datetime
    author: Party
    reader: Party
    test: bool

    def __post_init__(self) -> None:
        _aware(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One XÖV message: the bytes as validated, signed, kept and sent.

    ``type`` is the standard's number (``1700``), ``root`` the local name and ``namespace`` the namespace of the root
    element, ``filename`` the name under which the signature refers to the bytes.
    """

    id: str
    standard: str
    version: str
    type: str
    namespace: str
    root: str
    filename: str
    created_at: datetime
    content: bytes

    def __post_init__(self) -> None:
        _aware(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file beside a message."""

    filename: str
    media_type: str
    content: bytes
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """What an adapter gets: one message for one reader, with the id that stays the same for every attempt.

    ``transport_id`` is the transport's own message id (XTA MessageID, OSCI MessageId); ``None`` until
    :meth:`gateway.ports.Adapter.reserve_id` has fixed it and the store has committed it. ``case`` is our
    pseudonymous application id. ``sent_before`` says that an earlier attempt may have reached the destination.
    """

    delivery_id: str
    case: str
    message: Message
    attachments: tuple[Attachment, ...]
    author: Party
    reader: Party
    subject: str
    transport_id: str | None
    sent_before: bool
    test: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The end of one attempt.

    ``code`` is stable and says what happened (``xta.9030``, ``net.timeout``, ``xta.report_open``); ``receipt`` are the
    transport's own bytes, kept as evidence; ``retry_after`` (seconds) is the destination's wish, if it named one.
    ``whose`` is who has to act; ``OPERATOR`` marks a misconfigured route on which fast retries are pointless.
    ``permanent``: trying again as it is will never help, so a person decides at once.
    """

    kind: OutcomeKind
    code: str
    reasons: tuple[Reason, ...] = ()
    receipt: bytes | None = None
    retry_after: float | None = None
    whose: Whose = Whose.DESTINATION
    permanent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """A message fetched from a mailbox of ours, exactly as it came.

    ``transport_id`` identifies it for ever (duplicates are recognised by it, compared in lower case). ``author`` is the
    sender's identifier as the transport vouches for it (``ags:…``), empty where it vouches for none.
    """

    transport_id: str
    author: str = ""
    content: bytes
    media_type: str
    attachments: tuple[Attachment, ...] = ()
    metadata: bytes = b""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A document or data record that came back for the citizen."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a reply says, read from the message by its standard.

    ``origin_id`` and ``origin_type`` name the message that is answered (ursprungsnachricht); ``author`` is the
    answering authority's identifier (``ags:…``). ``state`` is what becomes of the application. ``test`` marks an answer
    that must not be processed productively.
    """

    message_id: str
    message_type: str
    author: str
    reader: str
    created_at: datetime
    origin_id: str
    origin_type: str
    state: ApplicationState
    test: bool
    reasons: tuple[Reason, ...] = ()
    documents: tuple[Document, ...] = ()

    def __post_init__(self) -> None:
        _aware(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of a self-check: ``level`` is ``ok``, ``warning`` or ``error``; ``text`` says what to do."""

    level: str
    subject: str
    text: str
