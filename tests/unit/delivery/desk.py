"""A database with applications waiting for delivery, and an adapter that does what a test tells it, without a wire."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from gateway.model import Finding, Incoming, Message, Outcome, OutcomeKind, Parcel, Party
from gateway.ports import Capabilities
from gateway.store import applications, tables
from gateway.store.applications import NewApplication, NewDelivery
from gateway.store.database import Database
from tests.portal_harness import AUTHOR

DELIVERED = Outcome(kind=OutcomeKind.DELIVERED, code="test.delivered", receipt=b"<receipt/>")
NOT_KNOWN = Outcome(kind=OutcomeKind.UNREACHABLE, code="test.not_known")
UNCLEAR = Outcome(kind=OutcomeKind.UNCLEAR, code="test.timeout")
AWAY = Outcome(kind=OutcomeKind.UNREACHABLE, code="test.away")


@dataclass
class ToldAdapter:
    """An adapter whose methods are given in; ``calls`` remembers what was asked, in order."""

    deliver_with: Callable[[Parcel], Outcome] = lambda parcel: DELIVERED
    reconcile_with: Callable[[Parcel], Outcome] = lambda parcel: NOT_KNOWN
    reserve_with: Callable[[Parcel], str] = lambda parcel: f"id-{parcel.delivery_id}"
    collect_with: Callable[[Callable[[Incoming], None]], int] = lambda keep: 0
    calls: list[str] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(standards=frozenset({"xmeld"}), max_bytes=1000, synchronous=False, reports=frozenset())

    def reserve_id(self, parcel: Parcel) -> str:
        self.calls.append("reserve")
        return self.reserve_with(parcel)

    def deliver(self, parcel: Parcel) -> Outcome:
        self.calls.append("deliver")
        return self.deliver_with(parcel)

    def reconcile(self, parcel: Parcel) -> Outcome:
        self.calls.append("reconcile")
        return self.reconcile_with(parcel)

    def collect(self, keep: Callable[[Incoming], None]) -> int:
        self.calls.append("collect")
        return self.collect_with(keep)

    def check(self) -> tuple[Finding, ...]:
        return ()

    def close(self) -> None:
        self.calls.append("close")


class Clock:
    """A clock that goes on only when it is told."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 23, 10, tzinfo=UTC)
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._now

    def forward(self, **times: float) -> None:
        with self._lock:
            self._now += timedelta(**times)


@dataclass
class Desk:
    """What waits in a database."""

    database: Database
    clock: Clock

    def waiting(self, *, connection: str = "one") -> str:
        """Add an application whose message is due now; return the application's id."""
        now, application_id, message_id = self.clock(), str(uuid.uuid4()), str(uuid.uuid4())
        new = NewApplication(
            id=application_id,
            portal="openrathaus",
            tenant="034540035",
            service="meldebescheinigung",
            portal_case="OR-2026-000123",
            idempotency_key=application_id,
            body_sha256=b"0" * 32,
            correlation_id=str(uuid.uuid4()),
            payload=b"{}",
            received_at=now,
        )
        message = Message(
            id=message_id,
            standard="xmeld",
            version="25.11a",
            type="1700",
            namespace="http://www.osci.de/xmeld2511a",
            root="onlinedienste.abrufanfrage.meldebescheinigung.1700",
            filename="1700.xml",
            created_at=now,
            content=b"<message/>",
        )
        delivery = NewDelivery(
            id=str(uuid.uuid4()),
            destination="meppen",
            connection=connection,
            subject="Meldebescheinigung",
            author=_party(AUTHOR),
            reader=_party(Party(identifier="ags:03454035", name="Meppen", category="x", address=AUTHOR.address)),
            test=True,
            send_signature=True,
            deadline_at=now + timedelta(days=7),
        )
        self.database.write(lambda c: applications.add(c, new, message, None, delivery))
        return application_id

    def delivery(self, application_id: str) -> Row[Any]:
        found = select(tables.delivery).where(tables.delivery.c.application_id == application_id)
        return self.database.read(lambda c: c.execute(found).one())

    def attempts(self, application_id: str) -> list[tuple[str, str | None]]:
        """Return act and code of every attempt; None: it has no end."""
        t = tables.attempt.c
        found = (
            select(t.act, t.code)
            .join(tables.delivery, tables.delivery.c.id == t.delivery_id)
            .where(tables.delivery.c.application_id == application_id)
            .order_by(t.number)
        )
        return self.database.read(lambda c: [(row.act, row.code) for row in c.execute(found)])

    def events(self, case: str) -> list[str]:
        e = tables.event.c
        found = select(e.event).where(e.case_id == case).order_by(e.id)
        return self.database.read(lambda c: list(c.scalars(found)))

    def state(self, application_id: str) -> str:
        found = select(tables.application.c.state).where(tables.application.c.id == application_id)
        return str(self.database.read(lambda c: c.scalar(found)))


def _party(party: Party) -> str:
    return json.dumps(asdict(party), ensure_ascii=False)
