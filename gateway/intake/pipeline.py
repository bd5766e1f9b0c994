"""The first half of the way: from a portal's request to the one commit that makes it safe.

Each step takes a value and returns a value: parse → route → build → validate → sign → commit. Everything happens in
the portal's request, so a portal hears at once what is wrong, and what got its 202 is already a valid, signed message
that cannot be lost.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from gateway.audit.events import Event
from gateway.audit.records import Actor, ActorKind, Entry, write
from gateway.catalogue import Catalogue
from gateway.errors import GatewayError, InvalidMessageError, Problem
from gateway.model import ApplicationState, Destination, Message, MessageHeader, Party, Whose
from gateway.routing import Routing
from gateway.schemas import Schemas
from gateway.signing.xades import Signer
from gateway.store import applications
from gateway.store.applications import NewApplication, NewDelivery
from gateway.store.database import Database
from gateway.store.deliveries import write_party

TENANT_FORBIDDEN = Problem(
    code="tenant.forbidden",
    status=403,
    whose=Whose.PORTAL,
    de="Das Token dieses Portals gilt nicht für die Verwaltung dieser Gemeinde; der Betreiber kann es freischalten.",
    en="This portal's token is not valid for this municipality's administration; the operator can allow it.",
)
KEY_REUSED = Problem(
    code="idempotency.key_reused",
    status=422,
    whose=Whose.PORTAL,
    de="Dieser Idempotency-Key gehört schon zu einem Antrag mit anderem Inhalt; für einen neuen Antrag einen neuen "
    "Schlüssel wählen.",
    en="This Idempotency-Key already belongs to an application with other content; use a new key for a new one.",
)
MESSAGE_INVALID = Problem(
    code="message.invalid",
    status=500,
    whose=Whose.GATEWAY,
    de="Aus diesem Antrag entstünde eine Nachricht, die der Standard nicht zulässt; nichts wurde gesendet. Bitte den "
    "Betreiber mit der Korrelations-ID verständigen.",
    en="This application would give a message that the standard does not allow; nothing was sent. Tell the operator "
    "the correlation id.",
)
BERLIN = ZoneInfo("Europe/Berlin")
"""Days of validity are German days, wherever the machine stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who asks: the portal, the administrations it may act for, and the id that follows the application."""

    portal: str
    tenants: frozenset[str]
    correlation_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What would be sent, and to whom."""

    message: Message
    destination: Destination
    service: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What is safe after the commit. ``replayed``: the same request had been accepted before."""

    application_id: str
    service: str
    state: ApplicationState
    received_at: datetime
    replayed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    service: str
    portal_case: str
    subject: str
    destination: Destination
    message: Message


class Intake:
    """Turns a portal's request into a committed application. Thread-safe; built once at start."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        routing: Routing,
        schemas: Schemas,
        signer: Signer,
        database: Database,
        author: Party,
        test: bool,
        delivery_deadline: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``clock`` is asked once a request; times are kept to the millisecond, as they are stored and sent."""
        self.catalogue = catalogue
        self._routing = routing
        self._schemas = schemas
        self._signer = signer
        self._database = database
        self._author = author
        self._test = test
        self._delivery_deadline = delivery_deadline
        self._clock = clock
        self._author_json = write_party(author)
        self._reader_json = {one.id: write_party(one.reader) for one in routing.destinations}

    def preview(self, body: bytes, caller: Caller) -> Preview:
        """Run every check and build the message; store nothing. Raises GatewayError."""
        draft = self._draft(body, caller, self._now())
        return Preview(message=draft.message, destination=draft.destination, service=draft.service)

    def accept(self, body: bytes, caller: Caller, idempotency_key: str) -> Receipt:
        """Accept the application once and for all; raises GatewayError, and then nothing was stored.

        The same key with the same body returns the first receipt again, also when both arrive at the same moment.
        """
        digest = hashlib.sha256(body).digest()
        now = self._now()
        try:
            draft = self._draft(body, caller, now)
            signature = self._signer.sign(
                draft.message.content, filename=draft.message.filename, media_type="application/xml", at=now
            )
        except GatewayError:
            # A repeated request must get its first answer even if it would be refused today.
            if replayed := self._replayed(caller.portal, idempotency_key, digest):
                return replayed
            raise
        new = NewApplication(
            id=str(uuid.uuid4()),
            portal=caller.portal,
            tenant=draft.destination.tenant,
            service=draft.service,
            portal_case=draft.portal_case,
            idempotency_key=idempotency_key,
            body_sha256=digest,
            correlation_id=caller.correlation_id,
            payload=body,
            received_at=now,
        )
        delivery = NewDelivery(
            id=str(uuid.uuid4()),
            destination=draft.destination.id,
            connection=draft.destination.connection,
            subject=draft.subject,
            author=self._author_json,
            reader=self._reader_json[draft.destination.id],
            test=self._test,
            send_signature=draft.destination.send_signature,
            deadline_at=now + self._delivery_deadline,
        )
        entries = _entries(new, draft.message, signature, delivery, draft.destination)

        def commit(connection: Connection) -> None:
            applications.add(connection, new, draft.message, signature, delivery)
            write(connection, entries, at=now)

        try:
            self._database.write(commit)
        except IntegrityError:
            # Whether the key is taken is asked by the commit itself: that costs nothing where it is not, and decides
            # between two requests that come at the same moment.
            if replayed := self._replayed(caller.portal, idempotency_key, digest):
                return replayed
            raise
        return Receipt(
            application_id=new.id,
            service=new.service,
            state=ApplicationState.ACCEPTED,
            received_at=now,
            replayed=False,
        )

    def _replayed(self, portal: str, key: str, digest: bytes) -> Receipt | None:
        """Return the first answer to this key, if there was one; raises GatewayError if it was for another body."""
        before = self._database.read(lambda c: applications.earlier(c, portal, key))
        if before is None:
            return None
        if before.body_sha256 != digest:
            raise GatewayError(KEY_REUSED)
        return Receipt(
            application_id=before.application_id,
            service=before.service,
            state=ApplicationState.ACCEPTED,  # the first answer, whatever has happened since
            received_at=before.received_at,
            replayed=True,
        )

    def _now(self) -> datetime:
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def _draft(self, body: bytes, caller: Caller, now: datetime) -> _Draft:
        service, application = self.catalogue.parse(body)
        municipality = self._routing.municipality(service.ags(application))
        if municipality.administration_key not in caller.tenants:
            raise GatewayError(TENANT_FORBIDDEN)
        today = now.astimezone(BERLIN).date()
        destination = self._routing.route(service.id, municipality, today).destination
        package = self._schemas.for_sending(service.standard, today)
        header = MessageHeader(
            message_id=str(uuid.uuid4()),
            created_at=now,
            author=self._author,
            reader=destination.reader,
            test=self._test,
        )
        message = service.build(application, header, package.version)
        try:
            package.validate(message.content)
        except InvalidMessageError as error:
            raise GatewayError(MESSAGE_INVALID) from error
        return _Draft(
            service=service.id,
            portal_case=application.portal_case,
            subject=service.title_de,
            destination=destination,
            message=message,
        )


def _entries(
    new: NewApplication, message: Message, signature: bytes | None, delivery: NewDelivery, destination: Destination
) -> tuple[Entry, ...]:
    portal = Actor(kind=ActorKind.CLIENT, id=new.portal)
    system = Actor(kind=ActorKind.SYSTEM, id="intake")
    reader = destination.reader.identifier
    ref = {"message": message.id, "delivery": delivery.id}
    sealed = () if signature is None else (("signature", signature),)
    return (
        Entry(
            case=new.id,
            event=Event.APPLICATION_ACCEPTED,
            actor=portal,
            ref={"request": new.correlation_id},
            digests=(("application", new.payload),),
        ),
        Entry(
            case=new.id,
            event=Event.MESSAGE_SIGNED,
            actor=system,
            ref={"message": message.id},
            digests=(("message", message.content), *sealed),
        ),
        Entry(case=new.id, event=Event.DELIVERY_QUEUED, actor=system, peer=reader, ref=ref),
    )
