"""What waits in the store, for the figures of a scrape: only rows that an index of open rows finds."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from gateway.metrics import Backlog
from gateway.model import DeliveryState
from gateway.store import tables
from gateway.store.database import moment

_D = tables.delivery.c
_OPEN = (DeliveryState.DUE.value, DeliveryState.UNCLEAR.value)
_OPEN_ROWS = (
    select(_D.state, func.count(), func.min(_D.next_at), func.min(_D.created_at))
    .where(_D.state.in_(_OPEN))
    .group_by(_D.state)
)
_DEAD_ROWS = select(func.count()).where(_D.state == DeliveryState.DEAD.value)
_PARKED = select(func.count()).where(tables.reply.c.application_id.is_(None))
_UNSEQUENCED = select(func.count()).where(tables.event.c.seq.is_(None))


def read_backlog(connection: Connection, now: datetime | None = None) -> Backlog:
    """Count what is open, what needs a person, and what the audit log has not covered yet."""
    at = now or datetime.now(UTC)
    rows = connection.execute(_OPEN_ROWS).all()
    counts = dict.fromkeys(_OPEN, 0) | {row[0]: row[1] for row in rows}
    counts[DeliveryState.DEAD.value] = connection.scalar(_DEAD_ROWS) or 0
    return Backlog(
        deliveries=counts,
        overdue=max((_age(at, row[2]) for row in rows), default=0.0),
        oldest_open=max((_age(at, row[3]) for row in rows), default=0.0),
        unsequenced=connection.scalar(_UNSEQUENCED) or 0,
        parked=connection.scalar(_PARKED) or 0,
    )


def _age(now: datetime, text: str) -> float:
    return max(0.0, (now - moment(text)).total_seconds())
