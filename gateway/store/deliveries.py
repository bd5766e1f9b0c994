"""Deliveries and their attempts: claiming what is due, recording each try before and after it happens."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from gateway.model import (
    Attachment,
    Contact,
    DeliveryState,
    Outcome,
    Parcel,
    Party,
    PostalAddress,
)
from gateway.store import tables
from gateway.store.applications import read_message
from gateway.store.database import timestamp

SIGNATURE_NAME = "signatures0.xml"
"""Name of the detached signature beside a message (as in ETSI EN 319 162-1, annex A)."""

_D = tables.delivery.c
_T = tables.attempt.c
_OPEN = (DeliveryState.DUE.value, DeliveryState.UNCLEAR.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A delivery in the hands of one worker. ``attempts`` counts the tries begun so far."""

    id: str
    application_id: str
    correlation_id: str
    connection: str
    state: DeliveryState
    attempts: int
    deadline_at: str
    ask_first: bool
    """True if an earlier try may have reached the destination: reconcile before sending."""
    parcel: Parcel


def claim(
    connection: Connection,
    *,
    owner: str,
    now: datetime,
    lease_until: datetime,
    limit: int,
    busy: tuple[str, ...] = (),
) -> dict[str, str]:
    """Take up to ``limit`` due deliveries that nobody holds (or whose holder's lease ran out).

    Returns their ids with the connections that they go over; none goes over one of the ``busy`` connections.
    """
    at = timestamp(now)
    due = connection.execute(
        select(_D.id, _D.connection)
        .where(
            _D.state.in_(_OPEN),
            _D.next_at <= at,
            or_(_D.owner.is_(None), _D.lease_until < at),
            _D.connection.not_in(busy),
        )
        .order_by(_D.next_at)
        .limit(limit)
    ).all()
    claimed: dict[str, str] = {row.id: row.connection for row in due}
    if claimed:
        connection.execute(
            update(tables.delivery).where(_D.id.in_(claimed)).values(owner=owner, lease_until=timestamp(lease_until))
        )
    return claimed


def renew(connection: Connection, held: tuple[str, ...], *, owner: str, lease_until: datetime) -> None:
    """Lengthen the lease of deliveries that this owner still has in hand."""
    connection.execute(
        update(tables.delivery).where(_D.id.in_(held), _D.owner == owner).values(lease_until=timestamp(lease_until))
    )


def release_all(connection: Connection) -> int:
    """Free every claimed delivery: only for the one process that owns the database, at its start."""
    freed = connection.execute(
        update(tables.delivery).where(_D.owner.is_not(None)).values(owner=None, lease_until=None)
    )
    return int(freed.rowcount)


def load(connection: Connection, delivery_id: str) -> Claimed:
    """Read everything an attempt needs."""
    row = connection.execute(
        select(tables.delivery, tables.application.c.correlation_id)
        .join(tables.application, tables.application.c.id == _D.application_id)
        .where(_D.id == delivery_id)
    ).one()
    tries = connection.execute(
        select(_T.act, _T.ended_at).where(_T.delivery_id == delivery_id).order_by(_T.number)
    ).all()
    cut_off = bool(tries) and tries[-1].ended_at is None
    sent_before = any(one.act == "deliver" for one in tries)
    state = DeliveryState(row.state)
    return Claimed(
        id=row.id,
        application_id=row.application_id,
        correlation_id=row.correlation_id,
        connection=row.connection,
        state=state,
        attempts=row.attempts,
        deadline_at=row.deadline_at,
        ask_first=sent_before and (cut_off or state is DeliveryState.UNCLEAR),
        parcel=_parcel(connection, row, sent_before=sent_before),
    )


def _parcel(connection: Connection, row: Row[Any], *, sent_before: bool) -> Parcel:
    message = connection.execute(select(tables.message).where(tables.message.c.id == row.message_id)).one()
    attachments: tuple[Attachment, ...] = ()
    if row.send_signature and message.signature is not None:
        seal = Attachment(
            filename=SIGNATURE_NAME,
            media_type="text/xml",
            content=message.signature,
            description="Detached XAdES signature",
        )
        attachments = (seal,)
    return Parcel(
        delivery_id=row.id,
        case=row.application_id,
        message=read_message(message),
        attachments=attachments,
        author=read_party(row.author),
        reader=read_party(row.reader),
        subject=row.subject,
        transport_id=row.transport_id,
        sent_before=sent_before,
        test=bool(row.test),
    )


def begin_attempt(connection: Connection, delivery_id: str, *, act: str, transport_id: str | None, at: datetime) -> int:
    """Record a try before it happens (with the transport id fixed for all tries); return its number, from 1."""
    number = (
        int(connection.scalar(select(func.coalesce(func.max(_T.number), 0)).where(_T.delivery_id == delivery_id)) or 0)
        + 1
    )
    connection.execute(
        insert(tables.attempt), {"delivery_id": delivery_id, "number": number, "act": act, "started_at": timestamp(at)}
    )
    connection.execute(
        update(tables.delivery).where(_D.id == delivery_id).values(attempts=number, transport_id=transport_id)
    )
    return number


def end_attempt(connection: Connection, delivery_id: str, number: int, outcome: Outcome, *, at: datetime) -> None:
    """Record how a try ended, with the transport's receipt."""
    connection.execute(
        update(tables.attempt)
        .where(and_(_T.delivery_id == delivery_id, _T.number == number))
        .values(ended_at=timestamp(at), outcome=outcome.kind.value, code=outcome.code, receipt=outcome.receipt)
    )


def settle(connection: Connection, delivery_id: str, *, owner: str, state: DeliveryState, next_at: datetime) -> bool:
    """Give the delivery its next state and let go of it.

    Returns False, and changes nothing, if it is no longer this owner's or was settled meanwhile (a reply that
    arrived during the attempt proves delivery).
    """
    changed = connection.execute(
        update(tables.delivery)
        .where(_D.id == delivery_id, _D.owner == owner, _D.state.in_(_OPEN))
        .values(state=state.value, next_at=timestamp(next_at), owner=None, lease_until=None)
    )
    return changed.rowcount == 1


def proven(connection: Connection, delivery_id: str) -> bool:
    """Mark an open delivery as delivered because an answer to its message arrived; return if it was open."""
    changed = connection.execute(
        update(tables.delivery)
        .where(_D.id == delivery_id, _D.state.in_((*_OPEN, DeliveryState.DEAD.value)))
        .values(state=DeliveryState.DELIVERED.value, owner=None, lease_until=None)
    )
    return changed.rowcount == 1


def next_due(connection: Connection, *, busy: tuple[str, ...] = ()) -> str | None:
    """Return when the next open delivery can be claimed: its own time, or the end of a lease that somebody holds.

    What goes over one of the ``busy`` connections does not count.
    """
    waiting = _D.connection.not_in(busy)
    own = select(func.min(_D.next_at)).where(_D.state.in_(_OPEN), _D.owner.is_(None), waiting)
    held = select(func.min(_D.lease_until)).where(_D.owner.is_not(None), waiting)
    times: list[str | None] = [connection.scalar(own), connection.scalar(held)]
    return min((one for one in times if one is not None), default=None)


def open_count(connection: Connection, application_id: str | None = None) -> int:
    """Count deliveries that are not final, of one application or of all."""
    statement = select(func.count()).select_from(tables.delivery).where(_D.state.in_(_OPEN))
    if application_id is not None:
        statement = statement.where(_D.application_id == application_id)
    return int(connection.scalar(statement) or 0)


def write_party(party: Party) -> str:
    """Return the party as the JSON that a delivery keeps."""
    return json.dumps(asdict(party), ensure_ascii=False, separators=(",", ":"))


def read_party(text: str) -> Party:
    """Make a Party from its JSON."""
    raw = json.loads(text)
    return Party(
        identifier=raw["identifier"],
        name=raw["name"],
        category=raw["category"],
        address=PostalAddress(**raw["address"]),
        contacts=tuple(Contact(**one) for one in raw["contacts"]),
    )
