"""The tables. One schema for SQLite and PostgreSQL; times are UTC text ``2026-05-01T10:00:00.123Z`` and sort as such.

A delivery (business state, next attempt) and its attempts (one row a try) are two tables, both found by what is due.
The audit tables are append-only: ``event`` is written in the transaction of what it records; the sequencer later
gives it its place (``seq``) and fixes the bytes in ``audit_record``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

VERSION = 1
"""Of the tables; a database of another version is not opened."""

_ID = String(36)
_TIME = String(24)
_SERIAL = BigInteger().with_variant(Integer(), "sqlite")

application = Table(
    "application",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("portal", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("portal_case", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("body_sha256", LargeBinary(32), nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reasons", Text, nullable=False, server_default="[]"),  # JSON, our own words only
    Column("payload", LargeBinary, nullable=False),  # the portal's JSON as it came
    Column("received_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    UniqueConstraint("portal", "idempotency_key"),
)

message = Table(
    "message",
    metadata,
    Column("id", _ID, primary_key=True),  # nachrichtenUUID
    Column("application_id", _ID, ForeignKey("application.id"), nullable=False, index=True),
    Column("standard", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("content", LargeBinary, nullable=False),  # the bytes as validated, signed and sent
    Column("signature", LargeBinary),  # detached XAdES over content; NULL only with the null signer
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("application_id", _ID, ForeignKey("application.id"), nullable=False, index=True),
    Column("message_id", _ID, ForeignKey("message.id"), nullable=False, index=True),
    Column("destination", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("author", Text, nullable=False),  # JSON of model.Party
    Column("reader", Text, nullable=False),  # JSON of model.Party
    Column("test", Integer, nullable=False),
    Column("send_signature", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("transport_id", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", _TIME, nullable=False),
    Column("next_at", _TIME, nullable=False),
    Column("deadline_at", _TIME, nullable=False),
    Column("owner", Text),
    Column("lease_until", _TIME),
    Index("ix_delivery_due", "next_at", sqlite_where=text("state IN ('due', 'unclear')")),
    Index("ix_delivery_dead", "id", sqlite_where=text("state = 'dead'")),
    Index("ix_delivery_held", "lease_until", sqlite_where=text("owner IS NOT NULL")),
)

attempt = Table(
    "attempt",
    metadata,
    Column("delivery_id", _ID, ForeignKey("delivery.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("act", Text, nullable=False),  # deliver | reconcile
    Column("started_at", _TIME, nullable=False),
    Column("ended_at", _TIME),  # NULL: the worker died, or is still at it
    Column("outcome", Text),
    Column("code", Text),
    Column("receipt", LargeBinary),
)

reply = Table(
    "reply",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("transport_id", Text, nullable=False),  # lower case
    Column("application_id", _ID, ForeignKey("application.id"), index=True),  # NULL: parked
    Column("message_id", Text),
    Column("type", Text),
    Column("created_at", _TIME),  # as the reply itself says
    Column("received_at", _TIME, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("metadata", LargeBinary, nullable=False),
    Column("code", Text, nullable=False),  # matched, or why it is parked
    UniqueConstraint("connection", "transport_id"),
)

reply_attachment = Table(
    "reply_attachment",
    metadata,
    Column("reply_id", _ID, ForeignKey("reply.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("filename", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("application_id", _ID, ForeignKey("application.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1, as in the URL
    Column("reply_id", _ID, ForeignKey("reply.id"), nullable=False),
    Column("filename", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    Column("case_id", _ID, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),  # "<kind>:<id>"
    Column("peer", Text, nullable=False, server_default=""),
    Column("ref", Text, nullable=False, server_default="{}"),  # JSON object of message ids
    Column("dig", Text, nullable=False, server_default="[]"),  # JSON array of {"n": name, "d": salted digest}
    Column("err", Text, nullable=False, server_default="{}"),  # JSON object, codes only
    Column("seq", _SERIAL),
    Index("ix_event_case_id", "case_id"),
    Index("ix_event_unsequenced", "id", sqlite_where=text("seq IS NULL")),
)

audit_salt = Table(
    "audit_salt",
    metadata,
    Column("case_id", _ID, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("salt", LargeBinary(32), nullable=False, unique=True),
    sqlite_with_rowid=False,  # small rows, found by their key only
)

audit_record = Table(
    "audit_record",
    metadata,
    Column("seq", _SERIAL, primary_key=True, autoincrement=False),
    Column("at", _TIME, nullable=False),
    Column("case_id", _ID, nullable=False),
    Column("cseq", Integer, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
    UniqueConstraint("case_id", "cseq"),
)

audit_node = Table(
    "audit_node",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("number", _SERIAL, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("size", _SERIAL, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("at", _TIME, nullable=False),
    Column("note", Text, nullable=False),  # the signed note, complete
)
