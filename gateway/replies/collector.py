"""What comes back: fetched from our mailboxes, checked, matched to its application, kept, and only then confirmed.

A reply that cannot be read or fits no application is kept and parked for a person; it never blocks the mailbox. A
message that was offered twice is taken once, be it under the same transport id or under another one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.audit.closing import close_if_final
from gateway.audit.events import Event
from gateway.audit.records import LOG_CASE, Actor, ActorKind, Entry, foreign_id, write
from gateway.errors import InvalidMessageError, TransportError
from gateway.loop import Loop
from gateway.model import Answer, ApplicationState, Incoming
from gateway.ports import Adapter
from gateway.schemas import Schemas
from gateway.standards import read_answer
from gateway.store import applications, deliveries, replies
from gateway.store.database import Database
from gateway.store.replies import NewReply, Origin

log = structlog.get_logger(room="replies")

_BERLIN = ZoneInfo("Europe/Berlin")
_ACTOR = Actor(kind=ActorKind.SYSTEM, id="replies")
_EVENTS = {
    ApplicationState.ANSWERED: Event.APPLICATION_ANSWERED,
    ApplicationState.REFUSED: Event.APPLICATION_REFUSED,
    ApplicationState.SENT_BY_POST: Event.APPLICATION_SENT_BY_POST,
    ApplicationState.WAITING_FOR_CITIZEN: Event.APPLICATION_WAITING_FOR_CITIZEN,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fetched:
    """A message from the mailbox of ``connection``, and what it says if it could be read."""

    id: str
    connection: str
    incoming: Incoming
    answer: Answer | None
    at: datetime


class Collector:
    """Empties the mailboxes of all adapters, each on a thread of its own, every ``every`` seconds or when poked."""

    def __init__(
        self,
        *,
        database: Database,
        adapters: Mapping[str, Adapter],
        schemas: Schemas,
        every: float = 60.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._schemas = schemas
        self._every = every
        self._clock = clock
        self._away: set[str] = set()
        self._loops = tuple(Loop(f"replies-{name}", partial(self._step, name)) for name in adapters)

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def poke(self) -> None:
        """Say that something may wait in a mailbox now."""
        for loop in self._loops:
            loop.poke()

    def stop(self) -> None:
        """Finish the mailboxes in hand, then end."""
        for loop in self._loops:
            loop.stop()

    def run_once(self) -> int:
        """Empty every mailbox once; return how many messages were offered. One mailbox's trouble stays its own."""
        return sum(self._empty(name, adapter) for name, adapter in self._adapters.items())

    def _step(self, name: str) -> float:
        self._empty(name, self._adapters[name])
        return self._every

    def _empty(self, name: str, adapter: Adapter) -> int:
        """Empty one mailbox. That it is away is said once, and once that it is back."""
        try:
            count = adapter.collect(lambda incoming: self.keep(name, incoming))
        except TransportError as error:
            if name not in self._away:
                log.warning("mailbox away", connection=name, code=error.outcome.code)
                self._away.add(name)
            return 0
        except Exception:  # the other mailboxes must still be emptied
            log.exception("collecting failed", connection=name)
            return 0
        if name in self._away:
            log.info("mailbox back", connection=name)
            self._away.discard(name)
        return count

    def keep(self, connection: str, incoming: Incoming) -> None:
        """Make one fetched message durable, matched or parked; returns when it is committed."""
        fetched = _Fetched(
            id=str(uuid.uuid4()),
            connection=connection,
            incoming=incoming,
            answer=self._read(incoming),
            at=self._clock(),
        )
        code, origin = self._database.write(lambda c: self._commit(c, fetched))
        tell = log.info if code in {"matched", "duplicate"} else log.warning
        about = (
            {} if origin is None else {"application": origin.application_id, "correlation_id": origin.correlation_id}
        )
        tell("reply kept", connection=connection, code=code, **about)

    def _read(self, incoming: Incoming) -> Answer | None:
        """Return what the message says, or None if it is not valid in a standard that we read."""
        try:
            package = self._schemas.for_reading(incoming.content, self._clock().astimezone(_BERLIN).date())
            package.validate(incoming.content)
            return read_answer(incoming.content)
        except InvalidMessageError as error:
            log.warning("reply not valid", codes=[one.rule for one in error.violations])
        except Exception:  # whatever is wrong with one message, those behind it must get through
            log.exception("reply not readable")
        return None

    def _commit(self, connection: Connection, fetched: _Fetched) -> tuple[str, Origin | None]:
        """Store what was fetched; return its code and, if it matched, the message that it answers."""
        if replies.known(connection, fetched.connection, fetched.incoming.transport_id):
            return "duplicate", None
        answer = fetched.answer
        origin = None if answer is None else replies.origin(connection, answer.origin_id)
        code = _fit(answer, origin, fetched.incoming.author)
        if answer is not None and origin is not None and code == "matched":
            earlier = replies.content(connection, origin.application_id, answer.message_id)
            if earlier == fetched.incoming.content:
                return "duplicate", None
            code = "matched" if earlier is None else "id_reused"
        if code != "matched" or origin is None or answer is None:
            replies.add(connection, _row(fetched, code, None), ())
            write(connection, [_entry(fetched, LOG_CASE, Event.REPLY_PARKED, err_code=f"reply.{code}")], at=fetched.at)
            return code, None
        self._take(connection, fetched, answer, origin)
        return code, origin

    @staticmethod
    def _take(connection: Connection, fetched: _Fetched, answer: Answer, origin: Origin) -> None:
        """Let an answer change its application, unless a later one already has: mailboxes promise no order."""
        case = origin.application_id
        newest = replies.newest(connection, case)
        replies.add(connection, _row(fetched, "matched", case), answer.documents)
        deliveries.proven(connection, origin.delivery_id)
        entries = [_entry(fetched, case, Event.REPLY_RECEIVED, peer=answer.author)]
        if newest is None or answer.created_at >= newest:
            applications.set_state(connection, case, answer.state, at=fetched.at, reasons=answer.reasons)
            entries.append(Entry(case=case, event=_EVENTS[answer.state], actor=_ACTOR, peer=answer.author))
        write(connection, entries, at=fetched.at)
        close_if_final(connection, case, at=fetched.at)


def _fit(answer: Answer | None, origin: Origin | None, sender: str) -> str:
    """Return ``matched``, or why the answer fits no application of ours.

    ``sender`` is who the transport says has sent it: the message alone could name anybody.
    """
    if answer is None:
        return "invalid"
    if origin is None:
        return "unknown_origin"
    asked, asker = deliveries.read_party(origin.reader), deliveries.read_party(origin.author)
    faults = {
        "wrong_type": answer.origin_type != origin.message_type,
        "wrong_party": answer.author != asked.identifier or answer.reader != asker.identifier,
        "wrong_sender": sender not in ("", answer.author),
        "test_answer": answer.test and not origin.test,
    }
    return next((code for code, found in faults.items() if found), "matched")


def _row(fetched: _Fetched, code: str, case: str | None) -> NewReply:
    return NewReply(
        id=fetched.id,
        connection=fetched.connection,
        transport_id=fetched.incoming.transport_id,
        application_id=case,
        message_id=None if fetched.answer is None else fetched.answer.message_id,
        type=None if fetched.answer is None else fetched.answer.message_type,
        created_at=None if fetched.answer is None else fetched.answer.created_at,
        received_at=fetched.at,
        content=fetched.incoming.content,
        attachments=fetched.incoming.attachments,
        metadata=fetched.incoming.metadata,
        code=code,
    )


def _entry(fetched: _Fetched, case: str, event: Event, *, peer: str = "", err_code: str = "") -> Entry:
    """``peer`` is the authority that was asked; what a stranger calls itself does not get into the log."""
    name = f"reply-{fetched.id}"
    beside = ((f"{name}-{n}", one.content) for n, one in enumerate(fetched.incoming.attachments, start=1))
    ref = {"transport": foreign_id(fetched.incoming.transport_id)}
    if fetched.answer is not None:
        ref["message"] = foreign_id(fetched.answer.message_id)
    return Entry(
        case=case,
        event=event,
        actor=_ACTOR,
        peer=peer,
        ref=ref,
        digests=((name, fetched.incoming.content), *beside),
        err_code=err_code,
    )
