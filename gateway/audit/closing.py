"""Ends a case in the log: the sequencer gives its last record the count of all so far.

A case may go on after it, so the count shows a record missing before the closing, never one cut off behind it: that
is what the signed statement of an exported case is for.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from gateway.audit.events import Event
from gateway.audit.records import Entry, write
from gateway.model import ApplicationState
from gateway.store.deliveries import open_count
from gateway.store.tables import application

_FINAL = (
    ApplicationState.ANSWERED.value,
    ApplicationState.SENT_BY_POST.value,
    ApplicationState.REFUSED.value,
    ApplicationState.UNDELIVERABLE.value,
)


def close_if_final(connection: Connection, case: str, *, at: datetime) -> bool:
    """Write ``case:closed`` if the application is final and no delivery of it is open; return if it was written.

    A later reply to a closed case is recorded as any other and closes the case again with the new count.
    """
    state = connection.scalar(select(application.c.state).where(application.c.id == case))
    if state not in _FINAL or open_count(connection, case):
        return False
    write(connection, [Entry(case=case, event=Event.CASE_CLOSED)], at=at)
    return True
