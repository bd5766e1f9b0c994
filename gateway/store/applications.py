"""Applications with their message: what intake writes in its one commit, and what a portal may read of its own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select, update

from gateway.model import ApplicationState, DeliveryState, Document, Message, Reason
from gateway.store import tables
from gateway.store.database import moment, timestamp
from gateway.store.insertion import insert_row


@dataclass(frozen=True, kw_only=True, slots=True)
class NewApplication:
    """An application as intake accepted it; ``payload`` are the portal's bytes, unchanged."""

    id: str
    portal: str
    tenant: str
    service: str
    portal_case: str
    idempotency_key: str
    body_sha256: bytes
    correlation_id: str
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDelivery:
    """The delivery of the message; ``author`` and ``reader`` are JSON of :class:`gateway.model.Party`."""

    id: str
    destination: str
    connection: str
    subject: str
    author: str
    reader: str
    test: bool
    send_signature: bool
    deadline_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What an idempotency key has already been used for."""

    application_id: str
    service: str
    body_sha256: bytes
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEntry:
    """One event of an application; ``code`` is the stable error code where there was one, else empty."""

    at: datetime
    event: str
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentInfo:
    """A document that came back; ``size`` in bytes."""

    number: int
    filename: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationView:
    """What a portal sees of an application of its own."""

    id: str
    service: str
    portal_case: str
    state: ApplicationState
    reasons: tuple[Reason, ...]
    received_at: datetime
    updated_at: datetime
    message_id: str
    message_type: str
    history: tuple[HistoryEntry, ...]
    documents: tuple[DocumentInfo, ...]


_A = tables.application.c
_BY_KEY = select(_A.id, _A.service, _A.body_sha256, _A.received_at).where(
    _A.portal == bindparam("portal"), _A.idempotency_key == bindparam("key")
)


def add(
    connection: Connection,
    new: NewApplication,
    message: Message,
    signature: bytes | None,
    delivery: NewDelivery,
) -> None:
    """Insert application, message and delivery. Raises IntegrityError if (portal, idempotency key) is taken."""
    now = timestamp(new.received_at)
    insert_row(
        connection,
        tables.application,
        {
            "id": new.id,
            "portal": new.portal,
            "tenant": new.tenant,
            "service": new.service,
            "portal_case": new.portal_case,
            "idempotency_key": new.idempotency_key,
            "body_sha256": new.body_sha256,
            "correlation_id": new.correlation_id,
            "state": ApplicationState.ACCEPTED.value,
            "payload": new.payload,
            "received_at": now,
            "updated_at": now,
        },
    )
    insert_row(
        connection,
        tables.message,
        {
            "id": message.id,
            "application_id": new.id,
            "standard": message.standard,
            "version": message.version,
            "type": message.type,
            "namespace": message.namespace,
            "root": message.root,
            "filename": message.filename,
            "created_at": timestamp(message.created_at),
            "content": message.content,
            "signature": signature,
        },
    )
    insert_row(
        connection,
        tables.delivery,
        {
            "id": delivery.id,
            "application_id": new.id,
            "message_id": message.id,
            "destination": delivery.destination,
            "connection": delivery.connection,
            "subject": delivery.subject,
            "author": delivery.author,
            "reader": delivery.reader,
            "test": int(delivery.test),
            "send_signature": int(delivery.send_signature),
            "state": DeliveryState.DUE.value,
            "created_at": now,
            "next_at": now,
            "deadline_at": timestamp(delivery.deadline_at),
        },
    )


def earlier(connection: Connection, portal: str, key: str) -> Earlier | None:
    """Return the application that this portal handed in under this idempotency key."""
    row = connection.execute(_BY_KEY, {"portal": portal, "key": key}).one_or_none()
    if row is None:
        return None
    return Earlier(
        application_id=row.id,
        service=row.service,
        body_sha256=row.body_sha256,
        received_at=moment(row.received_at),
    )


def set_state(
    connection: Connection,
    application_id: str,
    state: ApplicationState,
    *,
    at: datetime,
    reasons: tuple[Reason, ...] = (),
    only_from: tuple[ApplicationState, ...] | None = None,
) -> bool:
    """Set the state and its reasons; with ``only_from`` only if the state is one of these. Returns if it was set."""
    statement = update(tables.application).where(_A.id == application_id)
    if only_from is not None:
        statement = statement.where(_A.state.in_([one.value for one in only_from]))
    words = json.dumps([asdict(reason) for reason in reasons], ensure_ascii=False)
    result = connection.execute(statement.values(state=state.value, reasons=words, updated_at=timestamp(at)))
    return result.rowcount == 1


def _own(application_id: str, portal: str, tenants: frozenset[str]) -> ColumnElement[bool]:
    return (_A.id == application_id) & (_A.portal == portal) & _A.tenant.in_(sorted(tenants))


def view(
    connection: Connection, application_id: str, *, portal: str, tenants: frozenset[str]
) -> ApplicationView | None:
    """Return the portal's own application, or None: another portal's or tenant's looks like one that does not exist."""
    m, e, d = tables.message.c, tables.event.c, tables.document.c
    head = connection.execute(
        select(tables.application, m.id.label("message_id"), m.type.label("message_type"))
        .join(tables.message, m.application_id == _A.id)
        .where(_own(application_id, portal, tenants))
    ).first()
    if head is None:
        return None
    events = connection.execute(select(e.at, e.event, e.err).where(e.case_id == application_id).order_by(e.id))
    documents = connection.execute(
        select(d.number, d.filename, d.media_type, func.length(d.content).label("size"))
        .where(d.application_id == application_id)
        .order_by(d.number)
    )
    return ApplicationView(
        id=head.id,
        service=head.service,
        portal_case=head.portal_case,
        state=ApplicationState(head.state),
        reasons=tuple(Reason(**one) for one in json.loads(head.reasons)),
        received_at=moment(head.received_at),
        updated_at=moment(head.updated_at),
        message_id=head.message_id,
        message_type=head.message_type,
        history=tuple(
            HistoryEntry(at=moment(row.at), event=row.event, code=json.loads(row.err).get("code", "")) for row in events
        ),
        documents=tuple(
            DocumentInfo(number=row.number, filename=row.filename, media_type=row.media_type, size=row.size)
            for row in documents
        ),
    )


def message_content(
    connection: Connection, application_id: str, *, portal: str, tenants: frozenset[str]
) -> Message | None:
    """Return the message of the portal's own application, its bytes exactly as sent."""
    m = tables.message.c
    row = connection.execute(
        select(tables.message)
        .join(tables.application, m.application_id == _A.id)
        .where(_own(application_id, portal, tenants))
    ).first()
    return None if row is None else read_message(row)


def document(
    connection: Connection, application_id: str, number: int, *, portal: str, tenants: frozenset[str]
) -> Document | None:
    """Return one document (numbers start at 1) of the portal's own application."""
    d = tables.document.c
    row = connection.execute(
        select(d.filename, d.media_type, d.content)
        .join(tables.application, d.application_id == _A.id)
        .where(_own(application_id, portal, tenants), d.number == number)
    ).first()
    return None if row is None else Document(filename=row.filename, media_type=row.media_type, content=row.content)


def read_message(row: Row[Any]) -> Message:
    """Make the record from a row that has the message table's columns."""
    return Message(
        id=row.id,
        standard=row.standard,
        version=row.version,
        type=row.type,
        namespace=row.namespace,
        root=row.root,
        filename=row.filename,
        created_at=moment(row.created_at),
        content=row.content,
    )
