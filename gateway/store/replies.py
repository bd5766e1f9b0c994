"""What came back: replies, once each, matched to an application or parked for a person, and their documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from gateway.model import Attachment, Document
from gateway.store import tables
from gateway.store.database import moment, timestamp


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The message that a reply answers, with the parties between whom it went."""

    application_id: str
    correlation_id: str
    delivery_id: str
    message_type: str
    author: str
    reader: str
    test: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NewReply:
    """A reply as fetched. ``code`` is ``matched`` or why it is parked; ``application_id`` None means parked.

    ``created_at`` is the time in the reply itself, ``attachments`` is what came beside it.
    """

    id: str
    connection: str
    transport_id: str
    application_id: str | None
    message_id: str | None
    type: str | None
    created_at: datetime | None
    received_at: datetime
    content: bytes
    attachments: tuple[Attachment, ...]
    metadata: bytes
    code: str


def known(connection: Connection, name: str, transport_id: str) -> bool:
    """True if this mailbox has already given us this message (ids compared in lower case)."""
    c = tables.reply.c
    found = select(c.id).where(c.connection == name, c.transport_id == transport_id.lower())
    return connection.execute(found).first() is not None


def content(connection: Connection, application_id: str, message_id: str) -> bytes | None:
    """Return the reply with this nachrichtenUUID (in lower case) that the application already has."""
    c = tables.reply.c
    found = select(c.content).where(c.application_id == application_id, c.message_id == message_id)
    kept: bytes | None = connection.scalar(found)
    return kept


def origin(connection: Connection, message_id: str) -> Origin | None:
    """Return the message of ours with this nachrichtenUUID."""
    m, d, a = tables.message.c, tables.delivery.c, tables.application.c
    row = connection.execute(
        select(m.application_id, a.correlation_id, d.id.label("delivery_id"), m.type, d.author, d.reader, d.test)
        .join(tables.delivery, d.message_id == m.id)
        .join(tables.application, a.id == m.application_id)
        .where(m.id == message_id.lower())
    ).first()
    if row is None:
        return None
    return Origin(
        application_id=row.application_id,
        correlation_id=row.correlation_id,
        delivery_id=row.delivery_id,
        message_type=row.type,
        author=row.author,
        reader=row.reader,
        test=bool(row.test),
    )


def newest(connection: Connection, application_id: str) -> datetime | None:
    """Return when the latest of the replies that the application has was written, by its own account."""
    c = tables.reply.c
    latest = connection.scalar(select(func.max(c.created_at)).where(c.application_id == application_id))
    return None if latest is None else moment(latest)


def add(connection: Connection, new: NewReply, documents: tuple[Document, ...]) -> None:
    """Insert the reply with its attachments, and number its documents on from those that the application has."""
    connection.execute(
        insert(tables.reply),
        {
            "id": new.id,
            "connection": new.connection,
            "transport_id": new.transport_id.lower(),
            "application_id": new.application_id,
            "message_id": new.message_id,
            "type": new.type,
            "created_at": None if new.created_at is None else timestamp(new.created_at),
            "received_at": timestamp(new.received_at),
            "content": new.content,
            "metadata": new.metadata,
            "code": new.code,
        },
    )
    for number, one in enumerate(new.attachments, start=1):
        connection.execute(
            insert(tables.reply_attachment),
            {
                "reply_id": new.id,
                "number": number,
                "filename": one.filename,
                "media_type": one.media_type,
                "content": one.content,
            },
        )
    if not documents:
        return
    c = tables.document.c
    last = connection.scalar(select(func.max(c.number)).where(c.application_id == new.application_id)) or 0
    connection.execute(
        insert(tables.document),
        [
            {
                "application_id": new.application_id,
                "number": last + count,
                "reply_id": new.id,
                "filename": one.filename,
                "media_type": one.media_type,
                "content": one.content,
            }
            for count, one in enumerate(documents, start=1)
        ],
    )
