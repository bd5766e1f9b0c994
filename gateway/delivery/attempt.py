"""One attempt: what is committed before it, what is asked of the adapter, and what is committed after it.

An attempt is recorded before it happens. A worker that dies leaves one without an end, and whoever takes over asks
the destination first. The transport's message id is committed before anything is sent and never changes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.audit.closing import close_if_final
from gateway.audit.events import Event
from gateway.audit.records import Actor, ActorKind, Entry, foreign_id, write
from gateway.delivery.policy import Decision, RetryPolicy, decide
from gateway.errors import TransportError
from gateway.model import ApplicationState, DeliveryState, Outcome, OutcomeKind, Parcel, Reason, Whose
from gateway.ports import Adapter
from gateway.store import applications, deliveries
from gateway.store.database import Database, moment
from gateway.store.deliveries import Claimed

log = structlog.get_logger(room="delivery")

_ATTEMPT_EVENTS = {
    OutcomeKind.DELIVERED: Event.DELIVERY_ATTEMPT_DELIVERED,
    OutcomeKind.REFUSED: Event.DELIVERY_ATTEMPT_REFUSED,
    OutcomeKind.UNREACHABLE: Event.DELIVERY_ATTEMPT_UNREACHABLE,
    OutcomeKind.UNCLEAR: Event.DELIVERY_ATTEMPT_UNCLEAR,
}
_END_EVENTS = {
    ApplicationState.REFUSED: Event.APPLICATION_REFUSED,
    ApplicationState.UNDELIVERABLE: Event.APPLICATION_UNDELIVERABLE,
}
_UNDECIDED = (ApplicationState.ACCEPTED, ApplicationState.DELIVERED)
_GAVE_UP = Reason(
    code="delivery.gave_up",
    de="Die Zustellung ist nicht gelungen oder ließ sich nicht bestätigen; der Betreiber muss eingreifen.",
    en="Delivery did not succeed, or could not be confirmed; the operator has to act.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How attempt ``number`` ended and what follows; ``act`` is ``reserve``, ``deliver`` or ``reconcile``."""

    number: int
    act: str
    outcome: Outcome
    decision: Decision
    at: datetime


class Attempts:
    """Makes attempts for one worker; ``owner`` is the name under which that worker claims deliveries."""

    def __init__(
        self,
        *,
        database: Database,
        adapters: Mapping[str, Adapter],
        policy: RetryPolicy,
        owner: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._policy = policy
        self._owner = owner
        self._actor = Actor(kind=ActorKind.SYSTEM, id=owner)
        self._clock = clock

    def make(self, claimed: Claimed) -> Ended:
        """Attempt a claimed delivery once and commit how that ended."""
        adapter = self._adapters.get(claimed.connection)
        if adapter is None:
            outcome = Outcome(kind=OutcomeKind.UNREACHABLE, code="gateway.no_connection", whose=Whose.OPERATOR)
            return self._finish(claimed, self._begin(claimed, claimed.parcel, "reserve"), "reserve", outcome)
        parcel = claimed.parcel
        if parcel.transport_id is None:
            reserved = self._reserve(adapter, claimed)
            if isinstance(reserved, Outcome):
                return self._finish(claimed, self._begin(claimed, parcel, "reserve"), "reserve", reserved)
            parcel = replace(parcel, transport_id=reserved)
        act = "reconcile" if claimed.ask_first else "deliver"
        number = self._begin(claimed, parcel, act)
        try:
            outcome = adapter.reconcile(parcel) if claimed.ask_first else adapter.deliver(parcel)
        except Exception:  # the message may be out by now: only asking can tell
            log.exception("adapter failed", connection=claimed.connection, delivery=claimed.id)
            outcome = Outcome(kind=OutcomeKind.UNCLEAR, code="gateway.adapter_failed", whose=Whose.GATEWAY)
        return self._finish(claimed, number, act, outcome)

    def _reserve(self, adapter: Adapter, claimed: Claimed) -> str | Outcome:
        """Return the transport's message id, or why there is none: nothing was sent, so nothing is unclear."""
        try:
            return adapter.reserve_id(claimed.parcel)
        except TransportError as error:
            return error.outcome
        except Exception:
            log.exception("adapter failed", connection=claimed.connection, delivery=claimed.id)
            return Outcome(kind=OutcomeKind.UNREACHABLE, code="gateway.adapter_failed", whose=Whose.GATEWAY)

    def _begin(self, claimed: Claimed, parcel: Parcel, act: str) -> int:
        now = self._clock()
        started = self._entry(claimed, Event.DELIVERY_ATTEMPT_STARTED, transport_id=parcel.transport_id)
        entries = [started]
        if parcel.transport_id != claimed.parcel.transport_id:
            entries.insert(0, replace(started, event=Event.DELIVERY_ID_RESERVED))

        def commit(connection: Connection) -> int:
            number = deliveries.begin_attempt(connection, claimed.id, act=act, transport_id=parcel.transport_id, at=now)
            write(connection, entries, at=now)
            return number

        return self._database.write(commit)

    def _finish(self, claimed: Claimed, number: int, act: str, outcome: Outcome) -> Ended:
        now = self._clock()
        decision = decide(
            self._policy,
            attempts=number,
            outcome=outcome,
            ask_first=claimed.ask_first,
            now=now,
            deadline=moment(claimed.deadline_at),
            chance=random.random(),  # noqa: S311 - spreads waits, guards nothing
        )
        ended = Ended(number=number, act=act, outcome=outcome, decision=decision, at=now)
        self._database.write(lambda c: self._commit(c, claimed, ended))
        log.info(
            "attempt ended",
            application=claimed.application_id,
            delivery=claimed.id,
            attempt=number,
            act=act,
            outcome=outcome.kind.value,
            code=outcome.code,
            whose=outcome.whose.value,
            state=decision.state.value,
        )
        return ended

    def _commit(self, connection: Connection, claimed: Claimed, ended: Ended) -> None:
        deliveries.end_attempt(connection, claimed.id, ended.number, ended.outcome, at=ended.at)
        write(connection, [self._result(claimed, ended)], at=ended.at)
        still_ours = deliveries.settle(
            connection,
            claimed.id,
            owner=self._owner,
            state=ended.decision.state,
            next_at=ended.decision.next_at,
        )
        if still_ours:
            self._conclude(connection, claimed, ended)
        # Also where a reply settled it meanwhile: that closed the case, and the result just written opened it again.
        close_if_final(connection, claimed.application_id, at=ended.at)

    def _conclude(self, connection: Connection, claimed: Claimed, ended: Ended) -> None:
        """Let the application follow its delivery."""
        case = claimed.application_id
        if ended.decision.state is DeliveryState.DELIVERED:
            waiting = (ApplicationState.ACCEPTED,)
            applications.set_state(connection, case, ApplicationState.DELIVERED, at=ended.at, only_from=waiting)
        elif ended.decision.state is DeliveryState.REFUSED:
            self._end(connection, claimed, ApplicationState.REFUSED, ended.outcome.reasons, ended.at)
        elif ended.decision.state is DeliveryState.DEAD:
            write(connection, [self._entry(claimed, Event.DELIVERY_GAVEUP)], at=ended.at)
            self._end(connection, claimed, ApplicationState.UNDELIVERABLE, (_GAVE_UP,), ended.at)

    def _end(
        self,
        connection: Connection,
        claimed: Claimed,
        state: ApplicationState,
        reasons: tuple[Reason, ...],
        at: datetime,
    ) -> None:
        case = claimed.application_id
        if applications.set_state(connection, case, state, at=at, reasons=reasons, only_from=_UNDECIDED):
            write(connection, [self._entry(claimed, _END_EVENTS[state])], at=at)

    def _entry(self, claimed: Claimed, event: Event, *, transport_id: str | None = None) -> Entry:
        known_as = transport_id or claimed.parcel.transport_id
        ref = {"delivery": claimed.id}
        if known_as is not None:
            ref["transport"] = foreign_id(known_as)
        return Entry(
            case=claimed.application_id,
            event=event,
            actor=self._actor,
            peer=claimed.parcel.reader.identifier,
            ref=ref,
        )

    def _result(self, claimed: Claimed, ended: Ended) -> Entry:
        entry = self._entry(claimed, _ATTEMPT_EVENTS[ended.outcome.kind])
        if ended.outcome.receipt is not None:
            entry = replace(entry, digests=((f"receipt-{ended.number}", ended.outcome.receipt),))
        if ended.outcome.kind is OutcomeKind.DELIVERED:
            return entry
        return replace(entry, err_code=ended.outcome.code, err_class=ended.outcome.kind.value)
